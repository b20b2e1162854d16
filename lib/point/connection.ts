/** Where a request comes from, in the form in which `Deno.serve` hands it to its handler. */
export interface ConnectionInfo {
  readonly remoteAddr?: {
    readonly transport?: string;
    /** IP address of the sender. */
    readonly hostname?: string;
    readonly port?: number;
  };
}

/** An IPv4 address as a socket for both kinds has it (RFC 4291 2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** IP address of the sender, from what a server hands over beside a request; none if that is something else. */
export function remoteAddressOf(connection: object | undefined): string | undefined {
  const { remoteAddr } = (connection ?? {}) as { readonly remoteAddr?: unknown };
  if (typeof remoteAddr !== "object" || remoteAddr === null) return undefined;
  const { hostname } = remoteAddr as { readonly hostname?: unknown };
  return typeof hostname === "string" ? hostname.replace(MAPPED, "") : undefined;
}
