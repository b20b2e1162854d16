/**
 * What encoders of all kinds send is delivered: each fragment at its time, with the payload that it came with.
 */
import type { PointServer } from "../../../lib/point/point_server.ts";
import type { SentTrack } from "../../helpers/broadcast.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseClientManifest } from "../../../lib/manifest/client_manifest.ts";
import { formatLiveServerManifest } from "../../../lib/manifest/live_server_manifest.ts";
import { liveTrack } from "../../../lib/manifest/live_track.ts";
import { formatStreamManifest } from "../../../lib/manifest/stream_manifest.ts";
import { join, uint32, uint64, writeBox, writeFullBox } from "../../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../../lib/mp4/ftyp.ts";
import { writeStreamManifestBox } from "../../../lib/mp4/manifest_box.ts";
import { writeMfhd } from "../../../lib/mp4/mfhd.ts";
import { writeTfhd } from "../../../lib/mp4/tfhd.ts";
import { writeTfxd } from "../../../lib/mp4/tfxd.ts";
import { writeTrun } from "../../../lib/mp4/trun.ts";
import { LIVE_SERVER_MANIFEST } from "../../../lib/mp4/uuid.ts";
import { createPointServer } from "../../../lib/point/point_server.ts";
import { readableFrom } from "../../../lib/readable.ts";
import { makeMoov, mdat, pattern } from "../../helpers/boxes.ts";
import { END_OF_STREAM, fragmentOf, fragmentsOf, get, headerOf } from "../../helpers/broadcast.ts";
import { inPieces } from "../../helpers/pieces.ts";
import { readBody } from "../../helpers/wire.ts";

const POINT = "/live/a.isml";
const STREAM = `${POINT}/Streams(s)`;
const SECOND = 10_000_000n;
const COUNT = 4;

/** How bytes are cut on their way: in every box header, within each box, and not at all. */
const CUTS = [7, 1000, Infinity];

async function post(server: PointServer, path: string, body: Uint8Array, cut = Infinity) {
  const stream = readableFrom(inPieces(body, cut)) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream, duplex: "half" };
  const { status } = await server.fetch(new Request(`http://server${path}`, init));
  assert.is(status, 200, path);
}

/** What players get of each stream: start in ticks and payload of each fragment. */
async function delivered(
  server: PointServer,
): Promise<Record<string, { start: bigint; payload: Uint8Array }[]>> {
  const manifest = await get(server, `${POINT}/Manifest`);
  assert.is(manifest.status, 200);
  const found: Record<string, { start: bigint; payload: Uint8Array }[]> = {};
  for (const { name, levels, fragments } of parseClientManifest(await manifest.text()).streams) {
    found[name] = [];
    for (const { start } of fragments) {
      // As a player in JavaScript has it, which is not quite the same above 2^53.
      const rounded = Number(start).toString();
      const url = `${POINT}/QualityLevels(${levels[0]!.bitrate})/Fragments(${name}=${rounded})`;
      const response = await get(server, url);
      assert.is(response.status, 200, url);
      const { fragments: [fragment] } = readBody(new Uint8Array(await response.arrayBuffer()));
      assert.is(fragment!.dataOffset, fragment!.payloadOffset, url);
      assert.is(fragment!.tfxds.length, 1);
      found[name].push({ start: fragment!.tfxds[0]!.time, payload: fragment!.payload });
    }
  }
  return found;
}

/** What is to be delivered of a track that {@linkcode fragmentOf} made. */
const expected = (count = COUNT, ticks = 2n * SECOND, from = 0n, seed = 0) =>
  Array.from({ length: count }, (_, n) => ({
    start: from + BigInt(n) * ticks,
    payload: pattern(100, seed + n),
  }));

/** A fragment with the boxes of `traf` in an order of their own. */
function fragmentWith(
  index: number,
  children: (boxes: Record<"tfhd" | "tfxd" | "trun", Uint8Array>) => readonly Uint8Array[],
  { dataOffset }: { readonly dataOffset?: (right: number) => number | undefined } = {},
): Uint8Array {
  const payload = pattern(100, index);
  const make = (offset: number | undefined) => {
    const samples = [{ duration: 20_000_000, size: 100 }];
    const boxes = {
      tfhd: writeTfhd({ trackId: 1, durationIsEmpty: false, defaultBaseIsMoof: false }),
      tfxd: writeTfxd({ time: BigInt(index) * 2n * SECOND, duration: 2n * SECOND }),
      trun: writeTrun({ version: 0, samples, ...(offset !== undefined && { dataOffset: offset }) }),
    };
    const traf = writeBox("traf", ...children(boxes));
    return writeBox("moof", writeMfhd({ sequenceNumber: index + 1 }), traf);
  };
  const right = make(0).length + 8;
  return join([make(dataOffset ? dataOffset(right) : right), mdat(payload)]);
}

