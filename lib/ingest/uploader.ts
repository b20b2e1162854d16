import type { Clock } from "../clock.ts";
import type { Fragment, StreamEnd, StreamHeader, StreamPart } from "../part.ts";
import type { TransportAnswer, TransportRequest } from "./transport.ts";
import type { UploaderOptions } from "./uploader_options.ts";
import { systemClock } from "../clock.ts";
import { IngestError } from "../errors.ts";
import { BufferLane } from "../source/buffer_pool.ts";
import { answerError, connectionError, isSuccess, isUntrusted } from "./answers.ts";
import { Authorization } from "./authorization.ts";
import { AuthorizedRequests } from "./authorized_requests.ts";
import { Connection } from "./connection.ts";
import { DEFAULT_USER_AGENT, type Header, withDefaults } from "./default_headers.ts";
import { fragmentBytes, fragmentPieces } from "./fragment_pieces.ts";
import { FragmentRun } from "./fragment_run.ts";
import { checkRecovery } from "./recovery_checks.ts";
import { movedWith, redirectTarget } from "./redirect.ts";
import { ResendWindow } from "./resend_window.ts";
import { RetryPolicy } from "./retry_policy.ts";
import { retryAfterMs, Setback } from "./setback.ts";

const MIN_SEND_TIMEOUT_MS = 2000;
const MAX_REDIRECTS = 5;
/** What Deno says when there was no connection; it takes the first bytes of a body before it knows. */
const NO_CONNECTION = /client error \(Connect\)/;
/** Headers that may hold a secret of the origin they were meant for. */
const SECRET_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);

