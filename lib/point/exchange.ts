import type { Clock } from "../clock.ts";
import type { StreamPart } from "../part.ts";
import type { PointExtension } from "./extension.ts";
import type { IngestTarget } from "./ingest/ingest_target.ts";
import type { PointLimits } from "./limits.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { PointEvent } from "./point_event.ts";
import type { PointSettings } from "./point_settings.ts";
import type { RequestBody } from "./ingest/request_body.ts";
import { PointState } from "./point_state.ts";

/** A moment at which a request can be answered otherwise. */
export interface AnswerMoment {
  /** The head is there, or a fragment came whole, or the body is over. */
  readonly stage: "start" | "fragment" | "end";
  /** Method, URL and headers; its body is being read. */
  readonly request: Request;
  /** Path of the point. */
  readonly point: string;
  readonly stream?: string | undefined;
  /** Of the body so far; 0 at the end of a probe. */
  readonly bytes: number;
  /** Of the body so far. */
  readonly fragments: number;
}

/** What a server asks and tells while it takes in a body. */
export interface IngestHooks {
  readonly onPart?:
    | ((streamId: string, part: StreamPart, point: string) => void | Promise<void>)
    | undefined;
  readonly answer?:
    | ((moment: AnswerMoment) => Response | undefined | Promise<Response | undefined>)
    | undefined;
  readonly extensions: readonly PointExtension[];
}

/** What all points of a server have in common. */
export class PointHost {
  readonly limits: PointLimits;
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly defaults: PointSettings;
  readonly autoCreate: boolean;
  readonly hooks: IngestHooks;
  readonly tell: (event: PointEvent) => void;
  readonly #points = new Map<string, PointState>();
  readonly #closed = new AbortController();

  constructor(
    options: Pick<
      PointHost,
      "limits" | "clock" | "budget" | "defaults" | "autoCreate" | "hooks" | "tell"
    >,
  ) {
    this.limits = options.limits;
    this.clock = options.clock;
    this.budget = options.budget;
    this.defaults = options.defaults;
    this.autoCreate = options.autoCreate;
    this.hooks = options.hooks;
    this.tell = options.tell;
  }

  /** In the order in which they came to be. */
  get points(): readonly PointState[] {
    return [...this.#points.values()];
  }

  /** The point with a path, in any letter case. */
  find(point: string): PointState | undefined {
    return this.#points.get(point.toLowerCase());
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Whether there may be no more. */
  get isFull(): boolean {
    return this.#points.size >= this.limits.points;
  }

  /** Makes a point, which must not be there yet. */
  add(point: string, settings: PointSettings): PointState {
    const state = new PointState(point, settings, {
      tell: this.tell,
      clock: this.clock,
      budget: this.budget,
      signal: this.#closed.signal,
      maxStreams: this.limits.streams,
    });
    this.#points.set(point.toLowerCase(), state);
    state.tell({ event: "created" });
    return state;
  }

  /** Shuts a point down and lets go of it. */
  delete(state: PointState): void {
    state.leave();
    this.#points.delete(state.point.toLowerCase());
    state.tell({ event: "deleted" });
  }

  /** Cuts all bodies and ends all waits. */
  close(): void {
    this.#closed.abort();
    for (const { broadcast } of this.#points.values()) broadcast?.cut(503, "the server is closed");
  }
}

/** A request of an encoder that is to be answered. */
export interface Exchange {
  readonly host: PointHost;
  readonly request: Request;
  /** IP address of the sender, where it is known. */
  readonly source: string | undefined;
  readonly target: IngestTarget;
  readonly body: RequestBody;
}

/** What a hook answers in place of the server. */
export async function otherAnswer(
  { host, request, target }: Exchange,
  stage: AnswerMoment["stage"],
  { bytes, fragments }: Pick<AnswerMoment, "bytes" | "fragments"> = { bytes: 0, fragments: 0 },
): Promise<Response | undefined> {
  const { point, streamId: stream } = target;
  return await host.hooks.answer?.({ stage, request, point, stream, bytes, fragments });
}

/** A refusal with a sentence for people. */
export function refuse(status: number, message: string, headers: HeadersInit = {}): Response {
  return new Response(`${message}\n`, { status, headers });
}
