import { suite } from "uvu";
import * as assert from "uvu/assert";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../lib/errors.ts";
import { concat, uint32, writeBox } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { Presentation, type PresentationOptions } from "../../lib/source/presentation.ts";
import { planStreams } from "../../lib/source/stream_plan.ts";
import { streamSource } from "../../lib/source/stream_source.ts";
import { fromTicks, type Rational, subtract } from "../../lib/time.ts";
import { makeFile, makeMoov, mdat, patched, pattern, walkBoxes } from "../helpers/boxes.ts";
import { FileServer, type FileServerOptions } from "../helpers/file_server.ts";
import { bytesOf, collect, failure, fragmentsOf } from "../helpers/parts.ts";
import { parseParts } from "../helpers/pieces.ts";
import { readSample, SAMPLE_FILES, SAMPLE_ISM, samplePath } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { until } from "../helpers/until.ts";
import { hasVectors, readVector, vector } from "../helpers/vectors.ts";

/** What a presentation must turn out to be. */
interface Expected {
  readonly name: string;
  /** Name, bitrate and number of fragments of each track; sparse ones in brackets. */
  readonly tracks: readonly string[];
  readonly origin: Rational;
  /** End of the longest track, from 0. */
  readonly end: bigint;
  /** Streams where each track is one, and where each file is one. */
  readonly streams: readonly [number, number];
}

const TIMESCALE = 10_000_000;
const ticks = (count: bigint) => fromTicks(count, TIMESCALE);
const abr = (name: string, bitrates: readonly number[]): Expected => ({
  name: `ffmpeg-abr/${name}.ism`,
  tracks: [...bitrates.slice(0, 3).map((it) => `video ${it} 10`), `audio ${bitrates[3]} 10`],
  origin: ticks(0n),
  end: 200_213_334n,
  streams: [4, 4],
});
const RATES = [400_000, 200_000, 100_000, 64_000];

const sample: Expected = {
  name: "sample.ism",
  tracks: [
    "video 560000 10",
    "video 250000 10",
    "video 110000 10",
    "audio 48000 10",
    "[captions 1000 3]",
  ],
  origin: ticks(0n),
  end: 200_000_000n,
  streams: [5, 4],
};
const presentations: readonly Expected[] = [
  {
    name: "astool/ee_500.ism",
    tracks: ["video 500000 35", "audio 64000 99"],
    origin: ticks(0n),
    end: 1_979_501_134n,
    streams: [2, 2],
  },
  abr("abr", RATES),
  abr("abr_utf16", RATES),
  abr("abr_repeat", RATES),
  abr("abr_ismindex", [407_448, 203_526, 101_541, 64_178]),
  {
    name: "ffmpeg-bframes/bf.ism",
    tracks: ["video 200000 6"],
    origin: ticks(0n),
    end: 120_000_000n,
    streams: [1, 1],
  },
  {
    name: "ffmpeg-livearchive/arch.ism",
    tracks: ["video 100000 6", "audio 48000 6"],
    origin: ticks(12_345_678_800_000n),
    end: 12_345_799_013_334n,
    streams: [2, 2],
  },
  {
    name: "ffmpeg-longgop/long.ism",
    tracks: ["video 100000 7"],
    origin: ticks(0n),
    end: 450_116_333n,
    streams: [1, 1],
  },
  {
    name: "ffmpeg-muxed/muxed.ism",
    tracks: ["video 200000 6", "audio_eng 48000 6", "video 100000 6"],
    origin: ticks(0n),
    end: 120_232_200n,
    streams: [3, 2],
  },
  {
    name: "home-text/text.ism",
    tracks: ["video 100000 10", "audio 64000 10", "[captions 1000 3]"],
    origin: ticks(0n),
    end: 200_213_334n,
    streams: [3, 3],
  },
];

const openTest = suite("Presentation");

async function withPresentation(
  location: string,
  options: PresentationOptions,
  work: (presentation: Presentation) => Promise<void>,
): Promise<void> {
  const presentation = await Presentation.open(location, options);
  try {
    await work(presentation);
  } finally {
    await presentation.close();
  }
}

