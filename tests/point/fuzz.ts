/**
 * Sends damaged bodies to a server with everything plugged in. Each round has a seed of its own that a failure tells;
 * `FUZZ_FACTOR=100` runs a hundred times as many rounds, `FUZZ_SEED=1000000` begins with other ones.
 */
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatLiveServerManifest } from "../../lib/manifest/live_server_manifest.ts";
import { liveTrack } from "../../lib/manifest/live_track.ts";
import { parseClientManifest } from "../../lib/manifest/client_manifest.ts";
import { concat, join } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox } from "../../lib/mp4/manifest_box.ts";
import { createArchive } from "../../lib/point/archive/archive.ts";
import { createRecorder } from "../../lib/point/archive/record.ts";
import { createConformance } from "../../lib/point/conformance/conformance_extension.ts";
import { createPage } from "../../lib/point/page/page.ts";
import { createPointServer, type PointServer } from "../../lib/point/point_server.ts";
import { makeMoov } from "../helpers/boxes.ts";
import {
  END_OF_STREAM,
  fragmentOf,
  fragmentsOf,
  get,
  headerOf,
  send,
  sendSlowly,
} from "../helpers/broadcast.ts";
import { mutateBoxes, mutateText } from "../helpers/mutations.ts";
import { Random } from "../helpers/random.ts";
import { settle } from "../helpers/settle.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { splitBoxes } from "../helpers/wire.ts";

const FACTOR = Number(process.env["FUZZ_FACTOR"] ?? 1);
const FIRST_SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const ROUNDS = 150 * FACTOR;

const MEMORY_BYTES = 2 ** 20;
const LIMITS = {
  memoryBytes: MEMORY_BYTES,
  fragmentBytes: 2 ** 18,
  headerBytes: 2 ** 16,
  manifestBytes: 2 ** 15,
  streams: 6,
};
const GOOD = "/good.isml";
const BAD = "/a/bad.isml";

const tracks = [
  { trackId: 1, trackName: "video", systemBitrate: 500_000 },
  { trackId: 2, kind: "audio", trackName: "sound", timescale: 48_000 },
  { trackId: 3, kind: "textstream", trackName: "ads", parentTrackName: "video" },
  { trackId: 4, kind: "textstream", trackName: "cues", manifestOutput: true },
] as const;

/** A body with a bit of everything. */
function richBody(random: Random): Uint8Array {
  const first = random.below(50);
  const fragments = Array.from({ length: random.between(1, 5) }, (_, n) => {
    const { trackId } = random.pick(tracks);
    const timescale = trackId === 2 ? 48_000 : 10_000_000;
    return fragmentOf(first + n, { trackId, timescale, size: random.between(1, 5000) });
  });
  return join([headerOf(tracks), ...fragments, ...(random.below(2) ? [END_OF_STREAM] : [])]);
}

/** The same with something wrong in the text of its Live Server Manifest alone. */
function badManifest(random: Random): Uint8Array {
  const live = tracks.map((track) =>
    liveTrack({
      server: {
        params: [],
        kind: "video",
        systemBitrate: 1000,
        manifestOutput: false,
        ...track,
      },
    })
  );
  const text = mutateText(formatLiveServerManifest(live), random);
  const moov = makeMoov({ tracks: tracks.map(({ trackId }) => ({ trackId })) });
  const box = writeLiveServerManifestBox(text);
  return concat(writeFtyp(LIVE_FTYP), box, moov, ...fragmentsOf(0, 3), END_OF_STREAM);
}

/** Sends a body in pieces, and now and then breaks it off. */
async function sendBad(server: PointServer, random: Random): Promise<Response> {
  const body = random.below(4) === 0 ? badManifest(random) : mutateBoxes(richBody(random), random);
  const event = random.below(8) === 0 ? "/Events(e)" : "";
  const path = `${BAD}${event}/Streams(s${random.below(4)})`;
  let at = 0;
  const breaksAt = random.below(10) === 0 ? random.below(body.length + 1) : Infinity;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= breaksAt) controller.error(new Error("gone"));
      else if (at >= body.length) controller.close();
      else {
        const piece = body.slice(at, at + random.between(1, 3000));
        at += piece.length;
        controller.enqueue(piece);
      }
    },
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream, duplex: "half" };
  return await server.fetch(new Request(`http://server${path}`, init));
}

