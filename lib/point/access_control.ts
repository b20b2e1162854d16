import type { Clock } from "../clock.ts";
import type { Challenge } from "../ingest/challenge.ts";
import { systemClock } from "../clock.ts";
import { fromBase64 } from "../ingest/base64.ts";
import { parseChallenges } from "../ingest/challenge.ts";
import { type HashName, hexHash } from "../ingest/hash.ts";
import { toHex } from "../mp4/box.ts";

/** Who may send, create and manage. */
export interface AccessControl {
  /**
   * Checks the credentials of a request.
   *
   * @returns What it is answered with if they are wrong or missing.
   */
  check(request: Request): Response | undefined | Promise<Response | undefined>;
}

/** Options for {@linkcode createAccessControl}. */
export interface AccessControlOptions {
  user: string;
  password: string;
  /**
   * Name of what is protected, as clients show it.
   *
   * @default {"publishing points"}
   */
  realm?: string;
  /**
   * How long a nonce may be used for new requests, in milliseconds.
   *
   * @default {300000}
   */
  nonceMs?: number;
  clock?: Clock;
}

/** Strongest first: clients take the first one that they know (RFC 7616 3.7). */
const ALGORITHMS: readonly (readonly [name: string, hash: HashName])[] = [
  ["SHA-256", "sha256"],
  ["MD5", "md5"],
];

/** Most nonces whose counts are kept, and most counts of one: what is more must begin anew. */
const MAX_NONCES = 10_000;
const MAX_COUNTS = 10_000;

/** What has been used of a nonce. */
interface NonceUse {
  readonly untilMs: number;
  readonly counts: Set<number>;
}

/**
 * Demands Basic (RFC 7617) or Digest (RFC 7616, with SHA-256 or MD5 and `qop=auth`) credentials of one user. Nonces expire
 * and each count of one is taken once; comparisons take the same time whatever is different.
 *
 * @throws {RangeError} If the user name has a colon.
 */
export function createAccessControl(options: AccessControlOptions): AccessControl {
  const { user, password, realm = "publishing points" } = options;
  const { nonceMs = 300_000, clock = systemClock } = options;
  if (user.includes(":")) {
    throw new RangeError(
      `Cannot use the user name as it must not have a colon in it: current value is ${
        JSON.stringify(user)
      }`,
    );
  }
  const nonces = new Nonces(nonceMs, clock);
  const basic = `${user}:${password}`;
  const secrets = new Map(
    ALGORITHMS.map(([, hash]) => [hash, hexHash(hash, `${user}:${realm}:${password}`)]),
  );
  const demand = (isStale: boolean) => {
    const headers = new Headers();
    const nonce = nonces.make();
    for (const [name] of ALGORITHMS) {
      const stale = isStale ? ", stale=true" : "";
      headers.append(
        "www-authenticate",
        `Digest realm="${realm}", nonce="${nonce}", algorithm=${name}, qop="auth", charset=UTF-8${stale}`,
      );
    }
    headers.append("www-authenticate", `Basic realm="${realm}", charset="UTF-8"`);
    return new Response("credentials are wanted\n", { status: 401, headers });
  };
  return {
    check: (request) => {
      const [given] = parseChallenges(request.headers.get("authorization") ?? "");
      if (given?.scheme === "basic") {
        return isSame(basicOf(given), basic) ? undefined : demand(false);
      }
      if (given?.scheme !== "digest") return demand(false);
      const digest = digestOf(given);
      const secret = digest && secrets.get(digest.hash);
      if (!digest || secret === undefined || !isSame(digest.user, user)) return demand(false);
      if (digest.realm !== realm || !isSameTarget(digest.uri, request.url)) return demand(false);
      const { hash, nonce, nc, cnonce } = digest;
      const request2 = hexHash(hash, `${request.method}:${digest.uri}`);
      const wanted = hexHash(hash, `${secret}:${nonce}:${nc}:${cnonce}:auth:${request2}`);
      if (!isSame(digest.response.toLowerCase(), wanted)) return demand(false);
      return nonces.use(nonce, Number.parseInt(nc, 16)) ? undefined : demand(true);
    },
  };
}

