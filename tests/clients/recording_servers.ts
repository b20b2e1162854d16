import type { RecordingServer, ServedRequest } from "./helpers/recording_server.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { sameBytes } from "../helpers/same_bytes.ts";
import { type Apache, startApache } from "./helpers/apache.ts";
import { type Runtime, runtimes, SAMPLE, startCli, writeBodies } from "./helpers/command_line.ts";
import { decode } from "./helpers/ffmpeg.ts";
import { startNginx } from "./helpers/nginx.ts";
import { PASSWORD, USER } from "./helpers/recording_server.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

const STREAMS = 5;
const FRAMES = [500, 500, 500, 938];
/** The short requests of the sparse stream: one for each of three fragments in each pass, one before and one after all. */
const sparseRequests = (passes: number) => 3 * passes + 2;

const isProbe = ({ length }: ServedRequest) => length === "0";

function joined(requests: readonly ServedRequest[]): Uint8Array {
  const whole = new Uint8Array(requests.reduce((size, { body }) => size + body.length, 0));
  let at = 0;
  for (const { body } of requests) {
    whole.set(body, at);
    at += body.length;
  }
  return whole;
}

let count = 0;

/** Pushes the sample to a path of its own and waits until the server has written down what came. */
async function pushTo(
  server: RecordingServer,
  runtime: Runtime,
  expected: number,
  { folder = "", args = [], env = {} }: {
    folder?: string;
    args?: readonly string[];
    env?: Readonly<Record<string, string>>;
  } = {},
) {
  const path = `${folder}/live${++count}.isml`;
  const cli = startCli(runtime, [...args, "--id=9", `${server.url}${path}`, SAMPLE], { env });
  const exit = await cli.exited;
  const requests = await until("record of all requests", async () => {
    const all = (await server.requests()).filter(({ uri }) => uri.startsWith(`${path}/`));
    return all.length >= expected && all;
  }, 5000).catch(() => server.requests());
  return { exit, requests, path };
}

function checkRequests(requests: readonly ServedRequest[], path: string, passes: number): void {
  assert.ok(requests.every(({ method, protocol }) => method === "POST" && protocol === "HTTP/1.1"));
  assert.ok(requests.every(({ agent }) => agent === "NSPlayer/7.0 IIS-LiveStream/7.0"));
  const probes = requests.slice(0, STREAMS);
  const urls = Array.from({ length: STREAMS }, (_, n) => `${path}/Streams(9-stream${n})`);
  assert.equal(probes.map(({ uri }) => uri).sort(), urls);
  assert.ok(probes.every((request) => isProbe(request) && request.body.length === 0));
  const bodies = requests.slice(STREAMS);
  assert.is(bodies.length, STREAMS - 1 + sparseRequests(passes));
  assert.ok(bodies.every(({ encoding, length }) => encoding === "chunked" && length === ""));
}

async function checkBodies(requests: readonly ServedRequest[], passes: number): Promise<void> {
  const folder = makeTempFolder();
  await writeBodies(folder, SAMPLE, `--loop=${passes}`);
  for (let n = 0; n < STREAMS; n++) {
    const file = join(folder, `9-stream${n}.ismv`);
    const body = joined(requests.filter(({ uri }) => uri.endsWith(`stream${n})`)));
    sameBytes(body, await readFile(file), `stream ${n}`);
    if (n >= FRAMES.length) continue;
    const { frames, complaints } = await decode(file);
    assert.is(complaints, "");
    assert.is(frames.length, FRAMES[n]! * passes);
  }
}

const servers = [
  { name: "nginx", program: "nginx", start: startNginx },
  { name: "Apache", program: "apache2", start: startApache },
];
const pushes = [
  { what: "three loops at once", args: ["--loop=3", "--rate=max"], passes: 3 },
  { what: "one pass by the clock", args: ["--rate=10"], passes: 1 },
];

for (const { name, program, start } of servers) {
  const test = suiteWith([program, "ffmpeg"], `${name} records`);
  let server: RecordingServer;
  test.before(async () => {
    server = await start();
  });
  test.after(() => server.stop());

  for (const runtime of runtimes) {
    for (const { what, args, passes } of pushes) {
      test(`what ${runtime.name} pushes, ${what}: the bytes of --output`, async () => {
        const expected = 2 * STREAMS - 1 + sparseRequests(passes);
        const { exit, requests, path } = await pushTo(server, runtime, expected, { args });
        assert.is(exit.code, 0, exit.stderr);
        checkRequests(requests, path, passes);
        await checkBodies(requests, passes);
      });
    }

    test(`what ${runtime.name} pushes with Basic credentials, once asked for them`, async () => {
      const env = { PUSHENCODER_USER: USER, PUSHENCODER_PASSWORD: PASSWORD };
      const options = { folder: "/locked", args: ["--rate=max"], env };
      const { exit, requests } = await pushTo(server, runtime, 0, options);
      assert.is(exit.code, 0, exit.stderr);
      assert.is(joined(requests).length > 0, true);
    });

    test(`nothing of ${runtime.name} with a wrong password`, async () => {
      const env = { PUSHENCODER_USER: USER, PUSHENCODER_PASSWORD: "wrong" };
      const options = { folder: "/locked", args: ["--rate=max"], env };
      const { exit, path } = await pushTo(server, runtime, 0, options);
      assert.is(exit.code, 4, exit.stderr);
      const all = await server.requests();
      assert.is(joined(all.filter(({ uri }) => uri.startsWith(path))).length, 0);
    });
  }

  test.run();
}

const test = suiteWith(["apache2"], "Apache takes a new publishing point");
let apache: Apache;
test.before(async () => {
  apache = await startApache();
});
test.after(() => apache.stop());

for (const runtime of runtimes) {
  test(`from ${runtime.name} by WebDAV, once new and once there already`, async () => {
    const env = { PUSHENCODER_USER: USER, PUSHENCODER_PASSWORD: PASSWORD };
    const url = `${apache.url}/locked/${runtime.name}.isml`;
    for (const status of ["created", "exists already (204)"]) {
      const args = ["--create", "--id=9", "--rate=max", url, SAMPLE];
      const { code, stderr } = await startCli(runtime, args, { env }).exited;
      assert.is(code, 0, stderr);
      assert.ok(stderr.includes(status), stderr);
      assert.match((await apache.stored(`locked/${runtime.name}.isml`))!, /<smil[\s\S]*<\/smil>/);
    }
  });
}

test.run();
