import type { Clock } from "../clock.ts";
import type { IngestTarget } from "./ingest/ingest_target.ts";
import type { Refusal } from "./ingest/ingest_body.ts";
import type { MemoryBudget, MemoryHolder } from "./memory_budget.ts";
import type { PointEvent, PointEventKinds, PointEventOf } from "./point_event.ts";
import type { PointSettings, PointStateName } from "./point_settings.ts";
import type { PointReport } from "./report.ts";
import type { RequestBody } from "./ingest/request_body.ts";
import { Broadcast, type BroadcastStream, isSparse } from "./broadcast.ts";
import { StreamState } from "./ingest/stream_state.ts";

/** What a publishing point needs of its server. */
export interface PointSurroundings {
  readonly tell: (event: PointEvent) => void;
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  /** Ends all waits. */
  readonly signal: AbortSignal;
  /** Most streams. */
  readonly maxStreams: number;
}

/** What the header boxes of all streams take: nothing of it can be let go of. */
class HeaderBytes implements MemoryHolder {
  bytes = 0;

  shed(): boolean {
    return false;
  }

  drop(): boolean {
    return false;
  }
}

/** A stream that was probed is expected for so long. */
const PROBE_PATIENCE_MS = 10_000;

/** One publishing point: its state, its broadcast, and what is counted of each stream over all broadcasts. */
export class PointState {
  /** Path of the URL. */
  readonly point: string;
  settings: PointSettings;
  readonly #around: PointSurroundings;
  readonly #streams = new Map<string, StreamState>();
  /** Streams that were probed and have sent nothing since, and when. */
  readonly #expected = new Map<string, number>();
  readonly #headers = new HeaderBytes();
  #probes = 0;
  #state: PointStateName = "Idle";
  #broadcast: Broadcast | undefined;
  #broadcasts = 0;
  #isWaiting = false;
  #shedCount = 0;

  constructor(point: string, settings: PointSettings, around: PointSurroundings) {
    this.point = point;
    this.settings = settings;
    this.#around = around;
    around.budget.add(this.#headers);
  }

  get state(): PointStateName {
    return this.#state;
  }

  /** What is sent, or was sent last; none if the point is idle. */
  get broadcast(): Broadcast | undefined {
    return this.#broadcast;
  }

  /**
   * Lets a request in, and starts the point if that is what the request does.
   *
   * @param hasBody Whether it is more than a probe.
   */
  admit({ streamId: id, eventId }: IngestTarget, hasBody: boolean): Refusal | undefined {
    if (this.#state === "ShuttingDown") return refusal("it is shutting down");
    if (id !== undefined && this.#isFull(id, eventId)) {
      return refusal(`it takes at most ${this.#around.maxStreams} streams`);
    }
    const { startOnFirstRequest, restartOnEncoderReconnect } = this.settings;
    if (this.#state === "Idle") {
      if (!startOnFirstRequest) return refusal("it is idle, and must be started by hand");
      if (hasBody) this.start();
    } else if (this.#state === "Stopped" && !(hasBody && this.#isLateSparse(id!, eventId))) {
      if (!restartOnEncoderReconnect) return refusal("it is stopped, and must be shut down first");
      if (hasBody) this.start();
    }
    return hasBody ? this.#admitEvent(eventId) : undefined;
  }

  #isFull(id: string, eventId: string | undefined): boolean {
    if (this.#streams.has(keyOf(id, eventId))) return false;
    return this.#streams.size >= this.#around.maxStreams && !this.#forgetStream();
  }

  /** Lets go of the counters of the oldest stream that is not on: senders take another ID each time they start. */
  #forgetStream(): boolean {
    const isOn = this.#state === "Starting" || this.#state === "Started";
    const on = isOn ? this.#broadcast : undefined;
    for (const [key, { id, eventId, isOpen, headerBytes }] of this.#streams) {
      if (isOpen || (on?.streams.has(id) && on.eventId === eventId)) continue;
      this.#streams.delete(key);
      this.#headers.bytes -= headerBytes;
      this.#expected.delete(id);
      return true;
    }
    return false;
  }

  /** The last words of a sparse stream come after the end of the others. */
  #isLateSparse(id: string, eventId: string | undefined): boolean {
    const stream = this.#broadcast?.streams.get(id);
    return stream !== undefined && isSparse(stream) && !stream.hasEnded &&
      this.#broadcast!.eventId === eventId && this.#expected.size === 0;
  }

