import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Presentation } from "../../lib/source/presentation.ts";
import { type Grouping, planStreams } from "../../lib/source/stream_plan.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";

const test = suite("planStreams");

const cases: readonly {
  readonly group?: Grouping;
  readonly mediaFile?: string;
  readonly streams: readonly string[];
}[] = [
  {
    streams: [
      "0 sample_560.ismv 1",
      "1 sample_250.ismv 1",
      "2 sample_110.ismv 1",
      "3 sample_560.ismv 2",
      "4 sample_text.ismt 3 below video",
    ],
  },
  {
    group: "file",
    streams: [
      "0 sample_560.ismv 1,2",
      "1 sample_250.ismv 1",
      "2 sample_110.ismv 1",
      "3 sample_text.ismt 3 below video",
    ],
  },
  { mediaFile: "sample_560.ismv", streams: ["0 sample_560.ismv 1", "1 sample_560.ismv 2"] },
  { group: "file", mediaFile: "sample_560.ismv", streams: ["0 sample_560.ismv 1,2"] },
  { mediaFile: "sample_text.ismt", streams: ["0 sample_text.ismt 3 below video"] },
];
for (const { group, mediaFile, streams } of cases) {
  test(`divides ${mediaFile ?? "the sample"} by ${group ?? "default"}`, async () => {
    const presentation = await Presentation.open(SAMPLE_ISM, { mediaFile });
    const plans = planStreams(presentation, group);
    await presentation.close();
    assert.equal(
      plans.map(({ number, file, tracks, isSparse, parentTrackName }) => {
        const name = file.name.split(/[/\\]/).at(-1);
        const ids = tracks.map(({ trackId }) => trackId).join(",");
        return `${number} ${name} ${ids}${isSparse ? ` below ${parentTrackName}` : ""}`;
      }),
      streams,
    );
  });
}

test.run();
