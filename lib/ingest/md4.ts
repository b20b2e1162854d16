// @ts-ignore -- it comes without types, and what Deno infers of them is wrong
import library from "js-md4";

interface Md4Hash {
  update(bytes: Uint8Array): Md4Hash;
  arrayBuffer(): ArrayBuffer;
}

/** MD4 (RFC 1320), which OpenSSL 3 has no more and NTLM is built on. */
export function md4(bytes: Uint8Array): Uint8Array {
  // Its other ways in ask the crypto module of Node, in vain.
  const { create } = library as unknown as { create(): Md4Hash };
  return new Uint8Array(create().update(bytes).arrayBuffer());
}
