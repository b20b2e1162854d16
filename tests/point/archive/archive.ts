import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamState } from "../../../lib/push_event.ts";
import type { PointExtension } from "../../../lib/point/extension.ts";
import { parseClientManifest } from "../../../lib/manifest/client_manifest.ts";
import { formatLiveServerManifest } from "../../../lib/manifest/live_server_manifest.ts";
import { liveTrack } from "../../../lib/manifest/live_track.ts";
import { parseServerManifest } from "../../../lib/manifest/server_manifest.ts";
import { join as joinBytes } from "../../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox } from "../../../lib/mp4/manifest_box.ts";
import { readMfra, writeEndOfStream } from "../../../lib/mp4/mfra.ts";
import { createArchive } from "../../../lib/point/archive/archive.ts";
import { createPointServer, type PointServer } from "../../../lib/point/point_server.ts";
import { Presentation } from "../../../lib/source/presentation.ts";
import { push } from "../../../lib/push.ts";
import { makeMoof, makeMoov, mdat, type MoofFields, pattern } from "../../helpers/boxes.ts";
import { pushToServer } from "../../helpers/push_to_server.ts";
import { SAMPLE_ISM } from "../../helpers/sample.ts";
import { withFolder } from "../../helpers/temp_folder.ts";
import { hasVectors, vector } from "../../helpers/vectors.ts";
import { fileURLToPath } from "node:url";
import { readBody, splitBoxes, type WireFragment } from "../../helpers/wire.ts";

const SECOND = 10_000_000n;

/** Works with a server that archives into a folder of its own. */
function withArchive<T>(
  work: (server: PointServer, folder: string) => Promise<T>,
  options: {
    readonly renewSeconds?: number;
    /** In front of the archive, and behind it. */
    readonly first?: readonly PointExtension[];
    readonly more?: readonly PointExtension[];
  } = {},
): Promise<T> {
  const { first = [], more = [], ...archive } = options;
  return withFolder({}, async (folder) => {
    const extensions = [...first, createArchive({ folder, now: () => 0, ...archive }), ...more];
    const server = createPointServer({ autoCreate: true, extensions });
    try {
      return await work(server, folder);
    } finally {
      await server.close();
    }
  });
}

const read = async (...path: string[]) => new Uint8Array(await readFile(join(...path)));
const readText = (...path: string[]) => readFile(join(...path), "utf8");

/** The files below a folder, with `/` between the names. */
async function filesOf(folder: string, prefix = ""): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const found = await Promise.all(entries.map(async (entry) => {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    return entry.isDirectory() ? await filesOf(folder, path) : [path];
  }));
  return found.flat().sort();
}

/** What a push of a presentation puts on the wire, by track: name, bitrate and ID. */
async function wireOf(presentation: string): Promise<Map<string, readonly WireFragment[]>> {
  return await withFolder({}, async (folder) => {
    const report = await push({ output: folder, presentation, id: "w", rate: "max" });
    assert.equal(report.streams.map(({ state }) => state).filter((it) => it !== "complete"), []);
    return await wiresIn(folder);
  });
}

async function wiresIn(folder: string): Promise<Map<string, readonly WireFragment[]>> {
  const tracks = new Map<string, readonly WireFragment[]>();
  for (const file of await filesOf(folder)) {
    const { manifest, fragments } = readBody(await read(folder, file));
    const value = (name: string) =>
      new RegExp(`name="${name}" value="([^"]*)"`).exec(manifest!)![1];
    const id = value("trackID");
    tracks.set(`${value("trackName")} ${value("systemBitrate")} ${id}`, fragments);
  }
  return tracks;
}

const timesOf = (fragments: readonly WireFragment[]) =>
  fragments.map(({ tfxds: [tfxd] }) => tfxd!.time);
const durationsOf = (fragments: readonly WireFragment[]) =>
  fragments.map(({ tfxds: [tfxd] }) => tfxd!.duration);

/* The whole circle. */

const circle = suite("createArchive: pushed, archived, pushed again");

