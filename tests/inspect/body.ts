import type { OddityKind } from "../../lib/inspect/oddity_log.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, join } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox, writeStreamManifestBox } from "../../lib/mp4/manifest_box.ts";
import { writeEndOfStream } from "../../lib/mp4/mfra.ts";
import { makeMoof, makeMoov, mdat, pattern } from "../helpers/boxes.ts";
import { inspectBytes, kindsOf } from "../helpers/inspect_bytes.ts";

const bodyTest = suite("inspect, a captured body");

const MANIFEST = `<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head><meta name="creator" content="pushEncoder" /></head><body><switch>
  <audio src="Streams" systemBitrate="64000">
    <param name="trackID" value="1" valuetype="data" /></audio>
  </switch></body></smil>`;
const HEADER = join([
  writeFtyp(LIVE_FTYP),
  writeLiveServerManifestBox(MANIFEST),
  makeMoov(),
]);

function sent(...times: readonly bigint[]): Uint8Array {
  return join(times.flatMap((time) => {
    const sequenceNumber = Number(time / 20_000_000n) + 1;
    const tfxd = { time, duration: 20_000_000n };
    return [makeMoof({ sequenceNumber, tfxd }), mdat(pattern(100))];
  }));
}

bodyTest("shows the manifest box and the end of stream", async () => {
  const bytes = concat(HEADER, sent(0n, 20_000_000n), writeEndOfStream());
  const inspection = await inspectBytes(bytes);
  assert.equal(inspection.oddities, []);
  const [media] = inspection.files;
  assert.is(media?.headers[0]?.liveManifest?.creator, "pushEncoder");
  assert.is(media?.headers[0]?.liveManifest?.version, 0);
  assert.equal(media?.requests, [{
    index: 0,
    offset: 0,
    header: 0,
    fragments: 2,
    endOfStream: { offset: bytes.length - 8, size: 8, by: "mfra" },
  }]);
  assert.is(media?.index, undefined);
});

bodyTest("shows a Stream Manifest", async () => {
  const xml = '<smil><body><par><ref src="Streams(a-stream0)"/></par></body></smil>';
  const box = writeStreamManifestBox(xml);
  const { files } = await inspectBytes(concat(box, HEADER, sent(0n), writeEndOfStream()));
  assert.equal(files[0]?.headers[0]?.streamManifest?.streams, [{ id: "a-stream0" }]);
});

bodyTest("tells joined requests apart, and what is sent again", async () => {
  const bytes = concat(
    HEADER,
    sent(0n, 20_000_000n, 40_000_000n),
    HEADER,
    sent(20_000_000n, 40_000_000n, 60_000_000n),
    writeEndOfStream(),
  );
  const inspection = await inspectBytes(bytes);
  assert.equal(kindsOf(inspection), ["sent-again"]);
  const [media] = inspection.files;
  assert.is(media?.headers.length, 1);
  assert.is(media?.requestCount, 2);
  assert.equal(media?.requests.map(({ header, fragments }) => [header, fragments]), [
    [0, 3],
    [0, 3],
  ]);
  assert.is(media?.tracks.length, 1);
});

bodyTest("joins the requests of a sparse track", async () => {
  const one = concat(HEADER, sent(0n));
  const two = concat(HEADER, sent(20_000_000n));
  const inspection = await inspectBytes(
    concat(HEADER, one, two, HEADER, writeEndOfStream()),
  );
  assert.equal(inspection.oddities, []);
  assert.equal(inspection.files[0]?.requests.map(({ fragments }) => fragments), [0, 1, 1, 0]);
});

bodyTest("lists the first hundred requests and the last one", async () => {
  const inspection = await inspectBytes(join(Array.from({ length: 130 }, () => HEADER)));
  const [media] = inspection.files;
  assert.equal([media?.requestCount, media?.requests.length], [130, 101]);
  assert.equal(media?.requests.slice(-2).map((it) => it.index), [99, 129]);
});

const bodies: { name: string; bytes: Uint8Array; kind: OddityKind }[] = [
  { name: "no end of stream", bytes: concat(HEADER, sent(0n)), kind: "no-end-of-stream" },
  {
    name: "fragments behind the end of stream",
    bytes: concat(HEADER, sent(0n), writeEndOfStream(), sent(20_000_000n)),
    kind: "after-end",
  },
  {
    name: "a header that changes",
    bytes: concat(HEADER, sent(0n), HEADER.subarray(0, 24), makeMoov(), writeEndOfStream()),
    kind: "header-changed",
  },
  {
    name: "a Live Server Manifest that is none",
    bytes: concat(HEADER.subarray(0, 24), writeLiveServerManifestBox("<a>"), makeMoov(), sent(0n)),
    kind: "live-manifest",
  },
  {
    name: "a Live Server Manifest that lists another track",
    bytes: concat(
      writeLiveServerManifestBox(MANIFEST.replace('value="1"', 'value="2"')),
      makeMoov(),
      sent(0n),
    ),
    kind: "live-manifest",
  },
  {
    name: "a track that the Live Server Manifest does not list",
    bytes: concat(
      writeLiveServerManifestBox(MANIFEST.replace('value="1"', 'value="2"')),
      makeMoov(),
      sent(0n),
    ),
    kind: "unlisted-track",
  },
  {
    name: "a timescale that the Live Server Manifest has otherwise",
    bytes: concat(
      writeLiveServerManifestBox(MANIFEST),
      makeMoov({ tracks: [{ timescale: 48000 }] }),
    ),
    kind: "timescale",
  },
];
for (const { name, bytes, kind } of bodies) {
  bodyTest(`notes ${name}`, async () => {
    const inspection = await inspectBytes(bytes);
    assert.ok(kindsOf(inspection).includes(kind), `${kind} in ${kindsOf(inspection)}`);
  });
}

bodyTest("takes the timescale of a body without moov from its manifest", async () => {
  const bytes = concat(writeLiveServerManifestBox(MANIFEST), sent(0n), writeEndOfStream());
  const inspection = await inspectBytes(bytes);
  assert.equal(kindsOf(inspection), ["no-moov"]);
  assert.is(inspection.files[0]?.tracks[0]?.timescale, 10_000_000);
});

bodyTest.run();
