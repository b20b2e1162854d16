import type { ChannelResult } from "./channel.ts";
import type { ChannelFacts } from "./channel_source.ts";
import type { GeneratorInterval, Target } from "./generator.ts";
import type { ChannelOptions, ChannelShare } from "./load_options.ts";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.ts";

/** A generator, wherever it runs. */
export interface GeneratorHandle {
  /** Rejects when it can go on no longer; never resolves. */
  readonly failed: Promise<never>;
  readonly facts: ChannelFacts;
  calibrate(channels: number, ms: number): Promise<string>;
  begin(): void;
  aim(target: Target): void;
  /** Ends all channels, and waits until they are at their ends. */
  empty(): Promise<void>;
  finish(): Promise<readonly ChannelResult[]>;
  abort(): void;
  close(): Promise<void>;
}

/** What a thread is started with. */
export interface ThreadData {
  readonly channel: ChannelOptions;
  readonly share: ChannelShare;
}

/** What a thread is asked to do. */
export type ThreadRequest =
  | { readonly ask: "begin"; readonly atMs: number }
  | { readonly ask: "aim"; readonly target: Target }
  | { readonly ask: "calibrate"; readonly channels: number; readonly ms: number }
  | { readonly ask: "empty" | "finish" | "abort" };

/** What a thread says. */
export type ThreadMessage =
  | { readonly say: "ready"; readonly facts: ChannelFacts }
  | { readonly say: "interval"; readonly interval: GeneratorInterval }
  | { readonly say: "calibrated"; readonly histogram: string }
  | { readonly say: "emptied" }
  | { readonly say: "finished"; readonly results: readonly ChannelResult[] }
  | { readonly say: "failed"; readonly message: string; readonly input?: string };

/** Options for {@linkcode openThread}. */
export interface ThreadOptions extends ThreadData {
  /** Ends the opening with its reason. */
  readonly signal: AbortSignal;
  readonly onInterval: (interval: GeneratorInterval) => void;
}

/** Built, it is JavaScript. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** Whether a thread can be started: from the sources a runtime must know TypeScript by itself. */
export function hasThreads(): boolean {
  const { features } = process as { features: { typescript?: unknown } };
  return EXTENSION === "js" || "Deno" in globalThis || Boolean(features.typescript);
}

/** Opens a generator in a thread of its own. */
export async function openThread(
  { onInterval, signal, ...data }: ThreadOptions,
): Promise<GeneratorHandle> {
  signal.throwIfAborted();
  const worker = new Worker(new URL(`./load_worker.${EXTENSION}`, import.meta.url), {
    workerData: data,
  });
  const thread = new Thread(worker, onInterval);
  const facts = await thread.open(signal);
  return {
    failed: thread.failed,
    facts,
    begin: () => thread.ask({ ask: "begin", atMs: Date.now() }),
    aim: (target) => thread.ask({ ask: "aim", target }),
    abort: () => thread.ask({ ask: "abort" }),
    async calibrate(channels, ms) {
      thread.ask({ ask: "calibrate", channels, ms });
      return (await thread.next("calibrated")).histogram;
    },
    async empty() {
      thread.ask({ ask: "empty" });
      await thread.next("emptied");
    },
    async finish() {
      thread.ask({ ask: "finish" });
      return (await thread.next("finished")).results;
    },
    close: () => thread.close(),
  };
}

type Say<Kind extends ThreadMessage["say"]> = Extract<ThreadMessage, { say: Kind }>;

/** The other side of a worker: what it says, and who waits for it. */
class Thread {
  readonly #worker: Worker;
  readonly #failed: Promise<never>;
  readonly #waiting = new Map<ThreadMessage["say"], (message: ThreadMessage) => void>();

  constructor(worker: Worker, onInterval: (interval: GeneratorInterval) => void) {
    this.#worker = worker;
    this.#failed = new Promise((_, reject) => {
      worker.on("error", reject);
      // Too late to matter for one that was closed.
      worker.on("exit", (code) => reject(new Error(`A thread has ended, with code ${code}`)));
      worker.on("message", (message: ThreadMessage) => {
        if (message.say === "interval") onInterval(message.interval);
        else if (message.say === "failed") reject(failureOf(message));
        else this.#waiting.get(message.say)?.(message);
      });
    });
    this.#failed.catch(() => {}); // whoever waits for something learns it there
  }

  /** Rejects when there is nobody there any more. */
  get failed(): Promise<never> {
    return this.#failed;
  }

  /** Waits until it is ready, or for the signal. */
  async open(signal: AbortSignal): Promise<ChannelFacts> {
    const over = new AbortController();
    const stopped = new Promise<never>((_, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true, signal: over.signal });
    });
    try {
      return (await Promise.race([this.next("ready"), stopped])).facts;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      over.abort();
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  ask(request: ThreadRequest): void {
    this.#worker.postMessage(request);
  }

  next<Kind extends ThreadMessage["say"]>(kind: Kind): Promise<Say<Kind>> {
    const said = new Promise<Say<Kind>>((resolve) => {
      this.#waiting.set(kind, (message) => resolve(message as Say<Kind>));
    });
    return Promise.race([said, this.#failed]);
  }
}

function failureOf({ message, input }: Say<"failed">): Error {
  if (input === undefined) return new Error(message);
  // The message has the input in front already.
  return new InputError(message.slice(input.length + 2), input);
}
