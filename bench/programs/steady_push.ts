/**
 * Pushes a presentation again and again inside one process, by turns with a bare HTTP client that sends pieces of the
 * same sizes from memory: `steady_push.ts <json>` prints the seconds of each.
 */
import type { Transport, TransportAnswer } from "../../mod.ts";
import process from "node:process";
import { push } from "../../mod.ts";
import { fetchPieces } from "./fetch_pieces.ts";
import { usage } from "./usage.ts";

/** What the program is told. */
export interface SteadyPushArgument {
  readonly presentation: string;
  /** Of the sink. */
  readonly origin: string;
  /** Of each kind. */
  readonly passes: number;
  /** Leaves the bare client out. */
  readonly isAlone?: boolean;
}

/** What it prints. */
export interface SteadyPushResult {
  /** Of each push. */
  readonly pushSeconds: readonly number[];
  /** CPU time of each push; NaN where the system has no `/proc`. */
  readonly pushCpuSeconds: readonly number[];
  /** Of each transfer by the bare client; empty if it was left out. */
  readonly bareSeconds: readonly number[];
  /** Bytes of one pass. */
  readonly bytes: number;
  /** Of one pass. */
  readonly fragments: number;
}

const { presentation, origin, passes, isAlone = false } = JSON.parse(
  process.argv[2]!,
) as SteadyPushArgument;

/** A publishing point that takes everything and writes down how large the pieces of each stream were. */
class RecordingTransport implements Transport {
  readonly sizes: number[][] = [];

  async request({ body }: Parameters<Transport["request"]>[0]): Promise<TransportAnswer> {
    const own: number[] = [];
    this.sizes.push(own);
    for await (const piece of body as AsyncIterable<Uint8Array>) own.push(piece.length);
    return { status: 200, statusText: "OK", header: () => undefined };
  }

  single(): Promise<Transport> {
    return Promise.resolve(this);
  }

  async close(): Promise<void> {}
}

async function pieceSizes(): Promise<number[][]> {
  const transport = new RecordingTransport();
  const points = [{ url: "http://localhost/live.isml" }];
  await push({ points, presentation, rate: "max", probe: "none", transport });
  return transport.sizes;
}

async function pushOnce(): Promise<{ bytes: number; fragments: number }> {
  const points = [{ url: `${origin}/live.isml` }];
  const { streams } = await push({ points, presentation, id: "1", rate: "max" });
  const bad = streams.find(({ state }) => state !== "complete");
  if (bad) throw new Error(`${bad.stream} is ${bad.state}: ${bad.error?.message}`);
  return {
    bytes: streams.reduce((sum, { bytes }) => sum + bytes, 0),
    fragments: streams.reduce((sum, { fragments }) => sum + fragments, 0),
  };
}

function* piecesOf(memory: Uint8Array<ArrayBuffer>, sizes: readonly number[]) {
  for (const size of sizes) yield memory.subarray(0, size);
}

/** A client that sends so many pieces of these sizes from memory: `undici.request`, on Deno `fetch`. */
async function bareClient(
  memory: Uint8Array<ArrayBuffer>,
): Promise<(url: string, sizes: readonly number[]) => Promise<void>> {
  if ("Deno" in globalThis) {
    return async (url, sizes) => {
      await fetchPieces(url, piecesOf(memory, sizes));
    };
  }
  const { Agent, request } = await import("undici");
  const dispatcher = new Agent({ allowH2: false });
  return async (url, sizes) => {
    async function* pieces() {
      yield* piecesOf(memory, sizes);
    }
    // It takes them, though its types do not say so.
    const body = pieces() as unknown as Uint8Array;
    const answer = await request(url, { method: "POST", body, dispatcher });
    await answer.body.text();
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

const sizes = isAlone ? [] : await pieceSizes();
const memory = new Uint8Array(sizes.flat().reduce((most, size) => Math.max(most, size), 0));
const send = isAlone ? undefined : await bareClient(memory);
const totals = await pushOnce();
const pushSeconds: number[] = [];
const pushCpuSeconds: number[] = [];
const bareSeconds: number[] = [];
for (let n = 0; n < passes; n++) {
  const before = usage();
  pushSeconds.push(await timed(pushOnce));
  pushCpuSeconds.push(before ? usage()!.cpuSeconds - before.cpuSeconds : NaN);
  if (send) {
    const sendAll = () =>
      Promise.all(sizes.map((of, n) => send(`${origin}/live.isml/Streams(2-stream${n})`, of)));
    bareSeconds.push(await timed(sendAll));
  }
}
const result: SteadyPushResult = { pushSeconds, pushCpuSeconds, bareSeconds, ...totals };
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit();