const presentations = [
  { name: "the sample", path: SAMPLE_ISM, hasWork: true },
  ...[
    "ffmpeg-abr/abr.ism",
    "ffmpeg-livearchive/arch.ism",
    "home-text/text.ism",
    "ffmpeg-bframes/bf.ism",
  ]
    .map((path) => ({ name: path, path: fileURLToPath(vector(path)), hasWork: hasVectors })),
].filter(({ hasWork }) => hasWork);
for (const { name, path } of presentations) {
  for (const group of ["track", "file"] as const) {
    circle(`keeps payloads and durations of ${name}, and moves the times (${group})`, async () => {
      const base = { numerator: 1_800_000_000n, denominator: 1n };
      await withArchive(async (server, folder) => {
        const report = await pushToServer(server, path, { base, group });
        assert.equal(report.streams.filter(({ state }) => state !== "complete"), []);
        const [first, second] = [
          await wireOf(path),
          await wireOf(join(folder, "live.isml/broadcast/live.ism")),
        ];
        assert.equal([...second.keys()].sort(), [...first.keys()].sort());
        for (const [track, fragments] of first) {
          const again = second.get(track)!;
          assert.equal(
            again.map(({ payload }) => payload),
            fragments.map(({ payload }) => payload),
          );
          assert.equal(durationsOf(again), durationsOf(fragments), track);
          assert.equal(timesOf(again), timesOf(fragments), track);
        }
      });
    });
  }
}

circle("has the times of the broadcast", async () => {
  const base = { numerator: 1_800_000_000n, denominator: 1n };
  await withArchive(async (server, folder) => {
    await pushToServer(server, SAMPLE_ISM, { base });
    await server.close();
    const path = [folder, "live.isml/broadcast"] as const;
    assert.equal(await filesOf(join(...path)), [
      "9-stream0.ismv",
      "9-stream1.ismv",
      "9-stream2.ismv",
      "9-stream3.isma",
      "9-stream4.ismt",
      "live.ism",
      "live.ismc",
    ]);
    const body = await read(...path, "9-stream0.ismv");
    const start = 1_800_000_000n * SECOND;
    assert.equal(
      timesOf(readBody(body).fragments),
      Array.from({ length: 10 }, (_, n) => start + BigInt(n) * 2n * SECOND),
    );
    assert.equal(splitBoxes(body).slice(0, 3).map(({ type }) => type), ["ftyp", "uuid", "moov"]);
    const manifest = parseClientManifest(await readText(...path, "live.ismc"));
    assert.equal([manifest.duration, manifest.isLive], [20n * SECOND, false]);
    assert.equal(
      manifest.streams.map((
        { type, name, levels, fragments },
      ) => [type, name, levels.length, fragments.length, fragments[0]!.start]),
      [
        ["video", "video", 3, 10, start],
        ["audio", "audio", 1, 10, start],
        ["text", "captions", 1, 3, start + 2n * SECOND],
      ],
    );
    assert.equal(
      manifest.streams[0]!.levels.map((
        { bitrate, fourCC, maxWidth },
      ) => [bitrate, fourCC, maxWidth]),
      [
        [560000, "H264", 640],
        [250000, "H264", 384],
        [110000, "H264", 256],
      ],
    );
    assert.is(manifest.streams[2]!.parentStreamIndex, "video");
    const { tracks } = parseServerManifest(await readText(...path, "live.ism"));
    assert.equal(
      tracks.map(({ src, trackName, parentTrackName }) => [src, trackName, parentTrackName]),
      [
        ["9-stream0.ismv", "video", undefined],
        ["9-stream1.ismv", "video", undefined],
        ["9-stream2.ismv", "video", undefined],
        ["9-stream3.isma", "audio", undefined],
        ["9-stream4.ismt", "captions", "video"],
      ],
    );
  });
});

