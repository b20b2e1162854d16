import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createHmac, randomBytes } from "node:crypto";
import { createServer } from "node:http";

/** Who may log in. A server of this kind knows no password, only its hash. */
export interface NtlmAccount {
  readonly domain: string;
  readonly user: string;
  /** MD4 of the password in UTF-16, as hex digits. */
  readonly ntHash: string;
}

/** Options for {@linkcode startNtlmServer}. */
export interface NtlmServerOptions {
  accounts: readonly NtlmAccount[];
  /** @default {["NTLM"]} */
  schemes?: readonly string[];
  /** Whether the time is among what the server tells of itself, as with Windows since Vista. */
  tellsTime?: boolean;
}

/** A request as the server saw it. */
export interface NtlmRequest {
  /** Counts from 0. */
  readonly connection: number;
  readonly message: "none" | "negotiate" | "authenticate" | "unknown";
  /** As the client wrote it. */
  readonly user: string | undefined;
  readonly status: number;
  readonly bodySize: number;
}

/** A server that lets a connection in by NTLMv2, written after MS-NLMP without a line of what it tests. */
export interface NtlmServer {
  readonly url: string;
  readonly requests: NtlmRequest[];
  close(): Promise<void>;
}

/** What the server remembers of one connection. */
interface ConnectionState {
  readonly number: number;
  challenge?: Uint8Array | undefined;
  isLoggedIn: boolean;
}

type Verdict = Pick<NtlmRequest, "message" | "user" | "status"> & { token?: string };

const DOMAIN_NAME = "TESTS";
const COMPUTER_NAME = "POINT";
const FLAGS = 0x1 | 0x4 | 0x200 | 0x8000 | 0x80000 | 0x20000 | 0x800000;

const utf16 = (text: string) =>
  Uint8Array.from([...text].flatMap((char) => {
    const units = [];
    for (let n = 0; n < char.length; n++) units.push(char.charCodeAt(n));
    return units.flatMap((unit) => [unit & 0xff, unit >> 8]);
  }));
const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const u16 = (value: number) => [value & 0xff, value >> 8 & 0xff];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const pair = (id: number, value: Iterable<number>) => {
  const bytes = [...value];
  return [...u16(id), ...u16(bytes.length), ...bytes];
};

