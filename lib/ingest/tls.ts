import type { TlsOptions } from "./transport.ts";
import { createPrivateKey, X509Certificate } from "node:crypto";

/** Where one certificate of several begins. */
const BEGIN = /(?=-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----)/;

/**
 * Looks at what TLS is to be set up with. Without this a connection would fail with it again and again; and Deno takes
 * any text for a certificate.
 *
 * @throws {RangeError} If a certificate or the key is none, or they do not belong together.
 */
export function checkTls({ cert, key, ca }: Omit<TlsOptions, "insecure">): void {
  if (ca !== undefined) readCertificates("the certificates to trust", ca);
  const certificate = cert === undefined ? undefined : readCertificates("the certificate", cert)[0];
  if (key === undefined) return;
  const privateKey = attempt("the key", () => createPrivateKey(key));
  if (certificate && !certificate.checkPrivateKey(privateKey)) {
    throw new RangeError("Cannot use the key as it must be that of the certificate");
  }
}

function readCertificates(what: string, pem: string): X509Certificate[] {
  return attempt(what, () => {
    const parts = pem.split(BEGIN).filter((part) => part.startsWith("-----BEGIN"));
    return (parts.length > 0 ? parts : [pem]).map((part) => new X509Certificate(part));
  });
}

function attempt<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`Cannot use ${what} as it must be readable as PEM: ${reason}`, { cause });
  }
}