  /** All streams of a broadcast have the same event, or none. */
  #admitEvent(eventId: string | undefined): Refusal | undefined {
    const broadcast = this.#broadcast!;
    if (broadcast.streams.size === 0) broadcast.eventId = eventId;
    if (broadcast.eventId === eventId) return undefined;
    if (broadcast.isBusy || !this.settings.restartOnEncoderReconnect) {
      const name = broadcast.eventId === undefined ? "one without an ID" : `"${broadcast.eventId}"`;
      return refusal(`another event is on, ${name}`);
    }
    this.#finish();
    this.start();
    this.#broadcast!.eventId = eventId;
    return undefined;
  }

  /** Counts an empty request, to the bare point or to a stream. */
  probe({ streamId: id, eventId }: IngestTarget): void {
    if (id === undefined) this.#probes++;
    else {
      this.stream(id, eventId).probe();
      if (!this.#broadcast?.streams.get(id)?.bodies.size) {
        this.#expected.set(id, this.#around.clock.now() + PROBE_PATIENCE_MS);
      }
    }
    this.tell({ event: "probed" }, id);
  }

  /** The stream with an ID, a new one if there is none. */
  stream(id: string, eventId: string | undefined): StreamState {
    const key = keyOf(id, eventId);
    let stream = this.#streams.get(key);
    if (!stream) {
      stream = new StreamState({
        id,
        eventId,
        isPointProbed: () => this.#probes > 0,
        tell: (event) => this.tell(event, id),
        onHeaderBytes: (change) => this.#headers.bytes += change,
      });
      this.#streams.set(key, stream);
    }
    return stream;
  }

  /** A body that was let in begins. */
  open(
    id: string,
    body: RequestBody,
    source?: string,
  ): { broadcast: Broadcast; stream: BroadcastStream } {
    this.#expected.delete(id);
    const broadcast = this.#broadcast!;
    return { broadcast, stream: broadcast.open(id, body, source) };
  }

  /** Moves on if something has come that makes the point start or stop. */
  update(): void {
    const broadcast = this.#broadcast;
    if (!broadcast) return;
    if (this.#state === "Starting" && broadcast.isStarted) this.#enter("Started");
    if (this.#state === "Started" && broadcast.isOver && !this.#waitForExpected()) this.#finish();
    if (this.#state === "Stopped") broadcast.store.end();
    const { shedCount } = broadcast.store;
    if (shedCount > this.#shedCount) {
      this.tell({ event: "shed", fragments: shedCount - this.#shedCount });
      this.#shedCount = shedCount;
    }
  }

  /** Whether a stream was probed a short time ago that has not come yet. */
  #waitForExpected(): boolean {
    const { clock, signal } = this.#around;
    for (const [id, untilMs] of this.#expected) {
      if (untilMs <= clock.now()) this.#expected.delete(id);
    }
    const [untilMs] = this.#expected.values();
    if (untilMs === undefined) return false;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      clock.waitUntil(untilMs, signal).then(() => {
        this.#isWaiting = false;
        this.update();
      }, () => {});
    }
    return true;
  }

  /** Starts a new broadcast: the point waits for its encoders. */
  start(): void {
    this.#forget();
    const { windowSeconds, lookaheadChunks: lookahead } = this.settings;
    const number = ++this.#broadcasts;
    this.#broadcast = new Broadcast({ number, windowSeconds, lookahead });
    this.#around.budget.add(this.#broadcast.store);
    this.#enter("Starting");
  }

  /** Stops by hand: bodies are cut, what is there stays for clients. */
  stop(): void {
    if (this.#state !== "Starting" && this.#state !== "Started") return;
    this.#finish(() => this.#broadcast!.cut(403, "the publishing point was stopped"));
  }

  /** Lets go of all that is there. */
  shutDown(): void {
    if (this.#state === "Idle") return;
    this.#enter("ShuttingDown");
    this.#broadcast?.cut(403, "the publishing point was shut down");
    this.#forget();
    this.#expected.clear();
    this.#enter("Idle");
  }

  /** It is taken away: what it holds does not count any more. */
  leave(): void {
    this.shutDown();
    this.#around.budget.remove(this.#headers);
  }

  #finish(stop?: () => void): void {
    this.#enter("Stopping");
    stop?.();
    this.#broadcast!.store.end();
    this.#enter("Stopped");
  }

  #forget(): void {
    if (this.#broadcast) this.#around.budget.remove(this.#broadcast.store);
    this.#broadcast = undefined;
    this.#shedCount = 0;
  }

  #enter(state: PointStateName): void {
    this.#state = state;
    const eventId = this.#broadcast?.eventId;
    this.tell({ event: "state", state, eventId, broadcast: this.#broadcasts });
  }

  tell(event: PointEventOf<keyof PointEventKinds>, stream = ""): void {
    this.#around.tell({ point: this.point, stream, ...event });
  }

  report(): PointReport {
    const streams = [...this.#streams.values()].map((stream) => stream.report());
    return { point: this.point, state: this.#state, probes: this.#probes, streams };
  }
}

function keyOf(id: string, eventId: string | undefined): string {
  return JSON.stringify([eventId ?? null, id]);
}

function refusal(reason: string): Refusal {
  return { status: 403, message: `the publishing point takes nothing: ${reason}` };
}