async function checkTracks(presentation: Presentation, { tracks }: Expected): Promise<void> {
  const found = await Promise.all(presentation.tracks.map(async (it) => {
    await it.file!.complete();
    const text = `${it.live.trackName} ${it.live.systemBitrate} ${
      it.file!.count(it.track!.trackId)
    }`;
    return it.isSparse ? `[${text}]` : text;
  }));
  assert.equal(found, tracks);
}

/** Starts as the client manifest has them, contiguous but for sparse tracks; rounding may take a tick. */
async function checkTimes(presentation: Presentation): Promise<void> {
  for (const { file, track, stream, isSparse } of presentation.tracks) {
    const { trackId } = track!;
    assert.is(stream!.fragments.length, file!.count(trackId));
    let end: bigint | undefined;
    for (const [n, listed] of stream!.fragments.entries()) {
      const row = (await file!.fragment(trackId, n))!;
      assert.is(row.start, listed.start);
      assert.ok(row.duration - listed.duration <= 1n && listed.duration - row.duration <= 1n);
      if (!isSparse && end !== undefined) assert.is(row.start, end);
      end = row.start + row.duration;
    }
  }
}

/** Every payload as it lies in the file. */
async function checkPayloads(
  presentation: Presentation,
  read: (name: string) => Promise<Uint8Array>,
): Promise<void> {
  for (const plan of planStreams(presentation)) {
    const { trackId } = plan.tracks[0]!;
    const parts = fragmentsOf(
      await collect(streamSource({ file: plan.file, trackIds: [trackId] })),
    );
    const name = plan.file.name.split(/[/\\]/).at(-1)!;
    const expected = fragmentsOf(parseParts(await read(name)))
      .filter((it) => it.trackId === trackId);
    assert.is(parts.length, expected.length);
    for (const [n, { payload }] of parts.entries()) {
      sameBytes(await bytesOf(payload), await bytesOf(expected[n]!.payload));
    }
  }
}

function testPresentation(
  expected: Expected,
  location: string,
  read: (name: string) => Promise<Uint8Array>,
): void {
  const { name } = expected;
  const told: string[] = [];
  const options = { onWarning: (message: string) => told.push(message) };
  openTest(`opens ${name}`, () =>
    withPresentation(location, options, async (presentation) => {
      const early = await presentation.timeline(ticks(77n));
      await checkTracks(presentation, expected);
      assert.equal(await presentation.timeline(ticks(77n)), early, "as with all fragments known");
      await checkTimes(presentation);
      await checkPayloads(presentation, read);
      const { origin, period, base } = await presentation.timeline(ticks(77n));
      assert.equal(origin, expected.origin);
      assert.equal(period, subtract(ticks(expected.end), expected.origin));
      assert.equal(base, ticks(77n));
      const plans = [planStreams(presentation), planStreams(presentation, "file")];
      assert.equal(plans.map((it) => it.length), expected.streams);
      assert.equal(told, []);
    }));
}
testPresentation(sample, SAMPLE_ISM, readSample);
for (const expected of hasVectors ? presentations : []) {
  const folder = expected.name.split("/")[0];
  const read = (name: string) => readVector(`${folder}/${name}`);
  testPresentation(expected, fileURLToPath(vector(expected.name)), read);
}

if (hasVectors) {
  openTest("takes the times of an archive from its files alone", () => {
    const location = fileURLToPath(vector("ffmpeg-livearchive/arch.ism"));
    return withPresentation(location, { liveArchive: true }, async (presentation) => {
      assert.equal((await presentation.timeline()).origin, ticks(12_345_678_800_000n));
    });
  });
}

// Parts of the sample

const ism = (tracks: string, client = "") =>
  `<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>${
    client && `<meta name="clientManifestRelativePath" content="${client}"/>`
  }</head><body><switch>${tracks}</switch></body></smil>`;
const entry = (src: string, trackId = 1, params = "", kind = "video") =>
  `<${kind} src="${src}" systemBitrate="1000"><param name="trackID" value="${trackId}"/>${params}</${kind}>`;
const param = (name: string, value: string) => `<param name="${name}" value="${value}"/>`;

const partTest = suite("Presentation, parts");

partTest(
  "opens all tracks of one file alone, and counts the others all the same",
  () =>
    withPresentation(SAMPLE_ISM, { mediaFile: "sample_560.ismv" }, async (presentation) => {
      assert.is(presentation.tracks.length, 5);
      assert.equal(presentation.wantedTracks.map(({ live }) => live.trackId), [1, 2]);
      assert.equal((await presentation.timeline()).period, ticks(200_000_000n));
      assert.is(planStreams(presentation, "file").length, 1);
    }),
);

