import type { Figure } from "../figure.ts";
import type { Row } from "../row.ts";
import type { Runtime } from "../runtimes.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { measure } from "../measure.ts";
import { median } from "../median.ts";
import { PACKAGE_PROGRAM } from "../runtimes.ts";

const SAMPLE = fileURLToPath(new URL("../../testdata/sample.ism", import.meta.url));

/** Seconds from the start of a process on. */
interface FirstBytes {
  /** Until the first byte of the first request came in, which has no body. */
  readonly probe: number;
  /** Until the first byte of a body came in. */
  readonly body: number;
}

async function firstBytes(runtime: Runtime): Promise<FirstBytes> {
  let probeMs: number | undefined;
  const server = createServer((request, response) => {
    request.once("data", () => server.emit("body", performance.now()));
    request.resume().once("end", () => response.end());
  });
  const body = once(server, "body");
  server.on("connection", (socket) => {
    socket.once("data", () => probeMs ??= performance.now());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}/live.isml`;
  const { program, args } = runtime.script(["--quiet", url, SAMPLE]);
  const startMs = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${runtime.name} has ended with ${code} before it sent anything`);
  });
  failed.catch(() => {}); // it is killed in the end
  try {
    const [bodyMs] = await Promise.race([body, failed]);
    return { probe: (probeMs! - startMs) / 1000, body: (bodyMs - startMs) / 1000 };
  } finally {
    child.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
  }
}

async function figuresOf(runtime: Runtime, runs: number): Promise<Figure[]> {
  const { name, kind } = runtime;
  const help: number[] = [];
  const first: FirstBytes[] = [];
  for (let n = 0; n < runs; n++) {
    if (kind === "node") help.push((await measure(runtime.script(["--help"]))).seconds);
    first.push(await firstBytes(runtime));
  }
  const probe = median(first.map(({ probe }) => probe))!;
  return [
    ...(kind === "node"
      ? [{
        name: `Start: pushencoder --help from the built package, ${name}`,
        unit: "s",
        target: { atMost: 0.15 },
        measured: median(help),
        digits: 2,
        detail: `median of ${runs}`,
      }]
      : []),
    {
      name: `Start: first byte of a stream at the point, ${name}`,
      unit: "s",
      target: { atMost: 0.35 },
      measured: median(first.map(({ body }) => body)),
      digits: 2,
      detail: `after the probes were answered; the first byte of a probe comes after ${
        probe.toFixed(2)
      } s`,
    },
  ];
}

/** How long does it take until something happens? */
export const startUp: Row = {
  id: "start",
  question: "How long does it take until something happens?",
  async run({ nodes, deno, runs }) {
    const figures: Figure[] = [];
    for (const runtime of [...nodes, deno]) {
      const missing = runtime.missing ??
        (runtime.kind === "node" && !existsSync(PACKAGE_PROGRAM)
          ? "there is no dist/: npm run build makes it"
          : undefined);
      if (missing === undefined) figures.push(...await figuresOf(runtime, runs));
      else {
        const name = `Start, ${runtime.name}`;
        figures.push({ name, unit: "s", measured: undefined, detail: missing });
      }
    }
    return { figures };
  },
};
