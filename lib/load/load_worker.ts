import type { ThreadData, ThreadMessage, ThreadRequest } from "./threaded_generator.ts";
import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.ts";
import { Generator } from "./generator.ts";

const port = parentPort!;

function say(message: ThreadMessage): void {
  port.postMessage(message);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const isInput = error instanceof InputError;
  say(isInput ? { say: "failed", message, input: error.input } : { say: "failed", message });
}

async function obey(generator: Generator, request: ThreadRequest): Promise<void> {
  switch (request.ask) {
    case "begin":
      return generator.begin(Math.max(0, Date.now() - request.atMs));
    case "aim":
      return generator.aim(request.target);
    case "calibrate": {
      const histogram = await generator.calibrate(request.channels, request.ms);
      return say({ say: "calibrated", histogram });
    }
    case "empty":
      await generator.empty();
      return say({ say: "emptied" });
    case "finish":
      return say({ say: "finished", results: await generator.finish() });
    case "abort":
      return generator.abort();
  }
}

try {
  const generator = await Generator.open({
    ...(workerData as ThreadData),
    onInterval: (interval) => say({ say: "interval", interval }),
  });
  port.on("message", (request: ThreadRequest) => void obey(generator, request).catch(fail));
  say({ say: "ready", facts: generator.facts });
} catch (error) {
  fail(error);
}