circle("ends each file with an index", async () => {
  await withArchive(async (server, folder) => {
    await pushToServer(server, SAMPLE_ISM, { group: "file" });
    const bytes = await read(folder, "live.isml/broadcast/9-stream0.ismv");
    const boxes = splitBoxes(bytes);
    assert.is(boxes.at(-1)!.type, "mfra");
    const { tracks } = readMfra(boxes.at(-1)!.bytes, 0);
    assert.equal(tracks.map(({ trackId, entries }) => [trackId, entries.length]), [[1, 10], [
      2,
      10,
    ]]);
    for (const { entries } of tracks) {
      for (const { moofOffset } of entries) {
        assert.is(String.fromCharCode(...bytes.subarray(moofOffset + 4, moofOffset + 8)), "moof");
      }
    }
  });
});

circle.run();

/* A server that is killed. */

const killed = suite("createArchive: killed in the middle");

/** Copies an archive while it is written, the `.ism` first: what it names is there already. */
async function copyOf(folder: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const copy = async (name: string) => await writeFile(join(to, name), await read(folder, name));
  await copy("live.ism");
  for (const name of await filesOf(folder)) {
    if (!/\.(?:ism|tmp)$/.test(name)) await copy(name);
  }
}

/** Pushes what is left of an archive; how its streams ended, and what went out. */
async function pushAgain(presentation: string) {
  return await withFolder({}, async (output) => {
    const report = await push({ output, presentation, id: "w", rate: "max", liveArchive: true });
    const states = report.streams.map(({ state }): StreamState => state);
    return {
      states,
      fragments: report.streams.map(({ fragments }) => fragments),
      wires: await wiresIn(output),
    };
  });
}

killed("leaves an archive that can be pushed after every fragment", async () => {
  await withFolder({}, async (copies) => {
    const kept: { readonly copy: string; readonly fragments: number }[] = [];
    let fragments = 0;
    let folder = "";
    // One part at a time: a copy must not be made in the middle of a write of another stream.
    let turn = Promise.resolve();
    let next = () => {};
    const gate: PointExtension = {
      onPart: async () => {
        const before = turn;
        let leave = () => {};
        turn = new Promise((resolve) => leave = resolve);
        await before;
        next = leave;
      },
    };
    const spy: PointExtension = {
      onPart: async ({ part }) => {
        if (part.type === "fragment") {
          const count = ++fragments;
          const copy = join(copies, String(count));
          await copyOf(join(folder, "live.isml/broadcast"), copy);
          kept.push({ copy, fragments: count });
        }
        next();
      },
    };
    await withArchive(async (server, archive) => {
      folder = archive;
      await pushToServer(server, SAMPLE_ISM);
    }, { first: [gate], more: [spy] });
    assert.is(fragments, 43);
    for (const { copy, fragments } of kept) {
      const { states, fragments: sent } = await pushAgain(join(copy, "live.ism"));
      assert.ok(states.every((state) => state === "complete"), `after ${fragments}`);
      const total = sent.reduce((sum, it) => sum + it, 0);
      assert.is(total, fragments);
      parseClientManifest(await readText(copy, "live.ismc"));
    }
  });
});

killed("leaves what is whole where a write was cut at any place", async () => {
  await withArchive(async (server, folder) => {
    await pushToServer(server, SAMPLE_ISM);
    await server.close();
    const archive = join(folder, "live.isml/broadcast");
    const bytes = await read(archive, "9-stream2.ismv");
    const boxes = splitBoxes(bytes);
    const starts = boxes.map((_, n) =>
      boxes.slice(0, n).reduce((sum, box) => sum + box.bytes.length, 0)
    );
    const moof = boxes.findIndex(({ type }, n) => type === "moof" && n > 8);
    const at = starts[moof]!;
    const whole = boxes.slice(0, moof).filter(({ type }) => type === "moof").length;
    const mdatAt = starts[moof + 1]!;
    const cuts = [
      at,
      at + 1,
      at + 4,
      at + 8,
      at + 20,
      mdatAt - 1,
      mdatAt,
      mdatAt + 4,
      mdatAt + 8,
      mdatAt + 9,
      starts[moof + 2]! - 1,
    ];
    for (const cut of cuts) {
      await writeFile(join(archive, "9-stream2.ismv"), bytes);
      await truncate(join(archive, "9-stream2.ismv"), cut);
      const { states, wires } = await pushAgain(join(archive, "live.ism"));
      // A stream that breaks off is what exit code 3 stands for; the others are whole.
      const expected: StreamState = cut === at ? "complete" : "broken";
      assert.equal(
        states,
        ["complete", "complete", expected, "complete", "complete"],
        `cut at ${cut}`,
      );
      assert.is(wires.get("video 110000 1")!.length, whole, `cut at ${cut}`);
    }
    const last = starts.at(-1)!;
    for (const cut of [last, last + 1, last + 8, bytes.length - 1]) {
      await writeFile(join(archive, "9-stream2.ismv"), bytes);
      await truncate(join(archive, "9-stream2.ismv"), cut);
      const { wires } = await pushAgain(join(archive, "live.ism"));
      assert.is(wires.get("video 110000 1")!.length, 10, `index cut at ${cut}`);
    }
  });
});

