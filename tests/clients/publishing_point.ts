import type { RunningProcess } from "./helpers/start_process.ts";
import { existsSync, statSync } from "node:fs";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readBody, wholePart } from "../helpers/wire.ts";
import { runCli, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { decode } from "./helpers/ffmpeg.ts";
import { runProcess, runWell, startProcess } from "./helpers/start_process.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

interface Server {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts `pushencoder serve`, as people do. */
async function serve(runtime = runtimes[0], ...args: readonly string[]): Promise<Server> {
  const all = ["serve", "--auto-create", "--port=0", ...args];
  const running = startCli(runtime, all, { timeoutMs: 120_000 });
  const url = await until("address", () => /http:\S+/.exec(running.stderr())?.[0]);
  return { url, process: running };
}

/** Runs a server while `use` runs. */
async function withServer(
  args: readonly string[],
  use: (server: Server) => Promise<unknown>,
  runtime = runtimes[0],
): Promise<void> {
  const server = await serve(runtime, ...args);
  try {
    await use(server);
  } finally {
    server.process.kill("SIGTERM");
    await server.process.exited;
  }
}

/** The manifest, once players can begin. */
const manifestOf = (url: string) =>
  until("manifest", async () => {
    const response = await fetch(`${url}/Manifest`);
    const text = await response.text();
    return response.ok && text;
  });

/** The URLs of all fragments of one track, in order. */
function fragmentUrls(url: string, manifest: string, type: string): string[] {
  const stream = new RegExp(`<StreamIndex Type="${type}"[^]*?</StreamIndex>`).exec(manifest)![0];
  const [, pattern] = / Url="([^"]+)"/.exec(stream)!;
  const [, bitrate] = / Bitrate="(\d+)"/.exec(stream)!;
  let time = 0n;
  return [...stream.matchAll(/<c (?:n="\d+" )?(?:t="(\d+)" )?d="(\d+)"/g)].map(([, t, d]) => {
    if (t !== undefined) time = BigInt(t);
    const path = pattern!.replace("{bitrate}", bitrate!).replace("{start time}", String(time));
    time += BigInt(d!);
    return `${url}/${path}`;
  });
}

/** Pushes the sample in a loop, faster than it is, while `use` runs. */
async function whilePushing(
  url: string,
  use: () => Promise<unknown>,
  ...args: readonly string[]
): Promise<void> {
  const how = ["--loop", "--rate=4", "--id=9", "--quiet", ...args];
  const push = startCli(runtimes[0], [...how, url, SAMPLE], { timeoutMs: 120_000 });
  try {
    await use();
  } finally {
    push.kill("SIGINT");
    await push.exited;
  }
}

/** As another user than root, as whom some players do not run. */
const asNobody = () =>
  process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

/** Frames that must be decoded: more than are in the look-ahead. */
const FRAMES = 100;
/** Bytes of a second of sound. */
const SOUND = 48_000 * 2;
const [WIDTH, HEIGHT] = [32, 18];

const gstreamer = suiteWith(["gst-launch-1.0"], "GStreamer plays a publishing point");

