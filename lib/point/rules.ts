/** What a sender must keep to. */
export interface Rule {
  /** Section of the project's protocol sheet, and the document behind it. */
  readonly clause: string;
  readonly sentence: string;
}

/** Everything that a publishing point can find wrong with a sender. */
export const RULES = {
  "probe": {
    clause: "1.3 (MS-SSTR 3.3.3)",
    sentence: "An empty POST comes before the first body of a stream",
  },
  "ftyp-first": {
    clause: "1.4 (MS-SSTR 2.2.7)",
    sentence: "A body starts with ftyp",
  },
  "header-present": {
    clause: "1.4 (MS-SSTR 2.2.7; Azure 3.1)",
    sentence: "Every body has ftyp and moov in front of its first fragment",
  },
  "header-same": {
    clause: "1.6 (Azure 7.5)",
    sentence: "The header boxes are the same, byte for byte, in every body of a stream",
  },
  "one-sender": {
    clause: "1.1 (MS-SSTR 2.2.7), 1.6 (Azure 9)",
    sentence: "One sender uses a stream ID; a redundant one sends the same header boxes",
  },
  "stream-manifest-place": {
    clause: "1.4 (MS-SSTR 2.2.7)",
    sentence: "A Stream Manifest box stands once, between ftyp and the Live Server Manifest",
  },
  "stream-manifest-syntax": {
    clause: "2.1 (MS-SSTR 2.2.7.2)",
    sentence: "The Stream Manifest is well-formed SMIL and lists streams by their ingest names",
  },
  "manifest-place": {
    clause: "1.4 (MS-SSTR 2.2.7)",
    sentence: "One Live Server Manifest box stands between ftyp and moov",
  },
  "manifest-syntax": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: "The Live Server Manifest is well-formed SMIL and gives each track its trackID",
  },
  "manifest-tracks": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: "The Live Server Manifest lists the tracks of moov, each once, and no others",
  },
  "manifest-bitrate": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: "Each track of the Live Server Manifest has the attribute systemBitrate",
  },
  "manifest-valuetype": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: 'Each param of the Live Server Manifest has valuetype="data"',
  },
  "manifest-names": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: "Tracks with the same bitrate have different names",
  },
  "manifest-timescale": {
    clause: "3 (MS-SSTR 2.2.7.3; Azure)",
    sentence:
      "The timescale of a track in the Live Server Manifest, 10000000 if none, is that of moov",
  },
  "manifest-src": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: "All tracks of the Live Server Manifest have the same src, or none",
  },
  "manifest-subtype": {
    clause: "3, 4.2 (MS-SSTR 2.2.2.3)",
    sentence: "A text track of the Live Server Manifest has a Subtype of four characters",
  },
  "manifest-client-path": {
    clause: "3 (Live Server Manifest reference)",
    sentence: "The Live Server Manifest does not name a client manifest",
  },
  "sparse-alone": {
    clause: "1.8 (Azure 11)",
    sentence: "Sparse tracks are not in a stream with others",
  },
  "sparse-parent": {
    clause: "3 (MS-SSTR 2.2.7.3)",
    sentence: "The parent of a sparse track is neither sparse nor a control track",
  },
  "boxes": {
    clause: "2 (ISO/IEC 14496-12, MS-SSTR 2.2.4)",
    sentence: "A body is whole boxes, each moof with one traf and followed by its mdat",
  },
  "tfxd-once": {
    clause: "2.2 (MS-SSTR 2.2.7.5)",
    sentence: "Every fragment has one TfxdBox",
  },
  "tfxd-version": {
    clause: "2.2 (MS-SSTR 2.2.4.4)",
    sentence: "The TfxdBox is of version 1",
  },
  "tfxd-duration": {
    clause: "2.2 (MS-SSTR 2.2.4.4)",
    sentence: "The duration of the TfxdBox is that of the samples, to a millisecond",
  },
  "times-grow": {
    clause: "5.3 (Azure 3.6-3.8)",
    sentence: "The times of a track grow from fragment to fragment of a body",
  },
  "no-overlap": {
    clause: "5.3 (Azure 3.6-3.8)",
    sentence: "A fragment does not start before the end of the one in front of it",
  },
  "contiguous": {
    clause: "1.6 (Azure 4.7, 7.3)",
    sentence: "A track goes on without a gap, also over a reconnect",
  },
  "same-times": {
    clause: "1.6 (Azure 8, 9)",
    sentence: "What is sent again, or by a redundant sender, starts at the times it had",
  },
  "sequence": {
    clause: "2.2 (MS-SSTR 2.2.4.2)",
    sentence: "The sequence numbers of a track grow",
  },
  "data-offset": {
    clause: "2.2 (MS-SSTR 2.2.4.7)",
    sentence: "The data offset of the first run leads to the first byte of mdat",
  },
  "end-empty": {
    clause: "1.7 (MS-SSTR 3.3.4.2)",
    sentence: "The mfra that ends a stream has no entries",
  },
  "end-last": {
    clause: "1.7 (MS-SSTR 3.3.4.2)",
    sentence: "Nothing follows the end of stream",
  },
  "end-present": {
    clause: "1.7 (MS-SSTR 3.3.4.2)",
    sentence: "A stream that is over has ended with an empty mfra",
  },
  "idle": {
    clause: "1.6 (Azure 7.6)",
    sentence: "A request is not held open for long without a byte",
  },
  "body-ends": {
    clause: "1.3 (MS-SSTR 3.3.4.2)",
    sentence: "A request ends as HTTP has it, its last chunk empty, and waits for the answer",
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** Name of a rule. */
export type RuleId = keyof typeof RULES;

/** One case in which a rule was broken. */
export interface Finding {
  readonly rule: RuleId;
  /** What was there instead. */
  readonly detail: string;
}

/** How a rule was broken. */
export interface Breach {
  readonly rule: RuleId;
  /** How often. */
  readonly count: number;
  /** What was there instead, the first time. */
  readonly detail: string;
}

/** Keeps how often each rule was broken: its size does not depend on how much goes wrong. */
export class Breaches {
  readonly #found = new Map<RuleId, Breach>();

  add({ rule, detail }: Finding): void {
    const found = this.#found.get(rule);
    this.#found.set(rule, {
      rule,
      count: (found?.count ?? 0) + 1,
      detail: found?.detail ?? detail,
    });
  }

  /** All of them, and one more that does not count yet. */
  with(finding: Finding): Breach[] {
    const all = new Breaches();
    for (const [rule, breach] of this.#found) all.#found.set(rule, breach);
    all.add(finding);
    return all.list();
  }

  /** In the order in which they first occurred. */
  list(): Breach[] {
    return [...this.#found.values()];
  }
}