const usual = Array.from({ length: COUNT }, (_, n) => n);
const ordered = (
  ...args: Parameters<typeof fragmentWith> extends [number, ...infer Rest] ? Rest : never
) => usual.map((index) => fragmentWith(index, ...args));

/** Header boxes with the text of the Live Server Manifest in UTF-16. */
function utf16Header(isBigEndian: boolean): Uint8Array {
  const track = { params: [], trackId: 1, kind: "video", systemBitrate: 64000 } as const;
  const text = formatLiveServerManifest([
    liveTrack({ server: { ...track, manifestOutput: false, trackName: "vidéo-α" } }),
  ]).replace("utf-8", "utf-16");
  const units = [...`\ufeff${text}`].map((char) => char.charCodeAt(0));
  const bytes = Uint8Array.from(
    units.flatMap((unit) => isBigEndian ? [unit >> 8, unit & 255] : [unit & 255, unit >> 8]),
  );
  const box = writeBox(LIVE_SERVER_MANIFEST, uint32(0), bytes);
  return join([writeFtyp(LIVE_FTYP), box, makeMoov({ tracks: [{ handler: "vide" }] })]);
}

const prft = writeFullBox("prft", 1, 0, uint32(1), uint64(0xe8000000_00000000n, 5n));
const emsg = writeFullBox("emsg", 0, 0, new Uint8Array([0x61, 0, 0x62, 0]), uint32(1, 0, 0, 0));
const styp = writeBox("styp", new TextEncoder().encode("msdhmsdh"));
/** An end of stream as the words of MS-SSTR also allow it: an index without entries. */
const longEnd = writeBox("mfra", writeFullBox("tfra", 0, 0, uint32(1, 0, 0)));

interface Variant {
  readonly name: string;
  readonly body: readonly Uint8Array[];
  readonly stream?: string;
  readonly fragments?: ReturnType<typeof expected>;
}

const epoch = 17_000_000_001_234_567n;
const variants: readonly Variant[] = [
  { name: "the usual form", body: [headerOf(), ...fragmentsOf(0, COUNT), END_OF_STREAM] },
  {
    name: "a manifest in UTF-16, little endian",
    body: [utf16Header(false), ...fragmentsOf(0, COUNT), END_OF_STREAM],
    stream: "vid_o-_",
  },
  {
    name: "a manifest in UTF-16, big endian",
    body: [utf16Header(true), ...fragmentsOf(0, COUNT), END_OF_STREAM],
    stream: "vid_o-_",
  },
  {
    name: "tfxd as the first box of traf",
    body: [
      headerOf(),
      ...ordered(({ tfhd, tfxd, trun }) => [tfxd, tfhd, trun]),
      END_OF_STREAM,
    ],
  },
  {
    name: "tfxd in front of trun",
    body: [
      headerOf(),
      ...ordered(({ tfhd, tfxd, trun }) => [tfhd, tfxd, trun]),
      END_OF_STREAM,
    ],
  },
  {
    name: "tfxd as the last box of traf",
    body: [
      headerOf(),
      ...ordered(({ tfhd, tfxd, trun }) => [tfhd, trun, tfxd]),
      END_OF_STREAM,
    ],
  },
  {
    name: "a data offset from before tfxd was put in",
    body: [
      headerOf(),
      ...ordered(({ tfhd, tfxd, trun }) => [tfxd, tfhd, trun], {
        dataOffset: (right) => right - 44,
      }),
      END_OF_STREAM,
    ],
  },
  {
    name: "no data offset",
    body: [
      headerOf(),
      ...ordered(({ tfhd, tfxd, trun }) => [tfhd, trun, tfxd], { dataOffset: () => undefined }),
      END_OF_STREAM,
    ],
  },
  {
    name: "a timescale of its own",
    body: [
      headerOf([{ timescale: 90_000 }]),
      ...fragmentsOf(0, COUNT, { timescale: 90_000 }),
      END_OF_STREAM,
    ],
    fragments: expected(COUNT, 180_000n),
  },
  {
    name: "times since 1970, which doubles round",
    body: [
      headerOf(),
      ...usual.map((n) => fragmentOf(n, { time: epoch + BigInt(n) * 2n * SECOND })),
      END_OF_STREAM,
    ],
    fragments: expected(COUNT, 2n * SECOND, epoch),
  },
  {
    name: "prft, emsg and styp in front of fragments",
    body: [
      headerOf(),
      ...fragmentsOf(0, COUNT).flatMap((fragment) => [styp, prft, emsg, fragment]),
      END_OF_STREAM,
    ],
  },
  {
    name: "an end of stream with an index without entries",
    body: [headerOf(), ...fragmentsOf(0, COUNT), longEnd],
  },
];