killed("names no file before there is a whole fragment in it", async () => {
  await withFolder({}, async (folder) => {
    const extensions = [createArchive({ folder })];
    const server = createPointServer({ autoCreate: true, extensions });
    await post(server, [...header(), fragment(0)], "a");
    await post(server, header(), "b");
    const { tracks } = parseServerManifest(await readText(folder, "live.isml/broadcast/live.ism"));
    assert.equal(tracks.map(({ src }) => src), ["a.isma"]);
    await server.close();
  });
});

/* What is written, fragment by fragment. */

const test = suite("createArchive");

const manifestBox = (fields: { readonly trackName?: string; readonly systemBitrate?: number }) =>
  writeLiveServerManifestBox(formatLiveServerManifest([
    liveTrack({
      server: {
        kind: "audio",
        trackId: 1,
        systemBitrate: 64000,
        manifestOutput: false,
        params: [],
        ...fields,
      },
    }),
  ]));
const header = (
  fields: {
    readonly trackName?: string;
    readonly systemBitrate?: number;
    readonly language?: string;
  } = {},
) => {
  const { language = "eng", ...track } = fields;
  return [writeFtyp(LIVE_FTYP), manifestBox(track), makeMoov({ tracks: [{ language }] })];
};
const end = writeEndOfStream();

function fragment(index: number, fields: MoofFields = {}): Uint8Array {
  const tfxd = { time: BigInt(index) * 2n * SECOND, duration: 2n * SECOND };
  return joinBytes([
    makeMoof({ sequenceNumber: index + 1, tfxd, ...fields }),
    mdat(pattern(100, index)),
  ]);
}

async function post(
  server: PointServer,
  boxes: readonly Uint8Array[],
  stream = "s",
  point = "/live.isml",
): Promise<number> {
  const body = joinBytes(boxes) as Uint8Array<ArrayBuffer>;
  const url = `http://server${point}/Streams(${stream})`;
  const { status } = await server.fetch(new Request(url, { method: "POST", body }));
  return status;
}

const timesIn = async (...path: string[]) =>
  timesOf(readBody(await read(...path)).fragments).map((time) => Number(time / SECOND));

test("leaves duplicates and late fragments out", async () => {
  await withArchive(async (server, folder) => {
    await post(server, [...header(), fragment(0), fragment(2), fragment(3)]);
    await post(server, [...header(), fragment(2), fragment(1), fragment(3), fragment(4), end]);
    assert.equal(await timesIn(folder, "live.isml/broadcast/s.isma"), [0, 4, 6, 8]);
  });
});