/** What clients are told of a point that anything may have come to must make sense all the same. */
async function checkDelivery(server: PointServer): Promise<void> {
  const response = await get(server, `${BAD}/Manifest`);
  const text = await response.text();
  assert.ok([200, 404, 412].includes(response.status), `manifest ${response.status}`);
  if (!response.ok) return;
  const { streams } = parseClientManifest(text);
  for (const { name, levels, fragments, manifestOutput } of streams) {
    const last = fragments.at(-1);
    if (!last || manifestOutput) continue;
    for (const { bitrate } of levels) {
      const url = `${BAD}/QualityLevels(${bitrate})/Fragments(${name}=${last.start})`;
      const fragment = await get(server, url);
      assert.ok([200, 404, 412].includes(fragment.status), `${url}: ${fragment.status}`);
      if (!fragment.ok) continue;
      const types = splitBoxes(new Uint8Array(await fragment.arrayBuffer())).map((it) => it.type);
      assert.equal(types, ["moof", "mdat"], url);
    }
  }
}

/** What is held for clients of all points. */
async function heldBytes(server: PointServer): Promise<number> {
  let sum = 0;
  for (const point of [GOOD, BAD]) {
    const accept = { headers: { accept: "application/json" } };
    const response = await get(server, `${point}/statistics`, accept);
    if (response.ok) sum += (await response.json()).heldBytes;
  }
  return sum;
}

const test = suite("ingest, fuzzed");

test("stays up, keeps its limits, and leaves other points alone", async () => {
  await withFolder({}, async (folder) => {
    const errors: unknown[] = [];
    const server = createPointServer({
      autoCreate: true,
      limits: LIMITS,
      extensions: [
        createRecorder({ folder: `${folder}/record` }),
        createArchive({ folder: `${folder}/archive`, renewSeconds: 0 }),
        createConformance(),
        createPage({ hasConformance: true }),
      ],
      onError: (error) => errors.push(error),
    });
    await send(server, `${GOOD}/Streams(g)`);
    const good = sendSlowly(server, `${GOOD}/Streams(g)`);
    await good.send(headerOf());
    const statuses = new Map<number, number>();
    let count = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
      try {
        const random = new Random(seed);
        const { status } = await sendBad(server, random);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        assert.ok([200, 400, 403, 412, 413, 503].includes(status), `status ${status}`);
        await checkDelivery(server);
        const verdict = await get(server, `${BAD}/conformance`);
        assert.ok(verdict.status === 404 || (await verdict.json()).streams.length <= 6);
        if (seed % 10 === 0) await good.send(fragmentOf(count++));
        const held = await heldBytes(server);
        assert.ok(held <= MEMORY_BYTES, `${held} bytes are held`);
        if (random.below(50) === 0) await get(server, BAD, { method: "DELETE" });
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    await good.send(END_OF_STREAM);
    await good.end();
    assert.is((await good.answer).status, 200);
    await settle();
    assert.equal(errors, []);
    assert.ok(statuses.get(200)! > 0 && statuses.get(400)! > 0, "some are taken, some refused");
    const [stream] = server.report().find(({ point }) => point === GOOD)!.streams;
    assert.equal([stream!.fragments, stream!.tracks[0]!.gaps, stream!.breaches], [count, 0, []]);
    const manifest = parseClientManifest(await (await get(server, `${GOOD}/Manifest`)).text());
    const starts = manifest.streams[0]!.fragments.map(({ start }) => start / 20_000_000n);
    assert.is(starts.at(-1), BigInt(count - 1));
    await server.close();
  });
});

test.run();
