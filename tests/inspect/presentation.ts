import type { Inspection } from "../../lib/inspect/inspection.ts";
import type { OddityKind } from "../../lib/inspect/oddity_log.ts";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inspect } from "../../lib/inspect/inspect.ts";
import { concat } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { readMoof, rewriteMoof } from "../../lib/mp4/moof.ts";
import { makeMoov, mdat, pattern } from "../helpers/boxes.ts";
import { kindsOf, textOf } from "../helpers/inspect_bytes.ts";
import { readSample, SAMPLE_FILES, SAMPLE_ISM, samplePath } from "../helpers/sample.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const presentationTest = suite("inspect, a presentation");

presentationTest("finds nothing odd in the sample", async () => {
  const inspection = await inspect(SAMPLE_ISM);
  assert.is(inspection.kind, "presentation");
  assert.equal(inspection.oddities, []);
  assert.equal(inspection.errors, []);
  assert.is(inspection.server?.document.encoding, "UTF-8");
  assert.equal(inspection.server?.tracks.map(({ kind, trackId }) => [kind, trackId]), [
    ["video", 1],
    ["video", 1],
    ["video", 1],
    ["audio", 2],
    ["textstream", 3],
  ]);
  const streams = inspection.client?.streams.map(({ name, span, levels }) =>
    [name, span?.count, span?.end, levels.length] as const
  );
  assert.equal(streams, [
    ["video", 10, 200_000_000n, 3],
    ["audio", 10, 200_000_000n, 1],
    ["captions", 3, 180_000_000n, 1],
  ]);
});

presentationTest("lists each file once, with all its tracks", async () => {
  const { files } = await inspect(SAMPLE_ISM);
  assert.equal(
    files.map(({ location, tracks, index }) => [
      location,
      tracks.map(({ trackId }) => trackId),
      index?.tracks.map(({ entries }) => entries),
    ]),
    [
      [samplePath("sample_560.ismv"), [1, 2], [10, 10]],
      [samplePath("sample_250.ismv"), [1], [10]],
      [samplePath("sample_110.ismv"), [1], [10]],
      [samplePath("sample_text.ismt"), [3], [3]],
    ],
  );
});

presentationTest("tells codecs, sums and fragments of a track", async () => {
  const { files } = await inspect(SAMPLE_ISM);
  const [video, audio] = files[0]!.tracks;
  assert.is(video?.codec?.fourCC, "H264");
  assert.equal([video?.codec?.width, video?.codec?.height], [640, 360]);
  assert.equal([audio?.codec?.channels, audio?.codec?.samplingRate], [2, 48_000]);
  assert.is(audio?.language, "eng");
  const { summary, fragments } = video!;
  assert.is(summary?.count, 10);
  assert.is(summary?.duration, 200_000_000n);
  assert.equal(summary?.startsFrom, { manifest: 10 });
  assert.ok(summary!.minBytes <= summary!.averageBytes);
  assert.ok(summary!.averageBytes <= summary!.maxBytes);
  assert.is(summary?.bitrate, Math.round(summary!.bytes * 8 / 20));
  assert.is(fragments.length, 10);
  assert.equal(fragments[1], {
    index: 1,
    request: 0,
    start: 20_000_000n,
    startFrom: "manifest",
    duration: 20_000_000n,
    samples: 50,
    sequence: 3,
    moofOffset: 143_199,
    moofSize: 476,
    mdatOffset: 143_675,
    mdatSize: 150_494,
  });
});

presentationTest("lists as many fragments as asked for, and the last one", async () => {
  const { files, client } = await inspect(SAMPLE_ISM, { maxFragments: 2 });
  const [video] = files[0]!.tracks;
  assert.equal(video?.fragments.map((it) => it.index), [0, 1]);
  assert.is(video?.last?.index, 9);
  assert.is(video?.summary?.count, 10);
  assert.is(client?.streams[0]?.fragments.length, 2);
  assert.is(client?.streams[0]?.span?.count, 10);
});

