/**
 * Runs commands at the same time, as some of them mostly wait, and shows what each printed, one after the other:
 * `node tools/run_together.js <command line> ...`. It fails if one of them does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";

/** More than any command prints. */
const MOST_BYTES = 2 ** 30;

/** Starts a command: what it prints is kept until somebody reads it, as it would wait for a pipe that is full. */
function start(line) {
  const child = spawn(line, { stdio: ["ignore", "pipe", "pipe"], shell: true });
  const kept = () => new PassThrough({ highWaterMark: MOST_BYTES });
  return {
    line,
    stdout: child.stdout.pipe(kept()),
    stderr: child.stderr.pipe(kept()),
    closed: once(child, "close"),
  };
}

async function show({ line, stdout, stderr, closed }) {
  process.stdout.write(`\n$ ${line}\n`);
  stdout.pipe(process.stdout, { end: false });
  stderr.pipe(process.stderr, { end: false });
  const [code] = await closed;
  return code === 0;
}

for (const run of process.argv.slice(2).map(start)) {
  if (!await show(run)) process.exitCode = 1;
}