partTest(
  "does without a file that is not wanted and not there",
  () =>
    withFolder({}, async (folder) => {
      for (const name of ["sample.ism", "sample.ismc", "sample_560.ismv"]) {
        await copyFile(samplePath(name), join(folder, name));
      }
      const told: string[] = [];
      const options = {
        mediaFile: join(folder, "sample_560.ismv"),
        onWarning: (message: string) => told.push(message),
      };
      await withPresentation(join(folder, "sample.ism"), options, async (presentation) => {
        assert.equal((await presentation.timeline()).period, ticks(200_000_000n));
        assert.is(told.length, 3);
        assert.ok(told.every((it) => it.includes("there is no such file")));
      });
    }),
);

partTest(
  "warns about a file that neither it nor the client manifest can tell the length of",
  () =>
    withFolder({
      "a.ism": ism(entry("a.ismv") + entry("b.ismv")),
      "a.ismv": makeFile(),
    }, async (folder) => {
      const told: string[] = [];
      const options = { mediaFile: "a.ismv", onWarning: (message: string) => told.push(message) };
      await withPresentation(join(folder, "a.ism"), options, async (presentation) => {
        assert.equal((await presentation.timeline()).period, ticks(60_000_000n));
      });
      assert.is(
        told.at(-1),
        "b.ismv cannot be read and does not count for the length of the presentation",
      );
    }),
);

partTest(
  "opens a presentation without a client manifest",
  () =>
    withFolder(
      { "a.ism": ism(entry("a.ismv"), "a.ismc"), "a.ismv": makeFile() },
      async (folder) => {
        const told: string[] = [];
        const options = { onWarning: (message: string) => told.push(message) };
        await withPresentation(join(folder, "a.ism"), options, (presentation) => {
          assert.is(presentation.client, undefined);
          assert.is(told.length, 1);
          assert.match(
            told[0]!,
            /a\.ismc: Cannot find it.*; codecs and times come from the media files alone$/,
          );
          return Promise.resolve();
        });
      },
    ),
);

partTest("finds the earliest start and the latest end over all tracks that are not sparse", () => {
  const at = (time: bigint, duration: bigint) => ({
    sampleDuration: Number(duration) / 2,
    tfxd: { time, duration },
  });
  const captions = param("parentTrackName", "video");
  return withFolder({
    "a.ism": ism(
      entry("a.ismv") + entry("b.ismv", 1, "", "audio") +
        entry("c.ismt", 1, captions, "textstream"),
    ),
    "a.ismv": makeFile({ fragments: [at(100n, 50n), at(150n, 50n)] }),
    "b.ismv": makeFile({
      moov: makeMoov({ tracks: [{ timescale: 44_100 }] }),
      fragments: [at(-1024n, 2048n)],
    }),
    "c.ismt": makeFile({ fragments: [at(-1_000_000_000n, 50n), at(1_000_000_000n, 50n)] }),
  }, async (folder) => {
    await withPresentation(join(folder, "a.ism"), {}, async (presentation) => {
      const { origin, period } = await presentation.timeline();
      assert.equal(origin, fromTicks(-1024n, 44_100));
      assert.equal(period, subtract(fromTicks(1024n, 44_100), origin));
    });
  });
});

partTest(
  "warns of a sparse track without its parent, and of a timescale that is not the file's",
  () =>
    withFolder({
      "a.ism": ism(
        entry("a.ismv", 1, param("timescale", "90000")) +
          entry("a.ismv", 1, param("parentTrackName", "picture"), "textstream"),
      ),
      "a.ismv": makeFile(),
    }, async (folder) => {
      const told: string[] = [];
      const location = join(folder, "a.ism");
      const options = { onWarning: (message: string) => told.push(message) };
      await withPresentation(location, options, () => Promise.resolve());
      assert.equal(told, [
        "a.ismv: track 1 counts 10000000 ticks per second, the manifest says 90000; the former counts",
        `${location}: the parent "picture" of the sparse track "textstream" is not in the presentation`,
      ]);
    }),
);