interface Change {
  readonly ism?: (text: string) => string;
  readonly ismc?: (text: string) => string;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** Inspects the sample with its manifests or files changed. */
async function inspectChanged({ ism, ismc, files }: Change): Promise<Inspection> {
  const content: Record<string, Uint8Array | string> = {};
  for (const name of SAMPLE_FILES) content[name] = await readSample(name);
  const edit = async (name: string, by: Change["ism"] = (text) => text) => {
    const text = new TextDecoder().decode(await readSample(name));
    content[name] = by(text);
    return content[name] !== text;
  };
  const hasChanged = [await edit("sample.ism", ism), await edit("sample.ismc", ismc)];
  assert.ok(files || hasChanged.includes(true), "the sample is changed");
  return withFolder({ ...content, ...files }, (folder) => inspect(join(folder, "sample.ism")));
}

const disagreements: {
  name: string;
  change: Change;
  kinds: OddityKind[];
  text?: RegExp;
}[] = [
  {
    name: "a bitrate without a level",
    change: { ismc: (text) => text.replace('Bitrate="250000"', 'Bitrate="260000"') },
    kinds: ["bitrate-without-level", "level-without-track"],
    text: /^The video track "video" of 250000 bit\/s has no QualityLevel/,
  },
  {
    name: "a count that is not that of the list",
    change: { ismc: (text) => text.replace('Chunks="10"', 'Chunks="11"') },
    kinds: ["declared-count"],
    text: /"video" says Chunks="11" and lists 10 fragments/,
  },
  {
    name: "fragments that the list does not have",
    change: { ismc: (text) => text.replace(/ *<c n="9" d="20000000" \/>\n/, "") },
    kinds: ["declared-count", "fragment-count"],
  },
  {
    name: "durations that the list has otherwise",
    change: { ismc: (text) => text.replace('n="9" d="20000000"', 'n="9" d="25000000"') },
    kinds: ["listed-times"],
  },
  {
    name: "another timescale in the server manifest",
    change: { ism: (text) => text.replace(/("timeScale" value=)"10000000"/, '$1"90000"') },
    kinds: ["timescale"],
    text: /counts 10000000 ticks per second, by the server manifest 90000/,
  },
  {
    name: "a track that no manifest lists",
    change: { ism: (text) => text.replace(/<audio[^]*<\/audio>/, "") },
    kinds: ["stream-without-track", "unlisted-track"],
  },
  {
    name: "a track without a stream",
    change: { ismc: (text) => text.replace(/<StreamIndex Type="audio"[^]*?<\/StreamIndex>/, "") },
    kinds: ["track-without-stream"],
  },
  {
    name: "a missing client manifest",
    change: { ism: (text) => text.replace("sample.ismc", "gone.ismc") },
    kinds: ["client-manifest-missing"],
    text: /gone\.ismc: Cannot find it/,
  },
  {
    name: "a server manifest that names no client manifest",
    change: { ism: (text) => text.replace(/<meta name="client[^>]*>/, "") },
    kinds: ["client-manifest-missing"],
  },
  {
    name: "a parent that is not there",
    change: {
      ism: (text) => text.replace(/("parentTrackName" value=")video/, "$1film"),
    },
    kinds: ["parent-missing"],
  },
  {
    name: "another codec",
    change: { ismc: (text) => text.replace("AACL", "WMAP").replace('"640"', '"648"') },
    kinds: ["codec"],
  },
  {
    name: "a track that is listed twice",
    change: { ism: (text) => text.replace(/<video[^]*?<\/video>/, "$&$&") },
    kinds: ["name-used-twice"],
  },
];

for (const { name, change, kinds, text } of disagreements) {
  presentationTest(`notes ${name}`, async () => {
    const inspection = await inspectChanged(change);
    const found = kindsOf(inspection);
    for (const kind of kinds) assert.ok(found.includes(kind), `${kind} in ${found}`);
    assert.equal(found.filter((kind) => !kinds.includes(kind)), []);
    if (text) assert.match(textOf(inspection, kinds[0]!)!, text);
    assert.equal(inspection.errors, []);
  });
}

presentationTest("notes bitrates whose fragments are not aligned", async () => {
  const bytes = await readSample("sample_250.ismv");
  const pieces: Uint8Array[] = [];
  let n = 0;
  for (let start = 0; start < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start);
    const box = bytes.subarray(start, start + view.getUint32(0));
    start += box.length;
    const time = n === 4 ? 85_000_000n : BigInt(n) * 20_000_000n;
    const isMoof = view.getUint32(4) === 0x6d6f6f66;
    if (isMoof) n++;
    const tfxd = { time, duration: 20_000_000n };
    pieces.push(isMoof ? rewriteMoof(box, readMoof(box, 0), { tfxd }) : box);
  }
  const inspection = await inspectChanged({ files: { "sample_250.ismv": concat(...pieces) } });
  assert.match(
    textOf(inspection, "unaligned")!,
    /of 250000 bit\/s is not aligned: its fragment 4 starts at 8\.500 s, that of 560000 bit\/s at 8\.000 s/,
  );
  assert.ok(kindsOf(inspection).includes("gap"));
  assert.ok(kindsOf(inspection).includes("overlap"));
});

const broken: { name: string; change: Change; error: RegExp }[] = [
  {
    name: "a media file that is missing",
    change: { ism: (text) => text.replace("sample_250", "sample_gone") },
    error: /sample_gone\.ismv: Cannot find it: there is no such file$/,
  },
  {
    name: "a track ID that is not in the file",
    change: { ism: (text) => text.replace('name="trackID" value="2"', 'name="trackID" value="7"') },
    error: /sample_560\.ismv: Cannot find the track .* \(1, 2\): current value is 7$/,
  },
  {
    name: "a client manifest that is damaged",
    change: { ismc: (text) => text.slice(0, 500) },
    error: /sample\.ismc: Cannot parse the manifest/,
  },
  {
    name: "a media file that is a manifest",
    change: { ism: (text) => text.replace("sample_250.ismv", "sample.ismc") },
    error: /sample\.ismc: Cannot inspect it as it must be XML or start with a box|box/,
  },
];
for (const { name, change, error } of broken) {
  presentationTest(`goes on without ${name}`, async () => {
    const { errors, files } = await inspectChanged(change);
    assert.is(errors.length, 1);
    assert.match(errors[0]!, error);
    assert.ok(files.length >= 3);
  });
}

presentationTest("says that a progressive MP4 cannot be pushed", async () => {
  const bytes = concat(
    writeFtyp(LIVE_FTYP),
    makeMoov({ isProgressive: true }),
    mdat(pattern(100)),
  );
  const { errors } = await inspectChanged({ files: { "sample_250.ismv": bytes } });
  assert.is(errors.length, 1);
  assert.match(errors[0]!, /must have fragments .* current value is a progressive MP4/);
});

presentationTest.run();
