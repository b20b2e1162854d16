import type { Credentials } from "./authorization.ts";
import { concat, viewOf } from "../mp4/box.ts";
import { hmacMd5 } from "./hash.ts";
import { md4 } from "./md4.ts";

// NTLMSSP_NEGOTIATE_* flags (MS-NLMP 2.2.2.5). Signing and sealing are not for HTTP, so no session key is exchanged.
const UNICODE = 0x1;
const REQUEST_TARGET = 0x4;
const NTLM = 0x200;
const ALWAYS_SIGN = 0x8000;
const EXTENDED_SESSION_SECURITY = 0x80000;
const TARGET_INFO = 0x800000;
const OFFERED = UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SESSION_SECURITY;

// Target information (MS-NLMP 2.2.2.1).
const AV_END = 0;
const AV_TIMESTAMP = 7;

const SIGNATURE = Uint8Array.of(0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0); // NTLMSSP\0
const NEGOTIATE_SIZE = 32;
const CHALLENGE_MIN_SIZE = 32;
const AUTHENTICATE_HEADER_SIZE = 64;

/** CHALLENGE_MESSAGE: what a server asks (MS-NLMP 2.2.1.2). */
export interface NtlmChallenge {
  readonly flags: number;
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array;
  /** What the server tells of itself, as AV pairs. */
  readonly targetInfo: Uint8Array;
  /** The server's time in it, as a FILETIME of 8 bytes. */
  readonly timestamp: Uint8Array | undefined;
}

/** What the client adds of its own. */
export interface NtlmAnswerOptions {
  /** 8 random bytes. */
  readonly clientChallenge: Uint8Array;
  /** Counts where the server does not tell the time: in ticks of 100 ns since 1601. */
  readonly time: bigint;
}

/** The two answers to a challenge. */
export interface NtlmAnswers {
  readonly lm: Uint8Array;
  readonly nt: Uint8Array;
}

/** NEGOTIATE_MESSAGE: opens the handshake, and names nobody (MS-NLMP 2.2.1.1). */
export function writeNegotiateMessage(): Uint8Array {
  const bytes = new Uint8Array(NEGOTIATE_SIZE);
  const view = viewOf(bytes);
  bytes.set(SIGNATURE);
  view.setUint32(8, 1, true);
  view.setUint32(12, OFFERED, true);
  view.setUint32(20, NEGOTIATE_SIZE, true); // where the empty domain name lies
  view.setUint32(28, NEGOTIATE_SIZE, true); // and the empty workstation name
  return bytes;
}

/** @returns Nothing if it is no CHALLENGE_MESSAGE, or of a server too old for Unicode. */
export function readChallengeMessage(bytes: Uint8Array): NtlmChallenge | undefined {
  const view = viewOf(bytes);
  const isChallenge = bytes.length >= CHALLENGE_MIN_SIZE &&
    SIGNATURE.every((byte, n) => bytes[n] === byte) && view.getUint32(8, true) === 2;
  if (!isChallenge) return undefined;
  const flags = view.getUint32(20, true);
  if (!(flags & UNICODE)) return undefined;
  let targetInfo = new Uint8Array(0);
  if (flags & TARGET_INFO && bytes.length >= 48) {
    const start = view.getUint32(44, true);
    const end = start + view.getUint16(40, true);
    if (end > bytes.length) return undefined;
    targetInfo = bytes.slice(start, end);
  }
  const serverChallenge = bytes.slice(24, 32);
  return { flags, serverChallenge, targetInfo, timestamp: findTimestamp(targetInfo) };
}

function findTimestamp(targetInfo: Uint8Array): Uint8Array | undefined {
  const view = viewOf(targetInfo);
  for (let at = 0; at + 4 <= targetInfo.length;) {
    const id = view.getUint16(at, true);
    const start = at + 4;
    const end = start + view.getUint16(at + 2, true);
    if (id === AV_END || end > targetInfo.length) break;
    if (id === AV_TIMESTAMP && end - start === 8) return targetInfo.slice(start, end);
    at = end;
  }
  return undefined;
}

/** AUTHENTICATE_MESSAGE: answers the challenge by NTLMv2, never by what came before it (MS-NLMP 2.2.1.3). */
export function writeAuthenticateMessage(
  credentials: Credentials,
  challenge: NtlmChallenge,
  options: NtlmAnswerOptions,
): Uint8Array {
  const { user, domain } = splitUser(credentials.user);
  const { lm, nt } = ntlmAnswers(credentials, challenge, options);
  const empty = new Uint8Array(0);
  // In the order of the header: the answers, the names, the workstation, the session key.
  const fields = [lm, nt, utf16(domain), utf16(user), empty, empty];
  const header = new Uint8Array(AUTHENTICATE_HEADER_SIZE);
  const view = viewOf(header);
  header.set(SIGNATURE);
  view.setUint32(8, 3, true);
  let start = AUTHENTICATE_HEADER_SIZE;
  for (const [n, field] of fields.entries()) {
    const at = 12 + n * 8;
    view.setUint16(at, field.length, true);
    view.setUint16(at + 2, field.length, true);
    view.setUint32(at + 4, start, true);
    start += field.length;
  }
  view.setUint32(60, challenge.flags & (OFFERED | TARGET_INFO), true);
  return concat(header, ...fields);
}

/** NTLMv2 (MS-NLMP 3.3.2). */
export function ntlmAnswers(
  { user: login, password }: Credentials,
  { serverChallenge, targetInfo, timestamp }: NtlmChallenge,
  { clientChallenge, time }: NtlmAnswerOptions,
): NtlmAnswers {
  const { user, domain } = splitUser(login);
  const key = hmacMd5(md4(utf16(password)), utf16(upperCase(user) + domain));
  const now = new Uint8Array(8);
  viewOf(now).setBigUint64(0, time, true);
  const blob = concat(
    Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0), // versions
    timestamp ?? now,
    clientChallenge,
    new Uint8Array(4),
    targetInfo,
    new Uint8Array(4),
  );
  return {
    // A server that tells the time is new enough to do without.
    lm: timestamp
      ? new Uint8Array(24)
      : concat(hmacMd5(key, serverChallenge, clientChallenge), clientChallenge),
    nt: concat(hmacMd5(key, serverChallenge, blob), blob),
  };
}

/** `DOMAIN\user` is two names; `user@domain` is one, which the server takes apart. */
function splitUser(login: string): { user: string; domain: string } {
  const at = login.indexOf("\\");
  return { domain: login.slice(0, Math.max(at, 0)), user: login.slice(at + 1) };
}

/** As Windows does it: a character stays one character. */
function upperCase(text: string): string {
  const upper = (unit: string) => unit.toUpperCase().length === 1 ? unit.toUpperCase() : unit;
  return text.split("").map(upper).join("");
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = viewOf(bytes);
  for (let n = 0; n < text.length; n++) view.setUint16(n * 2, text.charCodeAt(n), true);
  return bytes;
}
