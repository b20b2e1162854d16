/**
 * Runs scripts of `package.json` at the same time and shows what they print, one after the other:
 * `node tools/run_together.js <script> ...`. It fails if one of them does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";

/** More than any script prints. */
const MOST_BYTES = 2 ** 30;

/** Starts a script: what it prints is kept until somebody reads it, as it would wait for a pipe that is full. */
function start(script) {
  const child = spawn("npm", ["run", "--silent", script], {
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  const kept = () => new PassThrough({ highWaterMark: MOST_BYTES });
  return {
    stdout: child.stdout.pipe(kept()),
    stderr: child.stderr.pipe(kept()),
    closed: once(child, "close"),
  };
}

async function show({ stdout, stderr, closed }) {
  stdout.pipe(process.stdout, { end: false });
  stderr.pipe(process.stderr, { end: false });
  const [code] = await closed;
  return code === 0;
}

for (const run of process.argv.slice(2).map(start)) {
  if (!await show(run)) process.exitCode = 1;
}
