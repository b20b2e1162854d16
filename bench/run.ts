/**
 * Measures what a push costs and prints it: `npm run bench -- --help` says how.
 */
import type { ByteExactnessRow } from "./byte_exactness.ts";
import type { Client } from "./clients.ts";
import type { UnpacedPushRow } from "./unpaced_push.ts";
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem, type as systemType } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { byteExactness } from "./byte_exactness.ts";
import { builtClient, curlClient, denoClient, sourceClient } from "./clients.ts";
import { makeInput } from "./make_input.ts";
import { formatFigure, formatTable } from "./table.ts";
import { unpacedPush } from "./unpaced_push.ts";

const HELP = `npm run bench -- [options]

  --quick        a smaller file and fewer runs: less than a minute
  --size=<GB>    size of the file, in 10^9 bytes (default 1; quick: 0.25)
  --runs=<N>     rounds that count (default 5; quick: 3)
  --node=<path>  one more Node to measure; again and again
  --help         this text
`;

const RESULTS = new URL("results/", import.meta.url);

/** Large enough to go round every pool of buffers many times, small enough for a sink that stalls. */
const EXACTNESS_BYTES = 100e6;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function machine() {
  return {
    system: `${systemType()} ${release()}`,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

function positive(value: string | undefined, option: string, fallback: number): number {
  const number = Number(value ?? fallback);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new RangeError(
    `Cannot take --${option} as it must be a number above 0: current value is "${value}"`,
  );
}

function pushTable(rows: readonly UnpacedPushRow[]): string {
  const cells = rows.map((row) =>
    row.missing !== undefined ? [`${row.client}: ${row.missing}`] : [
      row.client,
      formatFigure(row.bytesPerSecond && row.bytesPerSecond / 1e9, 2),
      formatFigure(row.speedRatio, 2),
      formatFigure(row.cpuSecondsPerGigabyte, 2),
      formatFigure(row.cpuRatio, 2),
      formatFigure(row.peakBytes && row.peakBytes / 1e6, 0),
    ]
  );
  return formatTable(["client", "GB/s", "x curl", "CPU s/GB", "x curl", "peak MB"], cells);
}

function exactnessTable(rows: readonly ByteExactnessRow[]): string {
  const cells = rows.map(({ client, missing, isExact }) => [
    client,
    missing ?? (isExact ? "yes" : "NO"),
  ]);
  return formatTable(["client", "every byte right"], cells);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      size: { type: "string" },
      runs: { type: "string" },
      node: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const bytes = positive(values.size, "size", values.quick ? 0.25 : 1) * 1e9;
  const runs = Math.ceil(positive(values.runs, "runs", values.quick ? 3 : 5));

  const yardstick = curlClient();
  const clients: Client[] = [
    ...[process.execPath, ...values.node].map(builtClient),
    sourceClient(),
    denoClient(),
  ];
  const conditions = { ...machine(), date: new Date().toISOString(), quick: values.quick, runs };
  const { system, processor, cores } = conditions;
  print(`${conditions.date.slice(0, 10)}, ${system}, ${cores} cores of ${processor}\n`);

  const input = await makeInput({ bytes });
  print(`An unpaced push of ${bytes / 1e9} GB to a sink on loopback, median of ${runs} runs:\n`);
  const pushRows = await unpacedPush({ input, yardstick, clients, runs });
  print(`${pushTable(pushRows)}\n`);

  print("A push to a sink that stalls at random:\n");
  const smallInput = await makeInput({ bytes: EXACTNESS_BYTES });
  const exactnessRows = await byteExactness(smallInput, clients);
  print(exactnessTable(exactnessRows));

  await mkdir(RESULTS, { recursive: true });
  const file = new URL(`${conditions.date.replaceAll(":", "-")}.json`, RESULTS);
  const result = { conditions, input, unpacedPush: pushRows, byteExactness: exactnessRows };
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  print(`\nWritten to ${fileURLToPath(file)}`);
  return exactnessRows.some(({ isExact }) => isExact === false) ? 1 : 0;
}

process.exitCode = await main();
