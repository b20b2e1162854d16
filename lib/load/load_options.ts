import type { Header } from "../ingest/default_headers.ts";
import type { AuthScheme } from "../ingest/authorization.ts";
import type { TlsOptions } from "../ingest/transport.ts";
import type { ProbeTarget, RecoveryOptions } from "../push_options.ts";
import type { Grouping } from "../source/stream_plan.ts";

/** Whether the fragments of the channels are due one after the other, or all at the same instants. */
export type Phase = "spread" | "aligned";

/** What each channel does; all of it can go to a thread. */
export interface ChannelOptions {
  /** URL of a publishing point; `{channel}` in it stands for the name of the channel. */
  readonly url: string;
  /** Whether the URL is the one of a single channel, and stays as it is. */
  readonly isSingle: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Path or URL of the server manifest (`.ism`). */
  readonly presentation: string;
  /** Prefix of the stream IDs: `<id>-<channel>-stream<N>`. */
  readonly id: string;
  /** Seconds of media per second of the clock. */
  readonly rate: number;
  readonly phase: Phase;
  readonly group: Grouping;
  readonly create: boolean;
  /** The document of the publishing point file, in place of the usual one. */
  readonly isml?: string | Uint8Array | undefined;
  readonly headers: readonly Header[];
  readonly auth: AuthScheme;
  readonly bearer?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly probe: ProbeTarget;
  readonly recovery: RecoveryOptions;
  readonly maxFragmentBytes?: number | undefined;
  /** Most bytes of fragments that are kept for all channels of a thread. */
  readonly cacheBytes?: number | undefined;
  /** How many channels, from the first one on, are also fetched from the point. */
  readonly watched: number;
}

/** Which channels a generator has: each `step`th one from `first` on. */
export interface ChannelShare {
  readonly first: number;
  readonly step: number;
}
