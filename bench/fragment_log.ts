/** A fragment as the sink saw it come in. */
export interface SeenFragment {
  /** Path of its request, query included. */
  readonly path: string;
  /** What its `tfxd` box says, in ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  /** When its `moof` box began to come in, in milliseconds by the clock of the sink. */
  readonly firstMs: number;
  /** When the last byte of its `mdat` box had come in. */
  readonly lastMs: number;
}

/** Reads what the sink says about the fragments of requests that are watched. */
export function parseFragmentLog(lines: readonly string[]): SeenFragment[] {
  const paths = new Map<string, string>();
  const fragments: SeenFragment[] = [];
  for (const line of lines) {
    if (line.startsWith("=")) {
      const space = line.indexOf(" ");
      paths.set(line.slice(1, space), line.slice(space + 1));
      continue;
    }
    const [request = "", time = "", duration = "", first = "", last = ""] = line.split(" ");
    fragments.push({
      path: paths.get(request)!,
      time: BigInt(time),
      duration: BigInt(duration),
      firstMs: Number(first) / 1e6,
      lastMs: Number(last) / 1e6,
    });
  }
  return fragments;
}