const lists = [
  { fragments: 3, liveArchive: false, isTold: false },
  { fragments: 4, liveArchive: false, isTold: true },
  { fragments: 2, liveArchive: false, isTold: true },
  { fragments: 2, liveArchive: true, isTold: false },
  { fragments: 0, liveArchive: false, isTold: false },
];
for (const { fragments, liveArchive, isTold } of lists) {
  partTest(
    `${
      isTold ? "warns" : "is silent"
    } where ${fragments} of three are listed, archive ${liveArchive}`,
    () => {
      const entries = '<c d="20000000"/>'.repeat(fragments);
      const ismc =
        `<SmoothStreamingMedia><StreamIndex Type="video">${entries}</StreamIndex></SmoothStreamingMedia>`;
      const files = {
        "a.ism": ism(entry("b.ismv"), "a.ismc"),
        "a.ismc": ismc,
        "b.ismv": makeFile(),
      };
      return withFolder(files, async (folder) => {
        const told: string[] = [];
        const options = { liveArchive, onWarning: (message: string) => told.push(message) };
        await withPresentation(join(folder, "a.ism"), options, () => Promise.resolve());
        const message =
          `b.ismv: track 1 has 3 fragments, the client manifest lists ${fragments}; the former count`;
        assert.equal(told, isTold ? [message] : []);
      });
    },
  );
}

const indexes = [
  { name: "agrees with the client manifest", entries: 3, listed: 3, isComplete: false },
  { name: "has fewer fragments than the client manifest", entries: 2, listed: 3, isComplete: true },
  { name: "agrees with no client manifest", entries: 3, listed: 0, isComplete: true },
  { name: "is not there", entries: undefined, listed: 3, isComplete: true },
];
for (const { name, entries, listed, isComplete } of indexes) {
  partTest(
    `${isComplete ? "reads through" : "does not read through"} a file whose index ${name}`,
    () => {
      const found = walkBoxes(makeFile()).filter(({ path }) => path === "moof");
      const fragments = found.slice(0, entries).map(({ start: moofOffset }, n) => ({
        time: BigInt(20_000_000 * n),
        moofOffset,
      }));
      const mfra = entries === undefined
        ? undefined
        : { tracks: [{ trackId: 1, entries: fragments }] };
      const files = {
        "a.ism": ism(entry("b.ismv"), "a.ismc"),
        "a.ismc": `<SmoothStreamingMedia><StreamIndex Type="video">${
          '<c d="20000000"/>'.repeat(listed)
        }</StreamIndex></SmoothStreamingMedia>`,
        "b.ismv": makeFile(mfra && { mfra }),
      };
      return withFolder(files, async (folder) => {
        const told: string[] = [];
        const options = { onWarning: (message: string) => told.push(message) };
        await withPresentation(join(folder, "a.ism"), options, async (presentation) => {
          const { file } = presentation.tracks[0]!;
          assert.is(file!.isComplete, isComplete);
          assert.equal((await presentation.timeline()).period, ticks(60_000_000n));
          assert.is(file!.isComplete, isComplete, "nor for its end");
        });
        assert.equal(told, []);
      });
    },
  );
}

// Bad input

const refuseTest = suite("Presentation, bad input");

