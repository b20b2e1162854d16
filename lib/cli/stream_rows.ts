import type { PushEvent, StreamState } from "../push_event.ts";

/** What is shown of one stream to one point. */
export interface StreamRow {
  readonly point: string;
  readonly stream: string;
  readonly tracks: readonly string[];
  /** In bits per second. */
  readonly bitrate: number;
  state:
    | "waiting"
    | "probing"
    | "connected"
    | "streaming"
    | "late"
    | "retrying"
    | "resending"
    | StreamState;
  mediaSeconds: number;
  fragments: number;
  bytes: number;
  lateMs: number;
  /** Fragments that were sent again. */
  resent: number;
  reconnects: number;
}

/** Up to which a stream that was late is late no more, in milliseconds. */
const ON_TIME_MS = 1000;

/** Keeps what the events of a push say of each stream. */
export class StreamRows {
  readonly #planned = new Map<string, { tracks: readonly string[]; bitrate: number }>();
  readonly #rows = new Map<string, StreamRow>();

  /** In the order in which they first showed up. */
  get rows(): readonly StreamRow[] {
    return [...this.#rows.values()];
  }

  /** Takes in an event. */
  update(event: PushEvent): void {
    if (event.event === "planned") {
      for (const { stream, tracks, bitrate } of event.streams) {
        this.#planned.set(stream, { tracks, bitrate });
      }
      return;
    }
    if (event.stream === "") return;
    const row = this.#row(event.point, event.stream);
    if (event.event === "probing") row.state = "probing";
    else if (event.event === "connected") row.state = "connected";
    else if (event.event === "retrying") row.state = "retrying";
    else if (event.event === "late") row.state = "late";
    else if (event.event === "resending") {
      row.state = "resending";
      row.resent += event.fragments;
    } else if (event.event === "recovered") {
      row.state = "streaming";
      row.reconnects++;
    } else if (event.event === "fragment") {
      if (row.state !== "late" || event.lateMs <= ON_TIME_MS) row.state = "streaming";
      row.mediaSeconds = Math.max(row.mediaSeconds, event.mediaSeconds);
      row.lateMs = event.lateMs;
      row.fragments++;
      row.bytes += event.bytes;
    } else if (event.event === "ended") {
      row.state = event.state;
      row.fragments = event.fragments;
      row.bytes = event.bytes;
      row.resent = event.resent;
      row.reconnects = event.reconnects;
    }
  }

  #row(point: string, stream: string): StreamRow {
    const key = `${point} ${stream}`;
    let row = this.#rows.get(key);
    if (!row) {
      const { tracks = [], bitrate = 0 } = this.#planned.get(stream) ?? {};
      row = {
        point,
        stream,
        tracks,
        bitrate,
        state: "waiting",
        mediaSeconds: 0,
        fragments: 0,
        bytes: 0,
        lateMs: 0,
        resent: 0,
        reconnects: 0,
      };
      this.#rows.set(key, row);
    }
    return row;
  }
}
