import type { Header } from "../ingest/default_headers.ts";
import type { Clock } from "../clock.ts";
import type { Transport } from "../ingest/transport.ts";
import type { AuthScheme } from "../ingest/authorization.ts";
import type { TlsOptions } from "../ingest/transport.ts";
import type { ProbeTarget, RecoveryOptions } from "../push_options.ts";
import type { Grouping } from "../source/stream_plan.ts";
import type { BenchStep } from "./bench_report.ts";
import type { ChannelFacts } from "./channel_source.ts";
import type { Phase } from "./load_options.ts";
import type { Goal } from "./slo.ts";
import type { Tally } from "./tally.ts";

/** How a load test is going; told about once a second. */
export interface BenchProgress {
  /** What is being done. */
  readonly state: "calibrating" | "measuring" | "ending";
  readonly elapsedSeconds: number;
  /** Of the measurement; none for a search, which takes as long as it takes. */
  readonly totalSeconds?: number;
  readonly channels: number;
  /** Channels that are to run. */
  readonly target: number;
  /** Everything so far. */
  readonly tally: Tally;
  /** In the last second. */
  readonly bytesPerSecond: number;
  readonly fragmentsPerSecond: number;
  /** How late what is due is already without having been taken, in milliseconds. */
  readonly overdueMs: number;
  /** Cores that the process used in the last second. */
  readonly cpuCores: number;
  /** Steps of a search that are over. */
  readonly steps: readonly BenchStep[];
}

/** Which part of the channels this machine has. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** Options for `bench`. */
export interface BenchOptions {
  /**
   * URL of a publishing point, without credentials. `{channel}` in it stands for the number of a channel; without it the
   * number goes behind the name of the point (`live-7.isml`), or nowhere if there is one channel alone.
   */
  url: string;
  user?: string | undefined;
  password?: string | undefined;
  /** Path or URL of the server manifest (`.ism`); every channel pushes all of it, again and again. */
  presentation: string;
  /**
   * Channels of all machines together; in a search the number to begin with.
   *
   * @default {1}
   */
  channels?: number | undefined;
  /**
   * New channels per second.
   *
   * @default {50}
   */
  ramp?: number | undefined;
  /**
   * How long all channels run, in seconds; the time in which they start comes on top.
   *
   * @default {30}
   */
  seconds?: number | undefined;
  /**
   * Seconds of media per second of the clock.
   *
   * @default {1}
   */
  rate?: number | undefined;
  /** @default {"spread"} */
  phase?: Phase | undefined;
  /**
   * Threads; one runs in the process itself.
   *
   * @default {as many as there are cores}
   */
  workers?: number | undefined;
  /** @default {all channels} */
  shard?: Shard | undefined;
  /**
   * How many channels are also fetched from the point.
   *
   * @default {0}
   */
  watch?: number | undefined;
  /** What is to be kept. */
  slo?: readonly Goal[] | undefined;
  /** Looks for the most channels that keep the objective. */
  findMax?: boolean | undefined;
  /**
   * How long each number of channels is held in a search, in seconds.
   *
   * @default {10}
   */
  stepSeconds?: number | undefined;
  /**
   * Most channels that a search tries.
   *
   * @default {100000}
   */
  maxChannels?: number | undefined;
  /**
   * How long the generator is measured against a point without a network first, in seconds; 0 for not at all.
   *
   * @default {3}
   */
  calibrateSeconds?: number | undefined;
  /**
   * Prefix of the stream IDs: `<id>-<channel>-stream<N>`.
   *
   * @default {"bench"}
   */
  id?: string | undefined;
  /** @default {"track"} */
  group?: Grouping | undefined;
  /** Puts the publishing point file of each channel first. */
  create?: boolean | undefined;
  /** The document of that file, in place of the usual one; bytes go out as they are. */
  isml?: string | Uint8Array | undefined;
  /** Request headers to add. */
  headers?: readonly Header[] | undefined;
  /** @default {"auto"} */
  auth?: AuthScheme | undefined;
  /** Token for `Authorization: Bearer`, where no user is named. */
  bearer?: string | undefined;
  /** For points behind `https:`. */
  tls?: TlsOptions | undefined;
  /** @default {"ingest"} */
  probe?: ProbeTarget | undefined;
  /**
   * What a stream does about a lost connection.
   *
   * @default {as in a push: tries for ever, and begins with the last two fragments of each track and the last 16 MiB}
   */
  recovery?: RecoveryOptions | undefined;
  /**
   * Most bytes of one fragment.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number | undefined;
  /**
   * Most bytes of fragments that each thread keeps for its channels.
   *
   * @default {268435456}
   */
  cacheBytes?: number | undefined;
  /** Of this program, for the report. */
  version?: string | undefined;
  /** What else the report is to say of the conditions, by name. */
  conditions?: Readonly<Record<string, string>> | undefined;
  /** Ends the test in order; what was measured until then counts. */
  stop?: AbortSignal | undefined;
  /** Cuts all connections. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: BenchProgress) => void) | undefined;
  /** Is told what is odd, once for each kind. */
  onWarning?: ((message: string) => void) | undefined;
  /** Is told what one channel sends before the test begins. */
  onFacts?: ((facts: ChannelFacts) => void) | undefined;
  /**
   * Keeps all channels in this thread.
   *
   * @default {systemClock}
   */
  clock?: Clock | undefined;
  /** In place of the network; keeps all channels in this thread. */
  transport?: Transport | undefined;
}