/** What the server tells of itself: the names of its domain and its own, and the time. */
function targetInfo(tellsTime: boolean): number[] {
  const filetime = (BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n;
  const time = Array.from({ length: 8 }, (_, n) => Number(filetime >> BigInt(8 * n) & 0xffn));
  return [
    ...pair(2, utf16(DOMAIN_NAME)),
    ...pair(1, utf16(COMPUTER_NAME)),
    ...(tellsTime ? pair(7, time) : []),
    ...pair(0, []),
  ];
}

function challengeMessage(challenge: Uint8Array, tellsTime: boolean): string {
  const name = utf16(DOMAIN_NAME);
  const info = targetInfo(tellsTime);
  const start = 48;
  const bytes = [
    ...new TextEncoder().encode("NTLMSSP\0"),
    ...u32(2),
    ...u16(name.length),
    ...u16(name.length),
    ...u32(start),
    ...u32(FLAGS),
    ...challenge,
    ...u32(0),
    ...u32(0),
    ...u16(info.length),
    ...u16(info.length),
    ...u32(start + name.length),
    ...name,
    ...info,
  ];
  return btoa(String.fromCharCode(...bytes));
}

/** The field of a message whose length and offset lie at a place. */
function field(message: Uint8Array, at: number): Uint8Array {
  const size = message[at]! + message[at + 1]! * 256;
  const start = message[at + 4]! + message[at + 5]! * 256 + message[at + 6]! * 65536;
  if (start + size > message.length) throw new Error(`The field at ${at} leaves the message`);
  return message.subarray(start, start + size);
}

/** Whether an answer proves that its sender knows the password (MS-NLMP 3.2.5.1.2, 3.3.2). */
function isProven(
  { nt, user, domain }: { nt: Uint8Array; user: string; domain: string },
  ntHash: string,
  challenge: Uint8Array,
): boolean {
  const hmac = (key: Uint8Array, ...pieces: Uint8Array[]) =>
    pieces.reduce((mac, piece) => mac.update(piece), createHmac("md5", key)).digest();
  // NTLMv1 answers have 24 bytes; those of version 2 start with two ones behind the proof.
  if (nt.length < 44 || nt[16] !== 1 || nt[17] !== 1) return false;
  const key = hmac(bytesOf(ntHash), utf16(user.toUpperCase() + domain));
  const proof = hmac(new Uint8Array(key), challenge, nt.subarray(16));
  return hexOf(new Uint8Array(proof)) === hexOf(nt.subarray(0, 16));
}

function judge(
  token: string | undefined,
  state: ConnectionState,
  { accounts, tellsTime = true }: NtlmServerOptions,
): Verdict {
  if (token === undefined) {
    return { message: "none", user: undefined, status: state.isLoggedIn ? 200 : 401 };
  }
  const message = Uint8Array.from(atob(token), (char) => char.charCodeAt(0));
  const type = message[8];
  if (new TextDecoder().decode(message.subarray(0, 8)) !== "NTLMSSP\0") {
    return { message: "unknown", user: undefined, status: 400 };
  }
  if (type === 1) {
    state.isLoggedIn = false;
    state.challenge = new Uint8Array(randomBytes(8));
    return {
      message: "negotiate",
      user: undefined,
      status: 401,
      token: challengeMessage(state.challenge, tellsTime),
    };
  }
  const [nt, domain, user] = [20, 28, 36].map((at) => field(message, at));
  const names = { domain: utf16Text(domain!), user: utf16Text(user!) };
  // A name with an @ is looked up in the directory, any other in its domain, or here if it has none.
  const account = accounts.find((
    known,
  ) => (names.user.includes("@")
    ? `${known.user}@${known.domain}` === names.user && names.domain === ""
    : known.user.toUpperCase() === names.user.toUpperCase() &&
      ["", known.domain.toUpperCase()].includes(names.domain.toUpperCase()))
  );
  const { challenge } = state;
  state.challenge = undefined;
  state.isLoggedIn = account !== undefined && challenge !== undefined &&
    isProven({ nt: nt!, ...names }, account.ntHash, challenge);
  const shown = names.domain ? `${names.domain}\\${names.user}` : names.user;
  return { message: "authenticate", user: shown, status: state.isLoggedIn ? 200 : 401 };
}

function utf16Text(bytes: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(bytes);
}

/** Starts the server on a free port of loopback. */
export async function startNtlmServer(options: NtlmServerOptions): Promise<NtlmServer> {
  const { schemes = ["NTLM"] } = options;
  const requests: NtlmRequest[] = [];
  const states = new Map<number, ConnectionState>();
  const handle = (incoming: IncomingMessage, answer: ServerResponse) => {
    // Not by the socket itself: Deno may hand out another object for each request.
    const port = incoming.socket.remotePort!;
    const state = states.get(port) ?? { number: states.size, isLoggedIn: false };
    states.set(port, state);
    const [, scheme, given] = /^(NTLM|Negotiate) (\S+)$/.exec(
      incoming.headers.authorization ?? "",
    ) ?? [];
    const { token, ...verdict } = judge(given, state, options);
    let bodySize = 0;
    incoming.on("data", (piece: Uint8Array) => bodySize += piece.length);
    incoming.on("error", () => {});
    incoming.on("end", () => {
      requests.push({ connection: state.number, bodySize, ...verdict });
      const challenges = token === undefined ? [...schemes] : [`${scheme} ${token}`];
      const headers = verdict.status === 401 ? { "WWW-Authenticate": challenges } : {};
      answer.writeHead(verdict.status, headers).end();
    });
  };
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