test("goes on behind an index where a stream goes on behind its end", async () => {
  await withArchive(async (server, folder) => {
    await post(server, [...header({ systemBitrate: 1 }), fragment(0)], "b");
    await post(server, [...header(), fragment(0), fragment(1), end]);
    const path = join(folder, "live.isml/broadcast/s.isma");
    assert.is(splitBoxes(await read(path)).at(-1)!.type, "mfra");
    await post(server, [...header(), fragment(2)]);
    assert.equal(await timesIn(path), [0, 2, 4]);
    assert.is(splitBoxes(await read(path)).at(-1)!.type, "mdat");
    await post(server, [...header(), fragment(3), end]);
    assert.equal(await timesIn(path), [0, 2, 4, 6]);
    const boxes = splitBoxes(await read(path));
    assert.equal(readMfra(boxes.at(-1)!.bytes, 0).tracks[0]!.entries.length, 4);
    assert.is(boxes.filter(({ type }) => type === "mfra").length, 1);
  });
});

test("begins another file where a stream goes back or has another header", async () => {
  await withArchive(async (server, folder) => {
    await post(server, [...header({ systemBitrate: 1 }), fragment(0)], "b");
    await post(server, [...header(), fragment(5), fragment(6), end]);
    await post(server, [...header(), fragment(0), end]);
    await post(server, [...header({ language: "fra" }), fragment(1), end]);
    const path = join(folder, "live.isml/broadcast");
    assert.equal(await timesIn(path, "s.isma"), [10, 12]);
    assert.equal(await timesIn(path, "s-2.isma"), [0]);
    assert.equal(await timesIn(path, "s-3.isma"), [2]);
    const { tracks } = parseServerManifest(await readText(path, "live.ism"));
    assert.equal(tracks.map(({ src }) => src), ["s-2.isma", "s-3.isma", "s.isma", "b.isma"]);
    const { streams } = parseClientManifest(await readText(path, "live.ismc"));
    assert.equal(
      streams.map(({ fragments }) => fragments.map(({ start }) => Number(start / SECOND))),
      [[0, 2, 10, 12]],
    );
  });
});

test("lists what redundant streams share once", async () => {
  await withArchive(async (server, folder) => {
    await post(server, [...header(), fragment(0)], "a");
    await post(server, [...header(), fragment(0), fragment(1), end], "b");
    const path = join(folder, "live.isml/broadcast");
    const { tracks } = parseServerManifest(await readText(path, "live.ism"));
    assert.equal(tracks.map(({ src }) => src), ["b.isma"]);
    assert.equal(await timesIn(path, "a.isma"), [0]);
  });
});

test("gives a fragment without a tfxd box one", async () => {
  await withArchive(async (server, folder) => {
    await post(server, [
      ...header(),
      fragment(0, { tfxd: undefined }),
      fragment(1, { tfxd: undefined }),
      end,
    ]);
    assert.equal(await timesIn(folder, "live.isml/broadcast/s.isma"), [0, 2]);
  });
});

test("cuts off what comes before 0 in manifests and index, and keeps it in the media", async () => {
  await withArchive(async (server, folder) => {
    const early = { time: -SECOND / 2n, duration: 2n * SECOND };
    await post(server, [...header(), fragment(0, { tfxd: early }), end]);
    const path = join(folder, "live.isml/broadcast");
    const { streams } = parseClientManifest(await readText(path, "live.ismc"));
    assert.equal(streams[0]!.fragments, [{ start: 0n, duration: 3n * SECOND / 2n }]);
    const body = await read(path, "s.isma");
    assert.is(readBody(body).fragments[0]!.tfxds[0]!.time, -SECOND / 2n);
    assert.is(readMfra(splitBoxes(body).at(-1)!.bytes, 0).tracks[0]!.entries.at(0)!.time, 0n);
  });
});

test("writes the manifests again while it goes on", async () => {
  await withArchive(async (server, folder) => {
    await post(server, [...header(), fragment(0), fragment(1), fragment(2)]);
    const { streams } = parseClientManifest(
      await readText(folder, "live.isml/broadcast/live.ismc"),
    );
    assert.is(streams[0]!.fragments.length, 3);
  }, { renewSeconds: 0 });
  await withArchive(async (server, folder) => {
    await post(server, [...header(), fragment(0), fragment(1), fragment(2)]);
    const count = async () => {
      const text = await readText(folder, "live.isml/broadcast/live.ismc");
      return parseClientManifest(text).streams[0]!.fragments.length;
    };
    assert.is(await count(), 1);
    await server.close();
    assert.is(await count(), 3);
  }, { renewSeconds: 3600 });
});

