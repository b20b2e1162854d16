import type { CommandLine } from "./given_arguments.ts";
import { toPath } from "./inputs.ts";
import { readLast } from "./shared_arguments.ts";
import { UsageError } from "./usage_error.ts";

/** Paths of a certificate and its private key. */
export interface CertificateArguments {
  readonly cert: string;
  readonly key: string;
}

/** Paths of the certificates for TLS. */
export interface TlsArguments extends Partial<CertificateArguments> {
  readonly cacert?: string;
  readonly insecure: boolean;
}

/** Reads the path of a certificate and that of its key. @throws {UsageError} If one goes without the other. */
export function readCertificate(
  { options, context }: CommandLine,
): CertificateArguments | undefined {
  const path = (name: "cert" | "key") =>
    readLast(options, name, ({ value }) => toPath(value!, context));
  const [cert, key] = [path("cert"), path("key")];
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  const [there, missing] = cert === undefined ? ["--key", "--cert"] : ["--cert", "--key"];
  throw new UsageError(`Cannot use ${there} as ${missing} is missing: write ${missing}=<file>`);
}

/** Reads the paths of the certificates. @throws {UsageError} If one goes without the other. */
export function readTlsArguments(given: CommandLine): TlsArguments {
  const { options, context } = given;
  return {
    ...readCertificate(given),
    cacert: readLast(options, "cacert", ({ value }) => toPath(value!, context)),
    insecure: options.has("insecure"),
  };
}
