import type { Inspection } from "../../lib/inspect/inspection.ts";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { inspect } from "../../lib/inspect/inspect.ts";
import { formatInspection } from "../../lib/cli/inspect_report.ts";
import { formatJson } from "../../lib/inspect/inspection_json.ts";
import { kindsOf, textOf } from "../helpers/inspect_bytes.ts";
import { hasVectors, vector } from "../helpers/vectors.ts";

const inspectVector = (path: string) => inspect(fileURLToPath(vector(path)));

const test = suite("inspect on real files");

/** Kind of the input, fragments of each track of each file, kinds of the oddities. */
type Facts = [kind: Inspection["kind"], fragments: number[][], oddities: string[]];

const facts: Readonly<Record<string, Facts>> = {
  "astool/Audio_0_org.isma": ["media", [[99]], []],
  "astool/Video_0_org.ismv": ["media", [[35]], []],
  "astool/PushEncoder.isml": ["publishing-point", [], []],
  "astool/ee_500.ism": ["presentation", [[35], [99]], []],
  "astool/audiovideo.ismc": ["client-manifest", [], []],
  "astool/live-manifest-video-from-comment.xml": ["live-manifest", [], []],
  "dashjs/manifest.xml": ["client-manifest", [], []],
  "dashjs/mss_moof.mp4": ["media", [[1]], ["data-offset", "no-moov"]],
  "exoplayer/sample_ismc_1": ["client-manifest", [], ["declared-count", "listed-times"]],
  "ffmpeg-abr/abr.ism": ["presentation", [[10], [10], [10], [10]], []],
  "ffmpeg-abr/abr_ismindex.ism": ["presentation", [[10], [10], [10], [10]], []],
  "ffmpeg-abr/abr_repeat.ism": ["presentation", [[10], [10], [10], [10]], []],
  "ffmpeg-abr/abr_utf16.ism": ["presentation", [[10], [10], [10], [10]], []],
  "ffmpeg-bframes/bf.ism": ["presentation", [[6]], []],
  "ffmpeg-live-capture/body.bin": ["media", [[5, 5]], []],
  "ffmpeg-live-capture/live-server-manifest.raw.xml": ["live-manifest", [], []],
  "ffmpeg-livearchive/arch.ism": ["presentation", [[6], [6]], []],
  "ffmpeg-longgop/long.ism": ["presentation", [[7]], []],
  "ffmpeg-muxed/muxed.ism": ["presentation", [[6, 6], [6]], []],
  "home-text/text.ism": ["presentation", [[10], [10], [3]], []],
  "inputstream.adaptive/TearsOfSteel.ism": ["client-manifest", [], []],
  "livesim2-cmaf/audio/init.cmfa": ["media", [[0]], ["no-fragments"]],
  "livesim2-cmaf/audio/896605655.cmfa": ["media", [[1]], ["no-moov"]],
  "livesim2-cmaf/scte/896605655.cmfm": ["media", [[1]], ["no-moov"]],
  "mp4ff/bbb5s_aac.isma": ["media", [[3]], []],
  "mp4ff/sample_short.ismt": ["media", [[2]], []],
  "ms-docs/scte35-sparse.ismc": ["client-manifest", [], []],
  "rx-player/300000-Fragments(video=0).mp4": ["media", [[1]], ["no-moov"]],
  "usp-ingest/scte35.ismv": ["media", [[54]], ["sequence", "no-ftyp", "no-index"]],
};
for (const [path, wanted] of Object.entries(facts)) {
  test(`reads ${path}`, async () => {
    const inspection = await inspectVector(path);
    const fragments = inspection.files.map(({ tracks }) =>
      tracks.map(({ summary }) => summary?.count ?? 0)
    );
    assert.equal([inspection.kind, fragments, kindsOf(inspection)], wanted);
    assert.equal(inspection.errors, []);
  });
}

