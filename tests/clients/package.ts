import type { ProcessOptions } from "./helpers/start_process.ts";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPointServer } from "../../lib/point/point_server.ts";
import { servePoint } from "../../lib/point/serve_point.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { DENO, ROOT, SAMPLE, writeBodies } from "./helpers/command_line.ts";
import { node24, withNode } from "./helpers/node_24.ts";
import { runWell, startProcess } from "./helpers/start_process.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

const test = suite("the package");

const NPM = ["--no-audit", "--no-fund"];
const SITE = "lib/point/page/site";
const PACKAGED_SITE = `node_modules/pushencoder/dist/${SITE}`;
const PLAYER = "node_modules/dashjs/dist/modern/umd";
const SAMPLE_OF_PACKAGE = "node_modules/pushencoder/testdata/sample.ism";

/** Somebody else's program: a stage of the package and the whole of it. */
const embedder = (specifier: string) => `
import { createServer } from "node:http";
import { ReadableStream } from "node:stream/web";
import { push, SkipStream } from "${specifier}";

const part = (index) => ({ type: "fragment", index });
const kept = [];
const parts = ReadableStream.from([0, 1, 2, 3].map(part));
for await (const { index } of parts.pipeThrough(new SkipStream({ first: 1, last: 2 }))) kept.push(index);

let bytes = 0;
const server = createServer((request, response) => {
  request.on("data", (piece) => bytes += piece.length);
  request.on("end", () => response.end());
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = \`http://127.0.0.1:\${server.address().port}/live.isml\`;
const { streams } = await push({ points: [{ url }], presentation: "${SAMPLE_OF_PACKAGE}", rate: "max" });
server.close();
server.closeAllConnections();
const sent = streams.reduce((sum, stream) => sum + stream.bytes, 0);
console.log(JSON.stringify({ kept, states: streams.map(({ state }) => state), isSame: bytes === sent }));
`;

/** What the compiler must understand: types that are exported, and one that must be wrong. */
const TYPED_EMBEDDER = `
import type { Fragment, PushEvent, PushOptions, PushReport, StreamPart } from "pushencoder";
import { push, SkipStream } from "pushencoder";

const isMine = (part: StreamPart): part is Fragment => part.type === "fragment" && part.index > 1;
const mine = new TransformStream<StreamPart, StreamPart>({
  transform(part, controller) {
    if (part.type !== "fragment" || isMine(part)) controller.enqueue(part);
  },
});
const onEvent = (event: PushEvent) => {
  if (event.event === "fragment") void event.mediaSeconds.toFixed();
};
export function run(parts: ReadableStream<StreamPart>): Promise<PushReport> {
  void parts.pipeThrough(new SkipStream({ first: 1, last: 2 })).pipeThrough(mine);
  const options: PushOptions = { points: [{ url: "http://localhost/x.isml" }], presentation: "x.ism", onEvent };
  return push(options);
}
// @ts-expect-error: the types are there, and not any
new SkipStream({ first: "1" });
`;

/** An empty folder in which the package is installed from its tarball. */
let folder = "";

test.before(async () => {
  const tarballs = makeTempFolder();
  const options: ProcessOptions = { cwd: ROOT, timeoutMs: 180_000 };
  await runWell(["npm", "pack", "--pack-destination", tarballs], options);
  const [tarball] = await readdir(tarballs);
  folder = makeTempFolder();
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const install = ["npm", "install", ...NPM, join(tarballs, tarball!)];
  await runWell(install, { ...options, cwd: folder });
  await writeFile(join(folder, "embedder.mjs"), embedder("pushencoder"));
  await writeFile(join(folder, "embedder_npm.mjs"), embedder("npm:pushencoder"));
  await writeFile(join(folder, "embedder.ts"), TYPED_EMBEDDER);
});

test("has what it needs, and no more", async () => {
  const names = await readdir(join(folder, "node_modules/pushencoder"));
  const wanted = [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist",
    "examples",
    "package.json",
    "testdata",
  ];
  assert.equal(
    names.sort(),
    wanted.filter((name) => name === "dist" || existsSync(join(ROOT, name))),
  );
});

const VERSION = /^pushencoder \d+\.\d+\.\d+\n$/;
const EMBEDDED = { kept: [0, 3], states: Array(5).fill("complete"), isSame: true };

async function checkOutput(output: string): Promise<void> {
  const expected = makeTempFolder();
  await writeBodies(expected, SAMPLE);
  for (const n of [0, 1, 2, 3, 4]) {
    const bytes = await readFile(join(output, `9-stream${n}.ismv`));
    sameBytes(bytes, await readFile(join(expected, `9-stream${n}.ismv`)), `stream ${n}`);
  }
}

