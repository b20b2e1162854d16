import type { TlsOptions } from "../ingest/transport.ts";
import type { CertificateArguments, TlsArguments } from "./tls_arguments.ts";
import { InputError } from "../errors.ts";
import { checkBearer } from "../ingest/bearer.ts";
import { readWhole } from "../source/text_input.ts";

async function readText(path: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readWhole(path, { signal })).trim();
}

/** Says of which file it speaks. */
function checkFile(path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new InputError((error as Error).message, path, { cause: error });
  }
}

/** Certificates and keys are rare, and what reads them takes a while to load. */
async function checkPemFile(path: string, tls: TlsOptions): Promise<void> {
  const { checkTls } = await import("../ingest/tls.ts");
  checkFile(path, () => checkTls(tls));
}

/**
 * The bearer token: that of the file if there is one, else the one that is there already.
 *
 * @throws {InputError} If the file cannot be read, or has no token in it.
 */
export async function readBearer(
  { bearerFile, bearer }: { readonly bearerFile?: string; readonly bearer?: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (bearerFile === undefined) return bearer;
  const token = await readText(bearerFile, signal);
  checkFile(bearerFile, () => checkBearer(token));
  return token;
}

/** What a server shows for itself. @throws {InputError} If a file cannot be read, or is not what it is given for. */
export async function readCertificateFiles(
  files: CertificateArguments,
  signal: AbortSignal,
): Promise<{ readonly cert: string; readonly key: string }> {
  const cert = await readText(files.cert, signal);
  await checkPemFile(files.cert, { cert });
  const key = await readText(files.key, signal);
  await checkPemFile(files.key, { cert, key });
  return { cert, key };
}

/**
 * What TLS is set up with; nothing where nothing was asked for.
 *
 * @throws {InputError} If a file cannot be read, or is not what it is given for.
 */
export async function readTlsFiles(
  { cert, key, cacert, insecure }: TlsArguments,
  signal: AbortSignal,
): Promise<TlsOptions | undefined> {
  if (!insecure && cert === undefined && cacert === undefined) return undefined;
  const ca = cacert === undefined ? undefined : await readText(cacert, signal);
  if (cacert !== undefined) await checkPemFile(cacert, { ca });
  const own = cert !== undefined && key !== undefined
    ? await readCertificateFiles({ cert, key }, signal)
    : {};
  return { ...own, ...(ca !== undefined && { ca }), insecure };
}