test("tells a stale data offset of a server that added a tfrf", async () => {
  const inspection = await inspectVector("dashjs/mss_moof.mp4");
  assert.match(textOf(inspection, "data-offset")!, /\(936\): it points 61 bytes in front of/);
  const [fragment] = inspection.files[0]!.tracks[0]!.fragments;
  assert.is(fragment?.tfxd?.time, 1_236_046_960_307_666n);
  assert.is(fragment?.tfrf?.length, 2);
  assert.is(fragment?.samples, 50);
});

test("tells what a live encoder sends", async () => {
  const { files } = await inspectVector("ffmpeg-live-capture/body.bin");
  const [body] = files;
  assert.equal(
    body?.boxes.map(({ type, name, count }) => [name ?? type, count]),
    [["ftyp", 1], ["Live Server Manifest", 1], ["moov", 1], ["moof", 10], ["mdat", 10], [
      "mfra",
      1,
    ]],
  );
  const { liveManifest } = body!.headers[0]!;
  assert.is(liveManifest?.document.size, 1552);
  assert.equal(liveManifest?.tracks.map(({ trackName }) => trackName), ["video_und", "audio_eng"]);
  assert.equal(body?.requests[0]?.endOfStream, { offset: 342_460, size: 8, by: "mfra" });
  assert.is(body?.index, undefined);
});

test("tells a tfrf box in every fragment of a live archive but the last", async () => {
  const { files } = await inspectVector("ffmpeg-livearchive/arch.ism");
  for (const { tracks } of files) {
    const { summary, fragments } = tracks[0]!;
    assert.is(summary?.start, 12_345_678_800_000n);
    assert.equal(summary?.tfxdVersions, { 1: 6 });
    assert.is(summary?.tfrfCount, fragments.filter(({ tfrf }) => tfrf).length);
    assert.is(fragments[0]?.tfrf?.[0]?.time, fragments[1]?.start);
  }
});

test("tells subtitles with several samples in a fragment", async () => {
  const { files } = await inspectVector("mp4ff/sample_short.ismt");
  const [track] = files[0]!.tracks;
  assert.equal([track?.handler, track?.timescale, track?.codec?.fourCC], ["text", 1000, "WVTT"]);
  assert.ok(track!.summary!.samples > track!.summary!.count);
});

test("tells events that count from 1970", async () => {
  const { files } = await inspectVector("usp-ingest/scte35.ismv");
  const [track] = files[0]!.tracks;
  assert.equal([track?.handler, track?.timescale], ["meta", 1]);
  assert.is(track?.summary?.start, 1_540_820_894n);
  assert.equal(track?.summary?.startsFrom, { tfdt: 54 });
});

test("tells how manifests are encoded", async () => {
  const { server, client } = await inspectVector("ffmpeg-abr/abr_utf16.ism");
  assert.equal([server?.document.encoding, client?.document.encoding], ["UTF-16LE", "UTF-16LE"]);
});

test("tells which files are missing", async () => {
  const { errors, files, client } = await inspectVector("astool/audiovideo.ism");
  assert.is(errors.length, 4);
  assert.match(errors[0]!, /audiovideo_3000\.ismv: Cannot find it: there is no such file$/);
  assert.equal(files, []);
  assert.is(client?.streams.length, 2);
});

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(vector(folder), { withFileTypes: true });
  const paths = await Promise.all(entries.map((entry) => {
    const path = `${folder}${entry.name}`;
    return entry.isDirectory() ? filesIn(`${path}/`) : [path];
  }));
  return paths.flat().sort();
}

test("reads or refuses every file, and shows it in 100 columns and as JSON", async () => {
  const paths = await filesIn("./");
  assert.ok(paths.length > 80);
  for (const path of paths) {
    try {
      const inspection = await inspectVector(path);
      for (const line of formatInspection(inspection, 100)) {
        assert.ok(line.length <= 100, `${path}: ${line}`);
        assert.is(line, line.trimEnd());
      }
      const parsed = JSON.parse([...formatJson(inspection)].join(""));
      assert.is(parsed.kind, inspection.kind);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      assert.match(path, /\.(md|txt|json|csv|sh|py)$/);
    }
  }
});

const without = suite("inspect on real files");
without.skip("as there are none", () => {});

(hasVectors ? test : without).run();
