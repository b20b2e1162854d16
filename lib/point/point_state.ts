import type { IngestTarget } from "./ingest_target.ts";
import type { PointEvent, PointEventKinds, PointEventOf } from "./point_event.ts";
import type { PointReport } from "./report.ts";
import { StreamState } from "./stream_state.ts";

/** What is kept of one publishing point. */
export class PointState {
  /** Path of the URL. */
  readonly point: string;
  readonly #onEvent: ((event: PointEvent) => void) | undefined;
  readonly #streams = new Map<string, StreamState>();
  #probes = 0;

  constructor(point: string, onEvent?: (event: PointEvent) => void) {
    this.point = point;
    this.#onEvent = onEvent;
  }

  /** Counts an empty request, to the bare point or to a stream. */
  probe(target: IngestTarget): void {
    if (target.streamId === undefined) this.#probes++;
    else this.stream(target.streamId, target.eventId).probe();
    this.tell({ event: "probed" }, target.streamId);
  }

  /** The stream with an ID, a new one if there is none. */
  stream(id: string, eventId: string | undefined): StreamState {
    const key = JSON.stringify([eventId ?? null, id]);
    let stream = this.#streams.get(key);
    if (!stream) {
      stream = new StreamState({
        id,
        eventId,
        isPointProbed: () => this.#probes > 0,
        tell: (event) => this.tell(event, id),
      });
      this.#streams.set(key, stream);
    }
    return stream;
  }

  tell(event: PointEventOf<keyof PointEventKinds>, stream = ""): void {
    this.#onEvent?.({ point: this.point, stream, ...event });
  }

  report(): PointReport {
    const streams = [...this.#streams.values()].map((stream) => stream.report());
    return { point: this.point, probes: this.#probes, streams };
  }
}