const test = suite("encoders of all kinds");

for (const { name, body, stream = "video", fragments = expected() } of variants) {
  for (const cut of CUTS) {
    test(`${name}, in pieces of ${cut} bytes`, async () => {
      const server = createPointServer({ autoCreate: true });
      await post(server, STREAM, join(body), cut);
      assert.is(server.report()[0]?.state, "Stopped");
      assert.equal(await delivered(server), { [stream]: fragments });
    });
  }
}

const URLS = [
  "/LIVE/a.ISML/streams(s)",
  "/live/a.isml?streams(s)",
  "/live/a.isml?Streams(s)",
  "/live/a.isml/Streams(s)/",
];
for (const url of URLS) {
  test(`the same at ${url}`, async () => {
    const server = createPointServer({ autoCreate: true });
    await post(server, url, join([headerOf(), ...fragmentsOf(0, COUNT), END_OF_STREAM]));
    assert.equal(await delivered(server), { video: expected() });
  });
}

const tracks: readonly SentTrack[] = [
  { trackId: 1, trackName: "video", systemBitrate: 500_000 },
  { trackId: 2, kind: "audio", trackName: "audio", systemBitrate: 64_000, timescale: 48_000 },
];
const both = (index: number) => [
  fragmentOf(index),
  fragmentOf(index, { trackId: 2, timescale: 48_000 }),
];

test("several tracks in one stream, each with its timescale", async () => {
  const server = createPointServer({ autoCreate: true });
  await post(server, STREAM, join([headerOf(tracks), ...usual.flatMap(both), END_OF_STREAM]), 9);
  assert.equal(await delivered(server), {
    video: expected(),
    audio: expected(COUNT, 96_000n),
  });
});

test("a short request for each fragment, and one for the end", async () => {
  const server = createPointServer({ autoCreate: true });
  for (const index of usual) await post(server, STREAM, join([headerOf(), fragmentOf(index)]));
  await post(server, STREAM, join([headerOf(), END_OF_STREAM]));
  assert.equal(await delivered(server), { video: expected() });
  assert.is(server.report()[0]?.state, "Stopped");
});

test("the last two fragments again after a reconnect", async () => {
  const server = createPointServer({ autoCreate: true });
  await post(server, STREAM, join([headerOf(), ...fragmentsOf(0, 3)]));
  await post(server, STREAM, join([headerOf(), ...fragmentsOf(1, COUNT - 1), END_OF_STREAM]));
  assert.equal(await delivered(server), { video: expected() });
  assert.is(server.report()[0]?.streams[0]?.tracks[0]?.duplicates, 2);
});

test("two senders of the same stream, one behind the other and with holes", async () => {
  const server = createPointServer({ autoCreate: true });
  const bodies = [[0, 1, 3], [0, 1, 2, 3]].map((places) =>
    post(
      server,
      STREAM,
      join([headerOf(), ...places.map((n) => fragmentOf(n)), END_OF_STREAM]),
      50,
    )
  );
  await Promise.all(bodies);
  const { video } = await delivered(server);
  const starts = video!.map(({ start }) => start);
  assert.equal(starts, [...new Set(starts)].sort((a, b) => a < b ? -1 : 1));
  const { tracks: [track] } = server.report()[0]!.streams[0]!;
  assert.is(track!.fragments + track!.duplicates + track!.late, 7);
});

test("streams that a Stream Manifest box names, and none before all are there", async () => {
  const server = createPointServer({ autoCreate: true });
  const box = writeStreamManifestBox(formatStreamManifest([{ id: "s" }, { id: "t" }]));
  const [video, audio] = tracks;
  const body = (track: SentTrack) =>
    join([
      headerOf([track], [box]),
      ...fragmentsOf(0, COUNT, track),
      END_OF_STREAM,
    ]);
  await post(server, STREAM, body(video!));
  assert.is(server.report()[0]?.state, "Starting");
  assert.is((await get(server, `${POINT}/Manifest`)).status, 412);
  await post(server, `${POINT}/Streams(t)`, body(audio!));
  assert.is(server.report()[0]?.state, "Stopped");
  assert.equal(await delivered(server), { video: expected(), audio: expected(COUNT, 96_000n) });
});

test.run();
