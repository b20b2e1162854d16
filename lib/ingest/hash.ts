import { createHash, createHmac } from "node:crypto";

/** Hashes that HTTP authentication is made of. */
export type HashName = "md5" | "sha256";

/** Hash of a text in UTF-8, as hex digits in lower case. */
export function hexHash(name: HashName, text: string): string {
  return createHash(name).update(text, "utf8").digest("hex");
}

/** HMAC-MD5 (RFC 2104) of pieces that follow one another. */
export function hmacMd5(key: Uint8Array, ...pieces: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac("md5", key);
  for (const piece of pieces) hmac.update(piece);
  return new Uint8Array(hmac.digest());
}
