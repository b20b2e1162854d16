import type { TransportAnswer } from "./transport.ts";

/** Who pushes. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** How credentials are given: as the point asks for them, or as Basic from the first request on. */
export type AuthScheme = "auto" | "basic" | "digest" | "ntlm";

/** Options for {@linkcode Authorization}. */
export interface AuthorizationOptions {
  credentials?: Credentials | undefined;
  /** @default {"auto"} */
  scheme?: AuthScheme | undefined;
}

/**
 * What goes into the `Authorization` header of the requests of one stream. With `auto` the first request goes without, and
 * what the point then asks for is given.
 */
export class Authorization {
  #credentials: Credentials | undefined;
  #isWanted: boolean;

  constructor({ credentials, scheme = "auto" }: AuthorizationOptions = {}) {
    this.#credentials = credentials;
    this.#isWanted = scheme === "basic";
  }

  /** The value of the header for the next request, if it is to have one. */
  header(_method: string, _url: string): string | undefined {
    return this.#isWanted && this.#credentials ? basic(this.#credentials) : undefined;
  }

  /**
   * Looks at a 401.
   *
   * @returns Whether it asks for something that can be given and was not: the request is then made again.
   */
  meet(answer: TransportAnswer, _url: string): boolean {
    if (answer.status !== 401 || !this.#credentials || this.#isWanted) return false;
    if (!/(^|[\s,])basic(\s|,|$)/i.test(answer.header("www-authenticate") ?? "")) return false;
    this.#isWanted = true;
    return true;
  }

  /** From now on the credentials go along, also if nobody asked: a long request cannot be asked half-way. */
  offer(): void {
    this.#isWanted = this.#credentials !== undefined;
  }

  /** The stream goes to another origin from now on: nothing is given to it. */
  forget(): void {
    this.#credentials = undefined;
  }
}

/** Basic credentials in UTF-8 (RFC 7617). */
function basic({ user, password }: Credentials): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
