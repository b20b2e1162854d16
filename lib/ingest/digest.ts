import type { Credentials } from "./authorization.ts";
import type { Challenge } from "./challenge.ts";
import { toHex } from "../mp4/box.ts";
import { type HashName, hexHash } from "./hash.ts";

interface Algorithm {
  readonly hash: HashName;
  /** Whether the first nonces of both sides go into the hash of the credentials. */
  readonly isSession: boolean;
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ["md5", { hash: "md5", isSession: false }],
  ["md5-sess", { hash: "md5", isSession: true }],
  ["sha-256", { hash: "sha256", isSession: false }],
  ["sha-256-sess", { hash: "sha256", isSession: true }],
]);

/** A challenge that can be answered. */
interface Usable {
  readonly algorithm: Algorithm;
  readonly params: ReadonlyMap<string, string>;
  readonly realm: string;
  readonly nonce: string;
  readonly hasQop: boolean;
}

/** What is the same in all answers to one challenge. */
interface Session extends Usable {
  /** Hash of the credentials, so that the password is not needed again. */
  readonly secret: string;
  readonly cnonce: string;
}

/**
 * Digest access authentication (RFC 7616, and RFC 2069 where a server is that old) with MD5 and SHA-256, in the quality
 * of protection `auth`: `auth-int` would take the hash of a body that has no end yet.
 */
export class Digest {
  readonly #credentials: Credentials;
  readonly #newNonce: () => string;
  #session: Session | undefined;
  /** Answers to the present challenge. */
  #count = 0;
  #isRenewed = false;
  #isRefused = false;

  /** @param newNonce Makes the client's nonces; random by default. */
  constructor(credentials: Credentials, newNonce: () => string = randomNonce) {
    this.#credentials = credentials;
    this.#newNonce = newNonce;
  }

  /**
   * Takes the strongest challenge that can be answered.
   *
   * @returns Whether the next answer is worth giving. It is not when the first one to a nonce was refused, unless the
   * server calls it stale, once. A later one is refused as its nonce has grown old, whether the server says so or not.
   */
  meet(challenges: readonly Challenge[]): boolean {
    const found = strongest(challenges);
    if (!found) return false;
    if (this.#session) {
      const isStale = found.params.get("stale")?.toLowerCase() === "true";
      const isOld = this.#count > 1 || (isStale && !this.#isRenewed);
      this.#isRefused ||= !isOld || found.nonce === this.#session.nonce;
      if (this.#isRefused) return false;
      this.#isRenewed = true;
    }
    const { algorithm: { hash, isSession }, realm, nonce } = found;
    const { user, password } = this.#credentials;
    const cnonce = this.#newNonce();
    const secret = hexHash(hash, `${user}:${realm}:${password}`);
    this.#session = {
      ...found,
      secret: isSession ? hexHash(hash, `${secret}:${nonce}:${cnonce}`) : secret,
      cnonce,
    };
    this.#count = 0;
    return true;
  }

  /** The value of the `Authorization` header of one request, or nothing as long as no challenge was met. */
  header(method: string, url: string): string | undefined {
    const session = this.#session;
    if (!session) return undefined;
    const { algorithm: { hash, isSession }, params, realm, nonce, hasQop, secret, cnonce } =
      session;
    const { pathname, search } = new URL(url);
    const uri = pathname + search; // as it is on the request line
    const count = (++this.#count).toString(16).padStart(8, "0");
    const request = hexHash(hash, `${method}:${uri}`);
    const response = hasQop
      ? hexHash(hash, `${secret}:${nonce}:${count}:${cnonce}:auth:${request}`)
      : hexHash(hash, `${secret}:${nonce}:${request}`);
    const algorithm = params.get("algorithm");
    const opaque = params.get("opaque");
    return "Digest " + [
      ...this.#userParams(session),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
      ...(hasQop ? ["qop=auth", `nc=${count}`] : []),
      ...(hasQop || isSession ? [`cnonce=${quoted(cnonce)}`] : []),
      `response="${response}"`,
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ].join(", ");
  }

  #userParams({ algorithm: { hash }, params, realm }: Session): string[] {
    const { user } = this.#credentials;
    if (params.get("userhash")?.toLowerCase() === "true") {
      return [`username="${hexHash(hash, `${user}:${realm}`)}"`, "userhash=true"];
    }
    const knowsUtf8 = params.get("charset")?.toLowerCase() === "utf-8";
    // deno-lint-ignore no-control-regex -- what a header cannot hold
    const isSpecial = knowsUtf8 ? /[^ -~]/.test(user) : /[\0-\x1f\x7f]/.test(user);
    return [isSpecial ? `username*=UTF-8''${percentEncoded(user)}` : `username=${quoted(user)}`];
  }
}

function strongest(challenges: readonly Challenge[]): Usable | undefined {
  const usable = challenges.map(usableDigest).filter((found) => found !== undefined);
  return usable.find(({ algorithm }) => algorithm.hash === "sha256") ?? usable[0];
}

function usableDigest({ scheme, params }: Challenge): Usable | undefined {
  const realm = params.get("realm");
  const nonce = params.get("nonce");
  const algorithm = ALGORITHMS.get((params.get("algorithm") ?? "md5").toLowerCase());
  if (scheme !== "digest" || realm === undefined || nonce === undefined || !algorithm) {
    return undefined;
  }
  const qop = params.get("qop")?.toLowerCase().split(",").map((value) => value.trim());
  if (qop && !qop.includes("auth")) return undefined;
  return { algorithm, params, realm, nonce, hasQop: qop !== undefined };
}

function randomNonce(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}

/** A quoted string (RFC 9110 5.6.4): a character for each byte of its UTF-8, as clients send them. */
function quoted(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&");
  return `"${String.fromCharCode(...new TextEncoder().encode(escaped))}"`;
}

/** What follows the language in an extended parameter value (RFC 8187 3.2.1). */
function percentEncoded(text: string): string {
  const encode = (byte: number) => {
    const char = String.fromCharCode(byte);
    if (/[0-9A-Za-z!#$&+\-.^_`|~]/.test(char)) return char;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  };
  return Array.from(new TextEncoder().encode(text), encode).join("");
}
