/**
 * Runs the example for Artillery with Artillery itself: `tsx tests/optional/artillery.ts`. It brings some 600 MB from npm, so
 * that it belongs to no other run, and it is no dependency of the project.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPointServer } from "../../lib/point/point_server.ts";
import { servePoint } from "../../lib/point/serve_point.ts";
import { ROOT } from "../clients/helpers/command_line.ts";
import { node24, withNode } from "../clients/helpers/node_24.ts";
import { runWell } from "../clients/helpers/start_process.ts";
import { makeTempFolder } from "../clients/helpers/temp_folder.ts";

const test = suite("the example for Artillery");

const NPM = ["--no-audit", "--no-fund"];
const USERS = 5;

test("runs virtual users as channels, and their metrics are in the report", async () => {
  const cwd = makeTempFolder();
  const env = {
    ...withNode(await node24()),
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "1",
    ARTILLERY_DISABLE_TELEMETRY: "true",
  };
  const here = { cwd, env, timeoutMs: 600_000 };
  await runWell(["npm", "pack", "--pack-destination", cwd], { ...here, cwd: ROOT });
  await writeFile(join(cwd, "package.json"), "{}");
  await runWell(["npm", "install", ...NPM, "./pushencoder-0.1.0.tgz", "artillery@2"], here);
  const examples = "./node_modules/pushencoder/examples";
  await runWell(["npm", "install", ...NPM, `${examples}/artillery-engine-pushencoder`], here);

  const point = createPointServer({ autoCreate: true });
  const served = await servePoint(point.fetch, { port: 0 });
  try {
    const example = await readFile(join(cwd, examples, "artillery.yml"), "utf8");
    const script = example
      .replace("http://127.0.0.1:8080", new URL(served.url).origin)
      .replace("duration: 10", "duration: 1")
      .replace("seconds: 30", "seconds: 6")
      // What this machine is busy with is not what is tested.
      .replace("last_byte.p99: 50", "last_byte.p99: 60000");
    await writeFile(join(cwd, "script.yml"), script);
    await runWell(["npx", "artillery", "run", "script.yml", "--output", "out.json"], here);
  } finally {
    await point.close();
    await served.close();
  }
  const { aggregate } = JSON.parse(await readFile(join(cwd, "out.json"), "utf8"));
  const { counters, summaries } = aggregate;
  assert.is(counters["vusers.completed"], USERS);
  assert.is(counters["vusers.failed"], 0);
  assert.is(counters["pushencoder.failed_streams"], undefined);
  assert.ok(counters["pushencoder.fragments"] >= USERS * 4 * 2);
  assert.ok(counters["pushencoder.bytes"] > 100_000);
  for (const name of ["last_byte", "first_byte", "probe", "connect", "final_answer"]) {
    assert.ok(summaries[`pushencoder.${name}`].p99 >= 0, name);
  }
});

test.run();
