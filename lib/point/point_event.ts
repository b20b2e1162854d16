import type { PointStateName } from "./point_settings.ts";
import type { RuleId } from "./rules.ts";
import type { FragmentOutcome } from "./ingest/track_timeline.ts";

/** What happens at a publishing point. */
export type PointEventKinds = {
  /** The point is there now. */
  created: unknown;
  /** An empty request came. */
  probed: unknown;
  /** A request with a body began. */
  began: unknown;
  /** A fragment came whole. */
  fragment: {
    readonly trackId: number;
    /** Ticks per second. */
    readonly timescale: number;
    /** In ticks. */
    readonly time: bigint;
    /** In ticks. */
    readonly duration: bigint;
    /** Of the payload. */
    readonly bytes: number;
    readonly outcome: FragmentOutcome;
  };
  /** Fragments are missing in front of the one that came. */
  gap: {
    readonly trackId: number;
    /** Ticks per second. */
    readonly timescale: number;
    /** Where it starts, in ticks. */
    readonly time: bigint;
    /** In ticks. */
    readonly size: bigint;
    /** How many, by the numbers of `mfhd`. */
    readonly missing: number;
  };
  /** All that a stream sends is behind what players have, and is dropped; told once. */
  behind: {
    readonly trackId: number;
    /** Ticks per second. */
    readonly timescale: number;
    /** Of the fragment, in ticks. */
    readonly time: bigint;
    /** Of the last fragment that players have, in ticks. */
    readonly reached: bigint;
  };
  /** The sender broke a rule. */
  broken: { readonly rule: RuleId; readonly detail: string };
  /** A request with a body was answered. */
  answered: { readonly status: number };
  /** A request with a body broke off. */
  lost: { readonly message: string };
  /** The point is in another state. */
  state: {
    readonly state: PointStateName;
    /** Of the broadcast, if it has one. */
    readonly eventId: string | undefined;
    /** Counts the broadcasts of the point, from 1; 0 in front of the first. */
    readonly broadcast: number;
  };
  /** A request was refused, or a body cut, for a reason that is not in its bytes: state, limits, credentials. */
  refused: { readonly status: number; readonly message: string };
  /** Fragments went before their time, as memory was short. */
  shed: { readonly fragments: number };
  /** The point is gone. */
  deleted: unknown;
};

/** Some of the events, without where they happen. */
export type PointEventOf<Kind extends keyof PointEventKinds> = {
  [K in Kind]: { readonly event: K } & PointEventKinds[K];
}[Kind];

/** Something that happens at a publishing point. */
export type PointEvent = PointEventOf<keyof PointEventKinds> & {
  /** Path of the point. */
  readonly point: string;
  /** ID of the stream; empty where the event is about the point. */
  readonly stream: string;
};
