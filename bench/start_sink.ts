import type { SinkMessage, SinkRecord } from "./sink.ts";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A sink in a process of its own. */
export interface Sink {
  /** Origin of its URLs: it takes any path. */
  readonly origin: string;
  /** The requests that came in since this was called last. */
  records(): Promise<readonly SinkRecord[]>;
  close(): void;
}

/** Options for {@linkcode startSink}. */
export interface SinkOptions {
  /** Looks at what comes in, and stalls now and then. */
  isStalling?: boolean;
}

/** Starts a sink on a free port of loopback. */
export async function startSink({ isStalling = false }: SinkOptions = {}): Promise<Sink> {
  const child = fork(
    fileURLToPath(new URL("sink.ts", import.meta.url)),
    isStalling ? ["stalling"] : [],
  );
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`Cannot go on without the sink: it has ended with ${code}`);
  });
  failed.catch(() => {}); // it ends in the end
  const next = async <T extends SinkMessage["type"]>(type: T) => {
    const [message] = await Promise.race([once(child, "message"), failed]) as [SinkMessage];
    if (message.type !== type) throw new TypeError(`Cannot read "${message.type}" as "${type}"`);
    return message as Extract<SinkMessage, { readonly type: T }>;
  };
  const { port } = await next("listening");
  return {
    origin: `http://127.0.0.1:${port}`,
    async records() {
      const answer = next("records");
      child.send("records");
      return (await answer).records;
    },
    close: () => child.disconnect(),
  };
}