function basicOf({ token }: Challenge): string {
  const bytes = fromBase64(token ?? "");
  return bytes ? new TextDecoder().decode(bytes) : "";
}

/** The parameters of a Digest answer. */
interface DigestAnswer {
  readonly hash: HashName;
  readonly user: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly response: string;
}

function digestOf({ params }: Challenge): DigestAnswer | undefined {
  const algorithm = (params.get("algorithm") ?? "MD5").toUpperCase();
  const hash = ALGORITHMS.find(([name]) => name === algorithm)?.[1];
  const get = (name: string) => params.get(name) ?? "";
  const nc = get("nc");
  const isUsable = get("qop").toLowerCase() === "auth" && /^[0-9a-f]{8}$/i.test(nc);
  if (!hash || !isUsable) return undefined;
  return {
    hash,
    user: params.get("username") ?? extendedValue(get("username*")),
    realm: get("realm"),
    nonce: get("nonce"),
    uri: get("uri"),
    nc,
    cnonce: get("cnonce"),
    response: get("response"),
  };
}

/** An extended parameter value (RFC 8187 3.2). */
function extendedValue(text: string): string {
  const [, encoded = ""] = /^UTF-8'[^']*'(.*)$/i.exec(text) ?? [];
  try {
    return decodeURIComponent(encoded);
  } catch {
    return "";
  }
}

/** Whether the target of an answer is that of the request, however either of them is escaped. */
function isSameTarget(uri: string, requestUrl: string): boolean {
  const url = new URL(requestUrl);
  try {
    const { pathname, search } = new URL(uri, url);
    return decodeURIComponent(pathname + search) === decodeURIComponent(url.pathname + url.search);
  } catch {
    return false;
  }
}

/** Compares by hashes, in a time that does not depend on where the difference is. */
function isSame(a: string, b: string): boolean {
  const [x, y] = [hexHash("sha256", a), hexHash("sha256", b)];
  let difference = 0;
  for (let n = 0; n < x.length; n++) difference |= x.charCodeAt(n) ^ y.charCodeAt(n);
  return difference === 0;
}

/** Makes nonces that need no memory until they are used: their time, and a hash of it that no one else can make. */
class Nonces {
  readonly #lifeMs: number;
  readonly #clock: Clock;
  readonly #key = toHex(crypto.getRandomValues(new Uint8Array(32)));
  readonly #used = new Map<string, NonceUse>();

  constructor(lifeMs: number, clock: Clock) {
    this.#lifeMs = lifeMs;
    this.#clock = clock;
  }

  make(): string {
    const time = Math.floor(this.#clock.now()).toString(16);
    const salt = toHex(crypto.getRandomValues(new Uint8Array(8)));
    return `${time}-${salt}-${this.#sign(`${time}-${salt}`)}`;
  }

  #sign(text: string): string {
    return hexHash("sha256", `${this.#key}:${hexHash("sha256", `${this.#key}:${text}`)}`);
  }

  /** Whether a nonce is one of these, not too old, and its count not used before. */
  use(nonce: string, count: number): boolean {
    const [time = "", salt = "", signature = ""] = nonce.split("-");
    if (!isSame(signature, this.#sign(`${time}-${salt}`))) return false;
    const untilMs = Number.parseInt(time, 16) + this.#lifeMs;
    if (this.#clock.now() > untilMs) return false;
    const use = this.#used.get(nonce) ?? this.#begin(nonce, untilMs);
    if (!use || use.counts.has(count) || use.counts.size >= MAX_COUNTS) return false;
    use.counts.add(count);
    return true;
  }

  /** Nothing if too many are in use: one that was forgotten before its time could be used twice. */
  #begin(nonce: string, untilMs: number): NonceUse | undefined {
    const nowMs = this.#clock.now();
    // In the order in which they were used first, which is about that of their ages.
    for (const [old, use] of this.#used) {
      if (use.untilMs >= nowMs) break;
      this.#used.delete(old);
    }
    if (this.#used.size >= MAX_NONCES) return undefined;
    const use = { untilMs, counts: new Set<number>() };
    this.#used.set(nonce, use);
    return use;
  }
}