test("keeps points, events and broadcasts apart", async () => {
  await withArchive(async (server, folder) => {
    const body = [...header(), fragment(0), end];
    for (const path of ["/live.isml", "/a/b.isml", "/a/b.isml/Events(monday)"]) {
      assert.is(await post(server, body, "s", path), 200, path);
    }
    await server.fetch(new Request("http://server/live.isml", { method: "DELETE" }));
    assert.is(await post(server, body), 200);
    await server.close();
    assert.equal((await filesOf(folder)).filter((path) => path.endsWith(".ism")), [
      "a/b.isml/broadcast/b.ism",
      "a/b.isml/monday/b.ism",
      "live.isml/broadcast-2/live.ism",
      "live.isml/broadcast/live.ism",
    ]);
  });
});

test("never writes over an earlier archive", async () => {
  await withFolder({}, async (folder) => {
    for (let n = 0; n < 2; n++) {
      const extensions = [createArchive({ folder })];
      const server = createPointServer({ autoCreate: true, extensions });
      await post(server, [...header(), fragment(n), end]);
      await server.close();
    }
    assert.equal(await timesIn(folder, "live.isml/broadcast/s.isma"), [0]);
    assert.equal(await timesIn(folder, "live.isml/broadcast-2/s.isma"), [2]);
  });
});

test("stays in its folder whatever a stream is called", async () => {
  await withArchive(async (server, folder) => {
    const context = {
      point: "/../x/a.isml",
      event: "..",
      broadcast: 1,
      tracks: [],
      position: undefined,
    };
    const archive = createArchive({ folder });
    const moov = makeMoov();
    const part = { type: "header" as const, boxes: [moov], tracks: [] };
    await archive.onPart?.({ ...context, stream: "../../s", part, header: part });
    for (const stream of ["con", "CON", ".", "a b", "%2e%2e", "a:b", "é"]) {
      await post(
        server,
        [...header({ trackName: `n${stream.length}` }), fragment(0)],
        encodeURIComponent(stream),
      );
    }
    const files = (await filesOf(folder)).filter((path) => path.endsWith(".isma"));
    assert.ok(
      files.every((path) => /^live\.isml\/broadcast\/[\p{L}\p{N}._~-]+\.isma$/u.test(path)),
      files.join(),
    );
    assert.ok(files.includes("live.isml/broadcast/_con.isma"));
  });
});

test("lets the broadcast go on where it cannot write, and says so once", async () => {
  await withFolder({ "live.isml": "in the way" }, async (folder) => {
    const errors: Error[] = [];
    const extensions = [createArchive({ folder, onError: (error) => errors.push(error) })];
    const server = createPointServer({ autoCreate: true, extensions });
    assert.is(await post(server, [...header(), fragment(0), fragment(1), end]), 200);
    await server.close();
    assert.is(errors.length, 1);
    assert.match(errors[0]!.message, /^Cannot write the archive of \/live\.isml: /);
  });
});

test("fails the request where it cannot write and nobody is told", async () => {
  await withFolder({ "live.isml": "in the way" }, async (folder) => {
    const server = createPointServer({ autoCreate: true, extensions: [createArchive({ folder })] });
    try {
      await post(server, [...header(), fragment(0)]);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /^Cannot write the archive/);
    }
  });
});

test("takes only intervals that are numbers from 0 on", () => {
  for (const renewSeconds of [-1, Number.NaN]) {
    assert.throws(() => createArchive({ folder: "x", renewSeconds }), /interval must be a number/);
  }
});

test("is a presentation that can be opened without a word", async () => {
  await withArchive(async (server, folder) => {
    await pushToServer(server, SAMPLE_ISM);
    await server.close();
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const path = join(folder, "live.isml/broadcast/live.ism");
    const presentation = await Presentation.open(path, { onWarning });
    await presentation.close();
    assert.equal(warnings, []);
  });
});

test.run();
killed.run();
