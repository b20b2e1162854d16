import type { Digest } from "./digest.ts";
import type { Ntlm } from "./ntlm.ts";
import type { TransportAnswer } from "./transport.ts";
import { toBase64 } from "./base64.ts";
import { checkBearer } from "./bearer.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";

/** Who pushes. */
export interface Credentials {
  /** For Windows Authentication also `DOMAIN\user` and `user@domain`. */
  readonly user: string;
  readonly password: string;
}

/** A login as options have it. */
export interface Login {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly bearer?: string | undefined;
}

/** What an {@linkcode Authorization} takes of options that have it apart: a token is for whom no user is named. */
export function loginOf(
  { user, password = "", bearer }: Login,
): Pick<AuthorizationOptions, "credentials" | "bearer"> {
  return user === undefined ? { bearer } : { credentials: { user, password } };
}

/**
 * How credentials are given: as the point asks for them, as Basic from the first request on, or only to a point that
 * asks for Digest or NTLM (Negotiate counts as NTLM).
 */
export type AuthScheme = "auto" | "basic" | "digest" | "ntlm";

/** Options for {@linkcode Authorization}. */
export interface AuthorizationOptions {
  credentials?: Credentials | undefined;
  /** A token that goes along from the first request on, in place of credentials (RFC 6750). */
  bearer?: string | undefined;
  /** @default {"auto"} */
  scheme?: AuthScheme | undefined;
  /** Is told once when a secret goes out unencrypted, and when credentials cannot be given as they are. */
  onWarning?: ((message: string) => void) | undefined;
}

type StrongSchemes = typeof import("./strong_schemes.ts");

/** Schemes that keep the password to themselves. */
const STRONG = ["digest", "ntlm", "negotiate"];

/**
 * What goes into the `Authorization` header of the requests of one stream, or of those that create a publishing point.
 *
 * With `auto` the first request goes without, and a challenge is met with the strongest scheme of it: Digest with SHA-256,
 * Digest with MD5, NTLM, Basic. Digest comes before NTLM, as curl has it: it holds for every connection and proves
 * the method and the URL of each request, while NTLM trusts whatever comes over a connection once it is logged in. Once
 * Digest or NTLM was met, Basic never is.
 */
export class Authorization {
  readonly #credentials: Credentials | undefined;
  readonly #bearer: string | undefined;
  readonly #scheme: AuthScheme;
  readonly #onWarning: ((message: string) => void) | undefined;
  #isBasic = false;
  #strong: StrongSchemes | undefined;
  #digest: Digest | undefined;
  #ntlm: Ntlm | undefined;
  readonly #warned = new Set<string>();

  /** @throws {RangeError} If the bearer token has characters that a header cannot hold. */
  constructor(options: AuthorizationOptions = {}) {
    const { credentials, bearer, scheme = "auto", onWarning } = options;
    if (bearer !== undefined) checkBearer(bearer);
    this.#credentials = credentials;
    this.#bearer = bearer;
    this.#scheme = scheme;
    this.#onWarning = onWarning;
    if (scheme === "basic") this.offer();
  }

  /** One that never gives anything. */
  static none(): Authorization {
    return new Authorization();
  }

  /**
   * Loads what a challenge may have to be met with.
   *
   * @returns To be waited for before {@linkcode Authorization.meet}; nothing where there is nothing to wait for.
   */
  prepare(): Promise<void> | undefined {
    return this.#strong || !this.#credentials || this.#bearer !== undefined
      ? undefined
      : this.#load();
  }