const moovOffset = writeFtyp(LIVE_FTYP).length;
const refused: readonly {
  readonly name: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly options?: PresentationOptions;
  /** The file that is named, and what is said of it. */
  readonly file: string;
  readonly message: string;
}[] = [
  {
    name: "a missing file",
    files: {},
    file: "a.ism",
    message: "Cannot find it: there is no such file",
  },
  {
    name: "an empty file",
    files: { "a.ism": "" },
    file: "a.ism",
    message:
      "Cannot read it as a manifest as it must be an XML document: current value is an empty file",
  },
  {
    name: "XML that is not SMIL",
    files: { "a.ism": "<html/>" },
    file: "a.ism",
    message:
      'Cannot read the document as a server manifest (.ism) as its root element must be "smil": current value is "html"',
  },
  {
    name: "a manifest that names a missing file",
    files: { "a.ism": ism(entry("b.ismv")) },
    file: "b.ismv",
    message: "Cannot find it: there is no such file",
  },
  {
    name: "a manifest that names an empty file",
    files: { "a.ism": ism(entry("b.ismv")), "b.ismv": "" },
    file: "b.ismv",
    message: "Cannot read it as it must be a fragmented MP4: current value is an empty file",
  },
  {
    name: "a track ID that is not in the file",
    files: { "a.ism": ism(entry("b.ismv", 7)), "b.ismv": makeFile() },
    file: "b.ismv",
    message:
      "Cannot find the track that the manifest names as its ID must be one of the file's (1): current value is 7",
  },
  {
    name: "a progressive MP4",
    files: {
      "a.ism": ism(entry("b.mp4")),
      "b.mp4": concat(
        writeFtyp(LIVE_FTYP),
        makeMoov({ isProgressive: true }),
        mdat(pattern(1000)),
      ),
    },
    file: "b.mp4",
    message:
      `Cannot push it as it must have fragments ("moof" boxes): current value is a progressive MP4, which has none; make it a fragmented one first: the box starts at byte ${moovOffset}`,
  },
  {
    name: "a file that is cut in its first payload",
    files: {
      "a.ism": ism(entry("b.ismv")),
      "b.ismv": makeFile({ fragments: [{}] }).subarray(0, -1),
    },
    file: "b.ismv",
    message:
      `Cannot read box "mdat" as its 108 bytes must be in the file: current value is 107: the box starts at byte ${
        makeFile({ fragments: [{}] }).length - 108
      }`,
  },
  {
    name: "a client manifest that is broken",
    files: { "a.ism": ism(entry("b.ismv"), "a.ismc"), "b.ismv": makeFile(), "a.ismc": "<smil/>" },
    file: "a.ismc",
    message:
      'Cannot read the document as a client manifest (.ismc) as it is a server manifest (.ism): current value is "smil"',
  },
  {
    name: "a file that the manifest does not list",
    files: { "a.ism": ism(entry("b.ismv")), "b.ismv": makeFile() },
    options: { mediaFile: "c.ismv" },
    file: "a.ism",
    message:
      'Cannot push a file of it as it must be one that it lists ("b.ismv"): current value is "c.ismv"',
  },
];
for (const { name, files, options, file, message } of refused) {
  refuseTest(`says what is wrong with ${name}`, () =>
    withFolder(files, async (folder) => {
      const error = await failure(Presentation.open(join(folder, "a.ism"), options));
      assert.instance(error, InputError);
      assert.is((error as InputError).input, join(folder, file));
      assert.is(error.message, `${join(folder, file)}: ${message}`);
    }));
}

refuseTest(
  "says that a folder is no file",
  () =>
    withFolder({ "a.ism": ism(entry("b.ismv")) }, async (folder) => {
      await mkdir(join(folder, "b.ismv"));
      for (const location of [folder, join(folder, "a.ism")]) {
        const error = await failure(Presentation.open(location));
        assert.instance(error, InputError);
        assert.match(
          error.message,
          /Cannot read it as it must be a file: current value is a folder$/,
        );
      }
    }),
);

const empty = [
  {
    name: "without fragments",
    bytes: makeFile({ fragments: [] }),
    message: "its files must have fragments: current value is none",
  },
  {
    name: "of no length",
    bytes: makeFile({ fragments: [{ sampleDuration: 0 }] }),
    message: "it must last longer than nothing: current value is 0 s",
  },
];
for (const { name, bytes, message } of empty) {
  refuseTest(
    `has no timeline for a presentation ${name}`,
    () =>
      withFolder({ "a.ism": ism(entry("b.ismv")), "b.ismv": bytes }, async (folder) => {
        const location = join(folder, "a.ism");
        await withPresentation(location, {}, async (presentation) => {
          const error = await failure(presentation.timeline());
          assert.instance(error, InputError);
          assert.is(error.message, `${location}: Cannot push it as ${message}`);
        });
      }),
  );
}