const nodes = [
  { name: `Node ${process.versions.node}`, path: () => Promise.resolve(process.execPath) },
  { name: "Node 24", path: node24 },
];
for (const { name, path } of nodes) {
  const run = async (...command: readonly string[]) => {
    // Otherwise npx would ask the registry for what is not there.
    const env = { ...withNode(await path()), npm_config_yes: "false" };
    return await runWell(command, { cwd: folder, env });
  };

  test(`${name}: npx runs it`, async () => {
    assert.match(await run("npx", "pushencoder", "--version"), VERSION);
    assert.match(await run("npx", "pushencoder", "--help"), "--output");
  });

  test(`${name}: npx pushencoder --output writes what the source writes`, async () => {
    const output = makeTempFolder();
    const args = [`--output=${output}`, SAMPLE_OF_PACKAGE, "--id=9", "--rate=max"];
    await run("npx", "pushencoder", ...args);
    await checkOutput(output);
  });

  test(`${name}: a program of one's own imports it`, async () => {
    assert.equal(JSON.parse(await run("node", "embedder.mjs")), EMBEDDED);
  });

  test(`${name}: npx pushencoder demo`, async () => {
    if (isMissing("demo")) return;
    const found = await run("npx", "pushencoder", "demo", "--duration=4");
    assert.match(found, "5 streams");
  });

  test(`${name}: pushencoder bench starts its threads, and Artillery finds its engine`, async () => {
    const point = createPointServer({ autoCreate: true });
    const served = await servePoint(point.fetch, { port: 0 });
    try {
      const url = `${new URL(served.url).origin}/live.isml`;
      const load = ["--channels=2", "--workers=2", "--rate=10", "--for=1", "--calibrate=0"];
      // A machine that is busy makes the result void (1), and it is one all the same.
      const script = [
        `npx pushencoder bench --json --quiet ${load.join(" ")} ${url} ${SAMPLE_OF_PACKAGE}`,
        "[ $? -le 1 ]",
      ].join("\n");
      const report = JSON.parse(await run("sh", "-c", script));
      assert.is(report.conditions[0].workers, 2);
      assert.ok(report.metrics.last.count > 0);
      assert.equal(report.errors, {});
    } finally {
      await point.close();
      await served.close();
    }
    const code = 'import Engine from "pushencoder/artillery"; console.log(Engine.name)';
    const engine = await run("node", "--input-type=module", "--eval", code);
    assert.is(engine.trim(), "PushencoderEngine");
  });

  test(`${name}: pushencoder serve has the page, and the player with its licence`, async () => {
    const env = withNode(await path());
    const program = "node_modules/pushencoder/dist/cli.js";
    const server = startProcess(["node", program, "serve", "--port=0"], { cwd: folder, env });
    const url = await until("server", () => /listening on (\S+)/.exec(server.stderr())?.[1]);
    const bytes = async (file: string) => {
      const response = await fetch(`${url}/page/${file}`);
      assert.is(response.status, 200, file);
      return new Uint8Array(await response.arrayBuffer());
    };
    sameBytes(await bytes("point.js"), await readFile(join(ROOT, SITE, "point.js")), "point.js");
    for (const file of ["dash.all.min.js", "dash.mss.min.js"]) {
      sameBytes(await bytes(file), await readFile(join(ROOT, PLAYER, file)), file);
    }
    server.kill("SIGINT");
    await server.exited;
    const licence = await readFile(join(folder, PACKAGED_SITE, "vendor/LICENSE.md"), "utf8");
    assert.match(licence, "Redistribution");
  });

  test(`${name}: npx pushencoder inspect`, async () => {
    if (isMissing("inspect")) return;
    assert.match(await run("npx", "pushencoder", "inspect", SAMPLE_OF_PACKAGE), "sample_560.ismv");
  });
}

function isMissing(command: string): boolean {
  const missing = !existsSync(join(ROOT, `lib/cli/${command}.ts`));
  if (missing) process.stdout.write(`${command}: skipped, as it does not exist yet\n`);
  return missing;
}

const inDeno = ["run", "-A", "--node-modules-dir=manual"];
for (const program of ["embedder.mjs", "embedder_npm.mjs"]) {
  test(`Deno: ${program} imports it`, async () => {
    const found = await runWell([DENO, ...inDeno, program], { cwd: folder });
    assert.equal(JSON.parse(found), EMBEDDED);
  });
}

test("Deno: npm:pushencoder runs", async () => {
  const found = await runWell([DENO, ...inDeno, "npm:pushencoder", "--version"], { cwd: folder });
  assert.match(found, VERSION);
});

const resolutions = [
  { moduleResolution: "nodenext", module: "nodenext" },
  { moduleResolution: "bundler", module: "esnext" },
];
for (const { moduleResolution, module } of resolutions) {
  test(`its types are right for moduleResolution ${moduleResolution}`, async () => {
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const options = [
      "--strict",
      "--noEmit",
      "--target",
      "es2023",
      "--lib",
      "es2023,dom,dom.iterable",
    ];
    const how = ["--module", module, "--moduleResolution", moduleResolution];
    await runWell([tsc, ...options, ...how, "embedder.ts"], { cwd: folder });
  });
}

test("its types are right for Deno", async () => {
  await runWell([DENO, "check", "--node-modules-dir=manual", "embedder.ts"], { cwd: folder });
});

test.run();