gstreamer("live, in video and in sound", async () => {
  await withServer([], async ({ url }) => {
    const point = `${url}/live/a.isml`;
    await whilePushing(point, async () => {
      await manifestOf(point);
      const folder = makeTempFolder();
      const [pictures, sound] = [join(folder, "pictures"), join(folder, "sound")];
      const format = `video/x-raw,format=GRAY8,width=${WIDTH},height=${HEIGHT}`;
      const sink = "filesink buffer-mode=unbuffered location=";
      const player = startProcess([
        "gst-launch-1.0",
        ...`souphttpsrc location=${point}/Manifest ! mssdemux name=d`.split(" "),
        ...`d.video_00 ! queue ! decodebin ! videoconvert ! videoscale ! ${format}`.split(" "),
        ...`! ${sink}${pictures} d.audio_00 ! queue ! decodebin ! audioconvert`.split(" "),
        ...`! audio/x-raw,format=S16LE ! ${sink}${sound}`.split(" "),
      ]);
      // It does not end by itself, as the broadcast does not.
      const has = (file: string, bytes: number) => existsSync(file) && statSync(file).size >= bytes;
      await until(
        "pictures and sound",
        () => has(pictures, FRAMES * WIDTH * HEIGHT) && has(sound, SOUND),
      );
      player.kill("SIGKILL");
      await player.exited;
      const bytes = await readFile(pictures);
      const frames = Array.from(
        { length: Math.floor(bytes.length / (WIDTH * HEIGHT)) },
        (_, n) => bytes.subarray(n * WIDTH * HEIGHT, (n + 1) * WIDTH * HEIGHT).toString("hex"),
      );
      // A moving picture is another one in each frame, or nearly so.
      assert.ok(new Set(frames).size > FRAMES / 2, `${new Set(frames).size} different ones`);
      const samples = new Set(await readFile(sound));
      assert.ok(samples.size > 50, "there is something to be heard");
    });
  });
});

gstreamer.run();

const vlc = suiteWith(["cvlc", "ffprobe", "setpriv"], "VLC plays a publishing point");

vlc("live, in video and in sound", async () => {
  await withServer([], async ({ url }) => {
    const point = `${url}/live/a.isml`;
    await whilePushing(point, async () => {
      await manifestOf(point);
      const folder = makeTempFolder();
      await chmod(folder, 0o777);
      const file = join(folder, "out.ts");
      const transcode = "transcode{vcodec=mp1v,width=128,height=72,vb=500,acodec=mpga,ab=64}";
      const output = `#${transcode}:std{access=file,mux=ts,dst=${file}}`;
      await runWell([
        ...[...asNobody(), "cvlc", "--quiet", "--avcodec-hw=none", "--no-spu", "--run-time=5"],
        ...["--sout", output, `${point}/Manifest`, "vlc://quit"],
      ], { env: { HOME: folder, XDG_RUNTIME_DIR: folder } });
      const text = await runWell([
        ...["ffprobe", "-v", "fatal", "-count_packets", "-of", "csv=p=0"],
        ...["-show_entries", "stream=codec_type,nb_read_packets", file],
      ]);
      const counts = new Map(
        text.trim().split("\n").map((line) => {
          const [type, count] = line.split(",");
          return [type, Number(count)] as const;
        }),
      );
      // VLC reads what the window has, and lets go: two seconds of 12.5 frames each at least.
      assert.ok((counts.get("video") ?? 0) >= 25, text);
      assert.ok((counts.get("audio") ?? 0) >= 50, text);
    });
  });
});

vlc.run();

const encoder = suiteWith(["ffmpeg"], "ffmpeg pushes to a publishing point");