const whole = makeFile();
const second = walkBoxes(whole).filter(({ path }) => path === "moof")[1]!.start;
const damages = [
  { name: "cut in a moof", bytes: whole.subarray(0, second + 20), box: "moof" },
  { name: "cut in an mdat", bytes: whole.subarray(0, -1), box: "mdat" },
  { name: "a size that is none", bytes: patched(whole, second, uint32(3)), box: "moof" },
  { name: "a box past the end", bytes: patched(whole, second, uint32(2 ** 31)), box: "moof" },
  {
    name: "another box in place of a payload",
    bytes: patched(whole, second + 84, writeBox("free", new Uint8Array(100))),
    box: "moof",
  },
];
for (const { name, bytes, box } of damages) {
  refuseTest(
    `opens a file that breaks later and keeps what is whole: ${name}`,
    () =>
      withFolder({ "a.ism": ism(entry("b.ismv")), "b.ismv": bytes }, async (folder) => {
        await withPresentation(join(folder, "a.ism"), {}, async (presentation) => {
          const { period } = await presentation.timeline();
          const [plan] = planStreams(presentation);
          const parts = await collect(streamSource({ file: plan!.file, trackIds: [1] }));
          const count = fragmentsOf(parts).length;
          assert.is(count, box === "mdat" ? 2 : 1);
          assert.equal(period, ticks(20_000_000n * BigInt(count)));
          const last = parts.at(-1)!;
          if (last.type !== "end") return assert.unreachable();
          assert.instance(last.error, InputError);
          const start = `${join(folder, "b.ismv")}: Cannot read box "${box}"`;
          assert.is(last.error!.message.slice(0, start.length), start);
        });
      }),
  );
}

refuseTest("takes the limit of a fragment", async () => {
  const error = await failure(Presentation.open(SAMPLE_ISM, { maxFragmentBytes: 1000 }));
  assert.match(error.message, /as a fragment must have at most 1000 bytes: current value is \d+/);
});

// Over HTTP

const httpTest = suite("Presentation over HTTP");

const FOLDER = new URL("../../testdata/", import.meta.url);

function withServer(
  files: URL | ReadonlyMap<string, Uint8Array>,
  options: FileServerOptions,
  work: (server: FileServer) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const server = await FileServer.start(files, options);
    try {
      await work(server);
    } finally {
      await server.close();
    }
  };
}

const texts = (files: Readonly<Record<string, string | Uint8Array>>) =>
  new Map(
    Object.entries(files).map(([name, content]) => [
      name,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    ]),
  );

for (const mode of ["ranges", "plain"] as const) {
  httpTest(
    `opens the sample, ${mode}`,
    withServer(FOLDER, { mode }, async ({ url }) => {
      const told: string[] = [];
      const options = { onWarning: (message: string) => told.push(message) };
      await withPresentation(`${url}sample.ism`, options, async (presentation) => {
        assert.equal((await presentation.timeline()).period, ticks(200_000_000n));
        await checkTracks(presentation, sample);
        await checkTimes(presentation);
        await checkPayloads(presentation, readSample);
      });
      const slow = mode === "plain" ? SAMPLE_FILES.length : 0;
      assert.is(told.length, slow, told.join("\n"));
    }),
  );
}

/** A `fetch` that notes when files are asked for first and answered; `hold` is waited for before the answer to a file. */
function watchedFetch(hold: (name: string) => Promise<void> = () => Promise.resolve()) {
  const events: string[] = [];
  const watched: typeof fetch = async (input, init) => {
    const name = new URL(String(input)).pathname.split("/").at(-1)!;
    events.push(`asked for ${name}`);
    await hold(name);
    const answer = await fetch(input, init);
    events.push(`answered ${name}`);
    return answer;
  };
  return { fetch: watched, events };
}

httpTest(
  "asks for all files at the same time",
  withServer(FOLDER, {}, async ({ url }) => {
    const { fetch, events } = watchedFetch();
    await withPresentation(`${url}sample.ism`, { fetch }, () => Promise.resolve());
    const first = events.findIndex((event) => event === `asked for ${SAMPLE_FILES[0]}`);
    const next = events.slice(first, first + SAMPLE_FILES.length);
    assert.equal(next.toSorted(), SAMPLE_FILES.map((file) => `asked for ${file}`).toSorted());
  }),
);

httpTest(
  "names the first of two files that are missing, whichever is found out first",
  withServer(texts({ "a.ism": ism(entry("b.ismv") + entry("c.ismv")) }), {}, async ({ url }) => {
    const { fetch, events } = watchedFetch(async (name) => {
      if (name === "b.ismv") await until(() => events.includes("answered c.ismv"));
    });
    const error = await failure(Presentation.open(`${url}a.ism`, { fetch }));
    assert.is((error as InputError).input, `${url}b.ismv`);
  }),
);