/**
 * Uploads one stream: probe, one chunked POST, answer (MS-SSTR 3.3.4.1). A connection that is lost is replaced by a new
 * one that begins with the same header boxes and the last fragments, as none of the systems between tells what arrived.
 * An answer while the body is still going out ends the connection at once, a success included.
 *
 * This is the only place where anything is tried again.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #clock: Clock;
  readonly #retry: RetryPolicy;
  readonly #window: ResendWindow;
  readonly #requests: AuthorizedRequests;
  /** Memory for small fragments that leave together. */
  readonly #lane: BufferLane;
  readonly #failed = new AbortController();
  /** Closed or failed: there is nothing left to do. */
  readonly #over = new AbortController();
  #authorization: Authorization;
  #headers: readonly Header[];
  #url: string;
  #probeUrl: string | undefined;
  #redirects = 0;
  #header: StreamHeader | undefined;
  #end: StreamEnd | undefined;
  #connection: Connection | undefined;
  /** Whatever sends, or replaces a connection, is done one after the other. */
  #turn: Promise<void> | undefined;
  #outageStartMs: number | undefined;
  #isCatchingUp = false;
  /** Fragments that this connection was given again. */
  #resentNow = 0;
  /** Whether this connection has taken more than what was sent again. */
  #isAhead = false;
  #fragmentMs = 0;
  /** When the header boxes were asked for. */
  #headerWantedMs = -Infinity;
  /** The last short request was met with a challenge, and nothing was lost. */
  #isChallenged = false;
  #isBrokenOff = false;
  #bytes = 0;
  #status: number | undefined;
  #resent = 0;
  #reconnects = 0;

  /** @throws {RangeError} If a limit is out of range. */
  constructor(options: UploaderOptions) {
    checkRecovery(options);
    this.#options = options;
    this.#url = options.url;
    this.#probeUrl = options.probeUrl && options.probeUrl !== options.url
      ? options.probeUrl
      : undefined;
    this.#clock = options.clock ?? systemClock;
    this.#authorization = options.authorization ?? new Authorization();
    this.#requests = new AuthorizedRequests(options.transport);
    const { bufferPool, transport: { isPrompt } } = options;
    this.#lane = new BufferLane(bufferPool, { isPrompt: isPrompt ?? false });
    this.#retry = new RetryPolicy(options);
    // What was answered has arrived.
    const isShort = options.mode === "short";
    this.#window = new ResendWindow(isShort ? { ...options, resendWindowBytes: 0 } : options);
    this.#headers = withDefaults(options.headers ?? [], [["User-Agent", DEFAULT_USER_AGENT]]);
    if (options.stop) this.#limitStop(options.stop);
  }

  /** Where the probe goes. */
  get probeUrl(): string {
    return this.#probeUrl ?? this.#url;
  }

  /** Bytes of request bodies that were taken so far, those that were sent again included. */
  get bytes(): number {
    return this.#bytes + (this.#connection?.bytes ?? 0);
  }

  /** Fragments that were sent again. */
  get resent(): number {
    return this.#resent;
  }

  /** Connections that took the place of a lost one. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Aborts with the error when the stream fails for good, also while nothing is being sent. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Whether a payload could not be read to its end; nothing but an end can be written then. */
  get isBrokenOff(): boolean {
    return this.#isBrokenOff;
  }

  /** Status of the last answer that counted. */
  get status(): number | undefined {
    return this.#status;
  }

  /**
   * Sends an empty POST, which brings up a wrong URL or missing credentials before anything long is sent (MS-SSTR 3.3.3).
   *
   * @throws {IngestError} If the point says no, or is not there for longer than the limits allow.
   */
  async probe(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const onAbort = () => this.abort(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#inTurn(() => this.#persist(() => this.#probeOnce()));
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Sends one part.
   *
   * @param more Gives the fragment behind it, where it is at hand: it is sent as by a call of its own, and so are those that
   * follow it.
   * @returns Settles when the client has taken it whole; in short mode when it was answered.
   * @throws {IngestError} If the point says no, or the connection is lost for longer than the limits allow.
   * @throws {InputError} If the payload cannot be read; see {@linkcode isBrokenOff}.
   */
  write(part: StreamPart, more?: () => Fragment | undefined): Promise<void> {
    return this.#inTurn(() => {
      if (part.type === "header") return this.#writeHeader(part);
      return part.type === "fragment" ? this.#writeFragments(part, more) : this.#writeEnd(part);
    });
  }

  /**
   * Ends the request and waits for the final answer.
   *
   * @throws {IngestError} If it is no success, or does not come in time.
   */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#options.mode !== "short" && (this.#header || this.#connection)) {
        await this.#persist(async () => await this.#finish(await this.#connected()));
      }
      await this.#requests.close();
    });
    this.#lane.abandon();
    this.#over.abort();
  }

  /** Cuts the connection for good. */
  abort(reason: unknown): void {
    this.#fail(reason instanceof Error ? reason : new Error(String(reason)));
  }

  /** Does something when everything before it is done. */
  async #inTurn(action: () => Promise<void>): Promise<void> {
    const before = this.#turn;
    let leave!: () => void;
    const turn = new Promise<void>((resolve) => leave = resolve);
    this.#turn = turn;
    try {
      if (before) await before;
      this.failed.throwIfAborted();
      await action();
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
      leave();
    }
  }

  async #writeHeader(header: StreamHeader): Promise<void> {
    this.#header = header;
    if (this.#options.mode !== "short") await this.#persist(() => this.#connected());
    else if (header.boxes.length > 0) await this.#post([]);
  }

  async #writeFragments(first: Fragment, more?: () => Fragment | undefined): Promise<void> {
    if (this.#options.mode === "short") return await this.#postFragment(first);
    const run = new FragmentRun(first, {
      more,
      lane: this.#lane,
      isWanted: (fragment) => this.#isWanted(fragment),
      onTaken: (fragment) => this.#taken(fragment),
    });
    await this.#persist(() =>
      this.#withConnection((connection) => run.isAtEnd ? undefined : connection.send(run))
    );
  }

  async #postFragment(fragment: Fragment): Promise<void> {
    this.#noteDuration(fragment);
    await this.#post(() => fragmentPieces(fragment));
    this.#taken(fragment);
  }

  #noteDuration(fragment: Fragment): void {
    this.#fragmentMs = Math.max(this.#fragmentMs, this.#lastsMs(fragment));
  }

  /** How long a fragment lasts by the clock, in milliseconds. */
  #lastsMs({ duration, timescale }: Fragment): number {
    return Number(duration) * 1000 / timescale / (this.#options.rate ?? 1);
  }

  #taken(fragment: Fragment): void {
    this.#window.add(fragment);
    this.#progress();
    this.#options.onFragment?.(fragment, fragmentBytes(fragment));
  }

  async #writeEnd(end: StreamEnd): Promise<void> {
    if (end.boxes.length === 0) return;
    if (this.#options.mode === "short") return await this.#post(end.boxes);
    // A connection that is opened from now on brings it by itself.
    this.#end = end;
    await this.#persist(async () => {
      const current = this.#connection;
      if (await this.#connected() === current) await current.send(end.boxes);
    });
  }

  /** Whether a fragment whose turn has come is sent, or left out for the stream to be at the live edge again. */
  #isWanted(fragment: Fragment): boolean {
    this.#noteDuration(fragment);
    if (this.#options.afterOutage !== "live-edge" || !this.#isCatchingUp) return true;
    const { dueMs, payload, trackId, index } = fragment;
    const isPast = dueMs !== undefined && this.#clock.now() > dueMs + this.#lastsMs(fragment);
    this.#isCatchingUp = isPast;
    if (!isPast) return true;
    payload.read()[Symbol.asyncIterator]().return?.().catch(() => {}); // it was of no use anyway
    this.#options.onEvent?.({ event: "dropped", trackId, index });
    return false;
  }

  #progress(): void {
    this.#isAhead = true;
    this.#retry.progress();
    this.#redirects = 0;
  }

  /** Does something with the connection of a long request. */
  #withConnection(
    action: (connection: Connection) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    return this.#connection ? action(this.#connection) : this.#connected().then(action);
  }

  /** The connection of a long request: the one there is, or a new one with everything that it must begin with. */
  async #connected(): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const isReplacement = this.#outageStartMs !== undefined;
    await this.#probeAgain(isReplacement);
    const connection = this.#open();
    this.#connection = connection;
    await connection.send(this.#header?.boxes ?? []);
    if (isReplacement) await this.#resend(connection);
    if (this.#end) await connection.send(this.#end.boxes);
    this.#recovered();
    connection.failed.catch((error) => this.#replace(connection, error));
    return connection;
  }

  /** Opens a request whose body is fed. */
  #open(): Connection {
    const { connectTimeoutMs = 10_000, answerTimeoutMs = 30_000 } = this.#options;
    const url = this.#url;
    this.#resentNow = 0;
    this.#isAhead = false;
    return new Connection({
      clock: this.#clock,
      connectTimeoutMs,
      sendTimeoutMs: () =>
        this.#options.sendTimeoutMs ?? Math.max(MIN_SEND_TIMEOUT_MS, 2 * this.#fragmentMs),
      answerTimeoutMs,
      request: (body, signal) => this.#request({ method: "POST", url, body, signal }),
      errorOf: (cause) =>
        cause instanceof Error ? this.#lost(url, cause) : this.#setback(url, cause),
    });
  }

  async #resend(connection: Connection): Promise<void> {
    const fragments = this.#window.fragments();
    if (fragments.length === 0) return;
    const bytes = fragments.reduce((sum, fragment) => sum + fragmentBytes(fragment), 0);
    this.#options.onEvent?.({ event: "resending", fragments: fragments.length, bytes });
    for (const fragment of fragments) {
      await connection.send(fragmentPieces(fragment));
      this.#resentNow++;
      this.#resent++;
    }
  }

  #recovered(): void {
    if (this.#outageStartMs === undefined) return;
    const outageSeconds = (this.#clock.now() - this.#outageStartMs) / 1000;
    this.#outageStartMs = undefined;
    this.#isCatchingUp = true;
    this.#reconnects++;
    this.#options.onEvent?.({ event: "recovered", outageSeconds });
  }

  /** A connection that fails while nothing is being sent is replaced at once: what was handed over last may be gone. */
  #replace(connection: Connection, error: Error): void {
    this.#inTurn(async () => {
      // What was being sent has noticed by itself.
      if (this.#connection !== connection) return;
      await this.#persist(() => Promise.reject(error), () => this.#connected());
    }).catch(() => {}); // it has failed for good, and says so
  }

  async #finish(connection: Connection): Promise<void> {
    const answer = await connection.end();
    // Whatever the answer is, the connection has held to its end.
    this.#isAhead = true;
    if (!isSuccess(answer)) throw this.#setback(this.#url, answer);
    this.#status = answer.status;
    this.#forget(connection);
    this.#progress();
  }

  /** A whole request of its own. One that is made again has a probe before it and the last fragments in it. */
  async #post(pieces: readonly Uint8Array[] | (() => AsyncIterable<Uint8Array>)): Promise<void> {
    await this.#persist(async () => {
      const isReplacement = this.#outageStartMs !== undefined;
      await this.#probeAgain(isReplacement || this.#isChallenged);
      const connection = this.#open();
      this.#connection = connection;
      await connection.send(this.#header?.boxes ?? []);
      if (isReplacement) await this.#resend(connection);
      await connection.send(typeof pieces === "function" ? pieces() : pieces);
      await this.#finish(connection);
      this.#recovered();
    });
  }

  /** A new connection begins with a probe; a login that takes several requests is not to be made with a long one. */
  async #probeAgain(isReplacement: boolean): Promise<void> {
    const isAsked = this.#options.probeUrl === false
      ? this.#authorization.needsOneConnection
      : isReplacement;
    if (isAsked) await this.#probeOnce();
  }

  async #probeOnce(): Promise<void> {
    const url = this.probeUrl;
    const abort = new AbortController();
    const onFailed = () => abort.abort(this.failed.reason);
    this.failed.addEventListener("abort", onFailed, { once: true });
    const { answerTimeoutMs = 30_000 } = this.#options;
    const isLate = new Error(`no answer within ${answerTimeoutMs / 1000} s`);
    const settled = new AbortController();
    this.#clock.waitUntil(this.#clock.now() + answerTimeoutMs, settled.signal)
      .then(() => abort.abort(isLate), () => {});
    try {
      const { signal } = abort;
      const request = { method: "POST", url, body: new Uint8Array(0), signal } as const;
      const answer = await this.#request(request).catch((error) => {
        throw this.#lost(url, error);
      });
      this.#status = answer.status;
      if (!isSuccess(answer)) throw this.#setback(url, answer);
      this.#authorization.offer();
    } finally {
      settled.abort();
      this.failed.removeEventListener("abort", onFailed);
    }
  }

  #request(request: Omit<TransportRequest, "headers">): Promise<TransportAnswer> {
    return this.#requests.request(this.#authorization, { ...request, headers: this.#headers });
  }

  /** What an answer that is no success, or comes too early, means. */
  #setback(url: string, answer: TransportAnswer): Setback {
    const error = answerError("push", url, answer);
    if (answer.status === 401 && this.#authorization.meet(answer, url)) {
      return new Setback(error, "at once");
    }
    if (this.#redirect(url, answer)) return new Setback(error, "at once");
    const isPassing = error.kind === "lost" || this.#isHeaderWanted(answer);
    return new Setback(error, isPassing ? "later" : "none", retryAfterMs(answer, Date.now()));
  }

  /** A point that lost the header boxes asks for them once; one that asks for those it just got means something else. */
  #isHeaderWanted({ status }: TransportAnswer): boolean {
    if (status !== 412 || !this.#header) return false;
    const { answerTimeoutMs = 30_000 } = this.#options;
    const lastMs = this.#headerWantedMs;
    this.#headerWantedMs = this.#clock.now();
    return this.#headerWantedMs - lastMs > answerTimeoutMs;
  }

  /** What a lost connection means. */
  #lost(url: string, cause: Error): Error {
    if (cause instanceof Setback || cause instanceof IngestError || isInputError(cause)) {
      return cause;
    }
    // A certificate that was trusted before may be mended while the stream waits.
    const isFirst = this.#status === undefined && this.bytes === 0;
    const remedy = isFirst && isUntrusted(cause) ? "none" : "later";
    return new Setback(connectionError("push", url, cause), remedy);
  }

  /** Follows a redirection; credentials do not go to another origin. */
  #redirect(url: string, answer: TransportAnswer): boolean {
    const target = redirectTarget(url, answer);
    if (target === undefined || this.#redirects >= MAX_REDIRECTS) return false;
    this.#redirects++;
    const { origin } = new URL(url);
    if (url === this.#url) this.#url = target;
    else {
      // Where the point goes, its streams go with it.
      if (this.#url.startsWith(url)) this.#url = movedWith(this.#url, url, target);
      this.#probeUrl = target;
    }
    if (new URL(target).origin !== origin) {
      this.#authorization = new Authorization();
      this.#headers = this.#headers.filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase()));
    }
    return true;
  }

  /**
   * Does something until it succeeds, nothing helps any more, or the limits are reached.
   *
   * @param again What is done in place of the first action after a setback.
   */
  async #persist(
    action: () => Promise<unknown> | undefined,
    again = action,
  ): Promise<void> {
    for (let next = action;; next = again) {
      try {
        await next();
        return;
      } catch (error) {
        await this.#recover(error as Error);
      }
    }
  }

  /** From the stop on, all that is left to do has as long in all as a fragment lasts and an answer may take. */
  #limitStop(stop: AbortSignal): void {
    const { signal } = this.#over;
    const onStop = () => {
      const { answerTimeoutMs = 30_000 } = this.#options;
      const untilMs = this.#clock.now() + this.#fragmentMs + answerTimeoutMs;
      this.#clock.waitUntil(untilMs, signal).then(() => {
        this.#fail(connectionError("push", this.#url, new Error("stopped before it was done")));
      }, () => {});
    };
    if (stop.aborted) onStop();
    else stop.addEventListener("abort", onStop, { once: true, signal });
  }

  /** Waits for as long as a setback asks for, or throws what ends the stream. */
  async #recover(error: Error): Promise<void> {
    const lost = this.#connection;
    if (lost) {
      lost.abort(error);
      this.#forget(lost);
    }
    this.failed.throwIfAborted();
    const nowMs = this.#clock.now();
    this.#isChallenged = this.#options.mode === "short" && isChallenge(error);
    // The first probe has nothing to recover yet: it is only made again, as is a short request that is to log in.
    if (this.#header && !this.#isChallenged) this.#outageStartMs ??= nowMs;
    // The connection was in the middle of a fragment; on a new one the stream can still be ended in order.
    this.#isBrokenOff = isInputError(error);
    if (this.#isBrokenOff) throw error;
    if (!(error instanceof Setback)) throw this.#fail(error);
    // A question is answered after the stop too: nothing was lost, and the end is still to come.
    const isOver = error.remedy === "later" && this.#options.stop?.aborted;
    if (error.remedy === "none" || isOver) throw this.#fail(error.error);
    // One that took nothing of the window says nothing about its size.
    const isTooMuch = this.#resentNow > 0 && !this.#isAhead && !NO_CONNECTION.test(error.message);
    if (lost && isTooMuch) this.#window.narrow(this.#resentNow);
    if (error.remedy === "at once") return;
    this.#authorization.reset();
    const delayMs = this.#retry.fail(nowMs, error.retryAfterMs);
    if (delayMs === undefined) throw this.#fail(error.error);
    const { message } = error;
    const attempt = this.#retry.attempts;
    this.#options.onEvent?.({ event: "retrying", attempt, delayMs, message });
    await this.#pause(nowMs + delayMs, error.error);
  }

  async #pause(untilMs: number, error: Error): Promise<void> {
    const { stop } = this.#options;
    const signal = stop ? AbortSignal.any([stop, this.failed]) : this.failed;
    try {
      await this.#clock.waitUntil(untilMs, signal);
    } catch {
      throw this.#fail(error);
    }
  }

  #forget(connection: Connection): void {
    this.#bytes += connection.bytes;
    if (this.#connection === connection) this.#connection = undefined;
  }

  /** Takes the first failure as the one that counts. */
  #fail(error: Error): Error {
    if (!this.failed.aborted) this.#failed.abort(error);
    this.#over.abort();
    const failure = this.failed.reason as Error;
    const connection = this.#connection;
    if (connection) {
      this.#forget(connection);
      connection.abort(failure);
    }
    this.#requests.close().catch(() => {}); // it is of no use any more
    return failure;
  }
}

/** Errors that say what is wrong already, and that no new connection would mend. */
function isInputError({ name }: Error): boolean {
  return name === "InputError" || name === "Mp4SyntaxError";
}

/** Whether a point wants to know who sends, and can be told. */
function isChallenge(error: Error): boolean {
  return error instanceof Setback && error.remedy === "at once" && error.error.status === 401;
}
