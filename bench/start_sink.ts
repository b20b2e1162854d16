import type { SinkMessage, SinkRecord } from "./sink.ts";
import type { SeenFragment } from "./fragment_log.ts";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compileProgram } from "./compile_program.ts";
import { parseFragmentLog } from "./fragment_log.ts";
import { cpuSecondsOf } from "./measure.ts";
import { pinned } from "./pin.ts";

/** A sink in a process of its own. */
export interface Sink {
  /** Origin of its URLs: it takes any path. */
  readonly origin: string;
  /** The requests that came in since this was called last. */
  records(): Promise<readonly SinkRecord[]>;
  /** CPU time that it has taken so far; `undefined` where the system has no `/proc`. */
  cpuSeconds(): number | undefined;
  close(): void;
}

/** A sink that looks at the fragments of requests whose path begins with `/watch/`. */
export interface WatchingSink extends Sink {
  /** The fragments that came in since this was called last. */
  fragments(): Promise<readonly SeenFragment[]>;
}

/** What the figures are worth that are measured without the sink in C. */
export const SLOW_SINK_NOTICE =
  "There is no C compiler, so that the sink runs on Node: fast clients wait for it.";

/** The fastest sink there is, on a free port of loopback. */
export async function startSink(cpu?: number): Promise<Sink> {
  return await startWatchingSink(cpu) ?? await startNodeSink([]);
}

/** A sink that looks at what comes in, and stalls now and then. */
export function startStallingSink(): Promise<Sink> {
  return startNodeSink(["stalling"]);
}

let compiled: string | undefined | false = false;

/** Where the sink in C is, or `undefined` where it cannot be compiled. */
export function compiledSink(): string | undefined {
  if (compiled === false) compiled = compileProgram("sink");
  return compiled;
}

/** The sink in C, on one core if it is said which; `undefined` where it cannot be compiled. */
export async function startWatchingSink(cpu?: number): Promise<WatchingSink | undefined> {
  const program = compiledSink();
  if (program === undefined) return undefined;
  const command = pinned({ program, args: [] }, cpu);
  const child = spawn(command.program, command.args, { stdio: ["pipe", "pipe", "inherit"] });
  const failed = fails(once(child, "exit"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = () => Promise.race([nextOf(lines), failed]);
  const ask = async (command: string) => {
    child.stdin.write(`${command}\n`);
    const answer: string[] = [];
    for (let line = await nextLine(); line !== "."; line = await nextLine()) answer.push(line);
    return answer;
  };
  const port = /^port (\d+)$/.exec(await nextLine())![1];
  return {
    origin: `http://127.0.0.1:${port}`,
    cpuSeconds: () => cpuSecondsOf(child.pid),
    async records() {
      return (await ask("records")).map((line) => {
        const space = line.indexOf(" ");
        return { bytes: Number(line.slice(0, space)), path: line.slice(space + 1) };
      });
    },
    async fragments() {
      return parseFragmentLog(await ask("fragments"));
    },
    close: () => child.stdin.end(),
  };
}

async function startNodeSink(args: readonly string[]): Promise<Sink> {
  const child = fork(fileURLToPath(new URL("sink.ts", import.meta.url)), args);
  const failed = fails(once(child, "exit"));
  const next = async <T extends SinkMessage["type"]>(type: T) => {
    const [message] = await Promise.race([once(child, "message"), failed]) as [SinkMessage];
    if (message.type !== type) throw new TypeError(`Cannot read "${message.type}" as "${type}"`);
    return message as Extract<SinkMessage, { readonly type: T }>;
  };
  const { port } = await next("listening");
  return {
    origin: `http://127.0.0.1:${port}`,
    cpuSeconds: () => cpuSecondsOf(child.pid),
    async records() {
      const answer = next("records");
      child.send("records");
      return (await answer).records;
    },
    close: () => child.disconnect(),
  };
}

/**
 * The next line of what a sink writes.
 *
 * @throws {Error} If there is none left: its output ends before it does.
 */
export async function nextOf(lines: AsyncIterator<string>): Promise<string> {
  const { done, value } = await lines.next();
  if (done) throw new Error("Cannot go on without the sink: its output has ended");
  return value;
}

function fails(exit: Promise<unknown[]>): Promise<never> {
  const failed = exit.then(([code]) => {
    throw new Error(`Cannot go on without the sink: it has ended with ${code}`);
  });
  failed.catch(() => {}); // it ends in the end
  return failed;
}
