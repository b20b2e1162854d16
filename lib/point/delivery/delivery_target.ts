import { isSafePath } from "../ingest/ingest_target.ts";

/** A fragment that a client asks for (MS-SSTR 2.2.3). */
export interface FragmentRequest {
  /** In bits per second. */
  readonly bitrate: number;
  /** What tells levels of one bitrate apart. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
  /** What is wanted of it: all, its `moof` box alone, or its payload alone. */
  readonly noun: "Fragments" | "FragmentInfo" | "RawFragments";
  /** Name of the `StreamIndex`. */
  readonly stream: string;
  /** In ticks of the stream. */
  readonly time: bigint;
}

/** What the URL of a client means. */
export interface DeliveryTarget {
  /** Decoded path of the point. */
  readonly point: string;
  readonly eventId: string | undefined;
  /** The manifest, if it is no fragment. */
  readonly fragment: FragmentRequest | undefined;
}

const PATH = /^(\/(?:[^/]+\/)*?[^/]+\.isml)(?:\/Events\(([^()/]+)\))?\/(.+)$/i;
const FRAGMENT =
  /^QualityLevels\((\d{1,15})((?:,[^(),/=]+=[^(),/]*)*)\)\/(Fragments|FragmentInfo|RawFragments)\(([^()=/]+)=(\d{1,20})(?:,[^()/]*)?\)$/i;
const NOUNS = ["Fragments", "FragmentInfo", "RawFragments"] as const;

/**
 * Takes the URL of a client apart: `<point>[/Events(<id>)]/Manifest` or
 * `…/QualityLevels(<bitrate>[,<name>=<value>])/Fragments(<name>=<time>)`, in any letter case.
 *
 * @returns `undefined` if it is neither.
 */
export function parseDeliveryTarget({ pathname }: URL): DeliveryTarget | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const [, point, eventId, rest] = PATH.exec(path) ?? [];
  if (point === undefined || rest === undefined || !isSafePath(point)) return undefined;
  if (/^Manifest$/i.test(rest)) return { point, eventId, fragment: undefined };
  const [, bitrate, attributes = "", noun, stream, time] = FRAGMENT.exec(rest) ?? [];
  if (stream === undefined) return undefined;
  const fragment: FragmentRequest = {
    bitrate: Number(bitrate),
    attributes: attributes.split(",").slice(1).map((text) => {
      const at = text.indexOf("=");
      return [text.slice(0, at), text.slice(at + 1)] as const;
    }),
    noun: NOUNS.find((name) => name.toLowerCase() === noun!.toLowerCase())!,
    stream,
    time: BigInt(time!),
  };
  return { point, eventId, fragment };
}