const many = Array.from({ length: 40 }, (_, n) => `${n}.ismv`);
httpTest(
  "does not ask for all of very many files at the same time",
  withServer(
    texts({ "a.ism": ism(many.map((name) => entry(name)).join("")) }),
    {},
    async ({ url }) => {
      const { fetch, events } = watchedFetch();
      const error = await failure(Presentation.open(`${url}a.ism`, { fetch }));
      assert.is((error as InputError).input, `${url}0.ismv`);
      assert.is(events.filter((event) => /^asked for .*ismv/.test(event)).length, 16);
    },
  ),
);

httpTest(
  "does not read through a file to find its length where it has an index",
  withServer(FOLDER, {}, async (server) => {
    await withPresentation(`${server.url}sample.ism`, {}, async (presentation) => {
      await presentation.timeline();
      const asked = server.requests.filter(({ path }) => path.endsWith("_560.ismv"));
      assert.ok(asked.length <= 12, `${asked.length} requests`);
    });
  }),
);

httpTest(
  "hands user and password on to the files, and shows them to nobody",
  withServer(FOLDER, {}, async (server) => {
    const location = `${server.url}sample.ism`.replace("//", "//user:secret@");
    await withPresentation(location, {}, async (presentation) => {
      assert.ok(
        server.requests.every(({ authorization }) =>
          authorization === `Basic ${btoa("user:secret")}`
        ),
      );
      const names = presentation.tracks.map(({ file }) => file!.name);
      assert.ok(names.every((name) => name.startsWith(server.url)));
      await presentation.timeline();
    });
    const options = { mediaFile: location.replace("sample.ism", "none.ismv") };
    const error = await failure(Presentation.open(location, options));
    assert.not(error.message.includes("secret"), error.message);
  }),
);

const outside = [
  "../b.ismv",
  "..\\b.ismv",
  "%2e%2e/b.ismv",
  "http://127.0.0.1:1/b.ismv",
  "/b.ismv",
];
for (const src of outside) {
  httpTest(
    `does not leave the folder by ${src}`,
    withServer(texts({ "a.ism": ism(entry(src)) }), {}, async (server) => {
      const error = await failure(Presentation.open(`${server.url}a.ism`));
      assert.instance(error, InputError);
      assert.is(
        error.message,
        `${server.url}a.ism: Cannot read the files it names as they must lie in its own folder: current value is "${src}"`,
      );
      assert.ok(server.requests.every(({ path }) => path === "/media/a.ism"));
    }),
  );
}

httpTest(
  "does not leave the folder for its client manifest",
  withServer(texts({ "a.ism": ism(entry("b.ismv"), "../a.ismc") }), {}, async (server) => {
    const error = await failure(Presentation.open(`${server.url}a.ism`));
    assert.match(error.message, /they must lie in its own folder: current value is "..\/a.ismc"$/);
  }),
);

const absent: readonly {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly file: string;
}[] = [
  { name: "a manifest", files: {}, file: "a.ism" },
  { name: "a media file", files: { "a.ism": ism(entry("b.ismv")) }, file: "b.ismv" },
];
for (const { name, files, file } of absent) {
  httpTest(
    `says that ${name} is not there`,
    withServer(texts(files), {}, async (server) => {
      const error = await failure(Presentation.open(`${server.url}a.ism`));
      assert.instance(error, InputError);
      assert.is(
        error.message,
        `${server.url}${file}: Cannot read it as the server must answer with its bytes: current value is 404 Not Found`,
      );
    }),
  );
}

httpTest(
  "ends with what is wrong when a body is too short",
  withServer(FOLDER, {}, async (server) => {
    await withPresentation(`${server.url}sample.ism`, {}, async (presentation) => {
      const [plan] = planStreams(presentation);
      const fragments = fragmentsOf(
        await collect(streamSource({ file: plan!.file, trackIds: [1] })),
      );
      await server.close();
      const error = await failure(bytesOf(fragments[5]!.payload));
      assert.instance(error, InputError);
      assert.is((error as InputError).input, `${server.url}sample_560.ismv`);
    });
  }),
);

openTest.run();
partTest.run();
refuseTest.run();
httpTest.run();