for (const runtime of runtimes) {
  encoder(`in real time, and what is delivered is what it sent: ${runtime.name}`, async () => {
    const record = makeTempFolder();
    await withServer([`--record=${record}`], async ({ url, process: server }) => {
      const point = `${url}/live/ff.isml`;
      const codecs =
        "-c:v libx264 -preset ultrafast -bf 0 -g 25 -b:v 200k -pix_fmt yuv420p -c:a aac";
      const sent = runProcess([
        ...["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"],
        ...["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "6", ...codecs.split(" ")],
        ...["-f", "ismv", "-movflags", "isml+frag_keyframe", `${point}/Streams(enc)`],
      ]);
      const live = await manifestOf(point);
      assert.match(live, 'IsLive="TRUE"');
      const { code, stderr } = await sent;
      assert.equal([code, stderr], [0, ""]);
      await until("end", () => server.stderr().includes("/live/ff.isml: Stopped"));
      const manifest = await manifestOf(point);
      assert.not.match(manifest, "IsLive");
      const body = await readFile(join(record, "live", "ff.isml", "enc-1.bin"));
      const { boxes, fragments } = readBody(new Uint8Array(body));
      const folder = makeTempFolder();
      for (const [type, index] of [["video", 0], ["audio", 1]] as const) {
        const urls = fragmentUrls(point, manifest, type);
        const own = fragments.filter(({ trackId }) => trackId === index + 1);
        assert.is(urls.length, own.length);
        const delivered = await Promise.all(urls.map(async (it) => {
          const response = await fetch(it);
          assert.is(response.status, 200, it);
          return new Uint8Array(await response.arrayBuffer());
        }));
        for (const [n, bytes] of delivered.entries()) {
          assert.equal(readBody(bytes).fragments[0]!.payload, own[n]!.payload);
        }
        const header = boxes.filter(({ type }) => type === "ftyp" || type === "moov");
        const file = join(folder, `${type}.mp4`);
        await writeFile(file, [...header.map(({ bytes }) => bytes), ...delivered]);
        const { frames, complaints } = await decode(file, index);
        assert.is(complaints, "");
        assert.ok(frames.length >= (type === "video" ? 150 : 280), `${frames.length} ${type}`);
      }
      const { streams } = await (await fetch(`${point}/conformance`)).json();
      const broken = streams[0].rules.filter((it: { verdict: string }) => it.verdict === "broken");
      assert.equal(broken.map((it: { rule: string }) => it.rule), ["probe"]);
    }, runtime);
  });
}

encoder.run();

const circle = suite("an archive");

/** Payloads of each file of a folder that is named so, by its name. */
async function payloadsOf(folder: string, pattern: RegExp): Promise<Map<string, string[]>> {
  const payloads = new Map<string, string[]>();
  for (const name of (await readdir(folder)).filter((it) => pattern.test(it)).sort()) {
    const { fragments } = readBody(wholePart(new Uint8Array(await readFile(join(folder, name)))));
    payloads.set(name, fragments.map(({ payload }) => Buffer.from(payload).toString("base64")));
  }
  return payloads;
}

for (const runtime of runtimes) {
  circle(`of a server that was killed can be pushed again: ${runtime.name}`, async () => {
    const archive = makeTempFolder();
    const folder = join(archive, "live", "a.isml", "broadcast");
    const server = await serve(runtime, `--archive=${archive}`);
    await whilePushing(
      `${server.url}/live/a.isml`,
      async () => {
        const media = join(folder, "9-stream0.ismv");
        await until("archive", async () =>
          existsSync(media) &&
          readBody(wholePart(new Uint8Array(await readFile(media)))).fragments.length >= 12);
        server.process.kill("SIGKILL");
        await server.process.exited;
      },
      "--retries=1",
      "--rate=20",
    );
    const kept = await payloadsOf(folder, /\.is(mv|ma|mt)$/);
    assert.equal([...kept.keys()].length, 5);
    const bodies = makeTempFolder();
    await withServer([`--record=${bodies}`], async ({ url }) => {
      const again = ["/liveArchive", "--rate=max", "--id=7", "--quiet", `${url}/b.isml`];
      const { code, stderr } = await runCli(runtime, [...again, join(folder, "a.ism")]);
      assert.is(code, 0, stderr);
      const { isConforming, streams } = await (await fetch(`${url}/b.isml/conformance`)).json();
      const broken = streams.flatMap((it: { rules: { verdict: string; rule: string }[] }) =>
        it.rules.filter(({ verdict }) => verdict === "broken").map(({ rule }) => rule)
      );
      assert.equal([isConforming, broken], [true, []]);
    });
    const sent = await payloadsOf(join(bodies, "b.isml"), /-stream[0-3]-1\.bin$/);
    for (let n = 0; n < 4; n++) {
      const [before, after] = [kept, sent].map((all) =>
        [...all].find(([name]) => name.includes(`-stream${n}`))![1]
      );
      assert.ok(before!.length >= 10, `stream ${n}: ${before!.length}`);
      assert.equal(after, before, `stream ${n}`);
    }
    const verified = await runCli(runtime, ["verify", bodies]);
    assert.is(verified.code, 0, verified.stdout);
  });
}

circle.run();