  async #load(): Promise<void> {
    this.#strong = await import("./strong_schemes.ts");
  }

  /**
   * Whether the login counts for one connection alone: all requests must go over it then, the next one after
   * {@linkcode Authorization.meet} included.
   */
  get needsOneConnection(): boolean {
    const isSet = this.#scheme === "ntlm" && this.#credentials !== undefined;
    return this.#bearer === undefined && (isSet || this.#ntlm !== undefined);
  }

  /**
   * The value of the header of the next request, if it is to have one. Each request needs one of its own, as they are
   * counted.
   */
  header(method: string, url: string): string | undefined {
    if (this.#bearer !== undefined) {
      this.#warnOfPlain(url, "bearer token");
      return `Bearer ${this.#bearer}`;
    }
    if (this.#ntlm) return this.#ntlm.header();
    if (this.#digest) return this.#digest.header(method, url);
    if (!this.#isBasic || !this.#credentials) return undefined;
    this.#warnOfPlain(url, "password");
    const { user, password } = this.#credentials;
    return `Basic ${toBase64(new TextEncoder().encode(`${user}:${password}`))}`; // RFC 7617
  }

  /**
   * Looks at the answer to the last request that took a header, also if it got none.
   *
   * @returns Whether the request is worth making again, with a new header. Never without end: credentials that were
   * refused are not given again.
   * @throws {Error} If it was not {@linkcode Authorization.prepare prepared}.
   */
  meet(answer: TransportAnswer, url: string): boolean {
    if (answer.status !== 401 || !this.#credentials || this.#bearer !== undefined) return false;
    const challenges = parseChallenges(answer.header("www-authenticate") ?? "");
    if (this.#ntlm) return this.#ntlm.meet(challenges);
    if (this.#digest) return this.#digest.meet(challenges);
    return this.#meetDigest(challenges) || this.#meetNtlm(challenges) ||
      this.#meetBasic(challenges, url);
  }

  /**
   * From now on the credentials go along as Basic, if nobody has asked for anything: a long request cannot be asked
   * half-way.
   */
  offer(): void {
    const isFree = this.#scheme === "auto" || this.#scheme === "basic";
    if (isFree && !this.#digest && !this.#ntlm) this.#startBasic();
  }

  /** The next request is the first of a new connection: a login that counts for one connection alone starts again. */
  reset(): void {
    this.#ntlm?.reset();
  }

  #schemes(): StrongSchemes {
    if (!this.#strong) throw new Error("Cannot meet a challenge before prepare() has settled");
    return this.#strong;
  }

  #meetDigest(challenges: readonly Challenge[]): boolean {
    if (this.#scheme !== "auto" && this.#scheme !== "digest") return false;
    const digest = new (this.#schemes().Digest)(this.#credentials!);
    if (!digest.meet(challenges)) return false;
    this.#digest = digest;
    return true;
  }

  #meetNtlm(challenges: readonly Challenge[]): boolean {
    if (this.#scheme !== "auto" && this.#scheme !== "ntlm") return false;
    const ntlm = new (this.#schemes().Ntlm)(this.#credentials!);
    if (!ntlm.meet(challenges)) return false;
    this.#ntlm = ntlm;
    return true;
  }

  #meetBasic(challenges: readonly Challenge[], url: string): boolean {
    if (this.#scheme !== "auto" || this.#isBasic) return false;
    const has = (names: string[]) => challenges.some(({ scheme }) => names.includes(scheme));
    // A point that would take Digest in a way unknown here does not get the password in clear instead.
    if (!has(["basic"]) || (has(STRONG) && isPlain(url))) return false;
    return this.#startBasic();
  }

  #startBasic(): boolean {
    const credentials = this.#credentials;
    if (!credentials) return false;
    // The first colon ends the user's name.
    if (credentials.user.includes(":")) {
      this.#warn(
        `The credentials of "${credentials.user}" are not given as Basic, which has no colon in the name of a user`,
      );
      return false;
    }
    this.#isBasic = true;
    return true;
  }

  #warnOfPlain(url: string, secret: string): void {
    if (!isPlain(url)) return;
    this.#warn(
      `The ${secret} goes to ${new URL(url).origin} unencrypted, as its URL is not https`,
    );
  }

  #warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#onWarning?.(message);
  }
}

function isPlain(url: string): boolean {
  return /^http:/i.test(url);
}
