/**
 * Measures what the product costs and how punctual it is, and prints a table: `npm run bench -- --help` says how.
 */
import type { Answer, Conditions, Row } from "./row.ts";
import type { Results } from "./report.ts";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import {
  availableParallelism,
  cpus,
  loadavg,
  release,
  totalmem,
  type as systemType,
} from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { curlClient, ffmpegClient } from "./clients.ts";
import { formatMeasured, formatTarget, verdictOf } from "./figure.ts";
import {
  formatMarkdown,
  formatReport,
  formatResults,
  parseResults,
  putBetweenMarks,
} from "./report.ts";
import { ROWS } from "./rows.ts";
import { denoRuntime, nodeRuntimes } from "./runtimes.ts";
import { compiledSink, SLOW_SINK_NOTICE } from "./start_sink.ts";

const HELP = `npm run bench -- [options]

  --quick             fewer rounds, shorter ones, a smaller file: less than a minute
  --only=<row,…>      some rows alone, by their names below
  --node=<node,…>     more versions of Node to measure: paths, or versions that npx brings
  --size=<GB>         size of the file of the unpaced push, in 10^9 bytes (default 1; quick: 0.25)
  --runs=<N>          rounds that count (default 5; quick: 2)
  --from=<file,…>     files of results to take figures from, in place of measuring; later ones count
  --readme            puts the table into bench/README.md, and its main figures into README.md
  --help              this text

Rows:
${ROWS.map(({ id, question }) => `  ${id.padEnd(18)}  ${question}`).join("\n")}
`;

const RESULTS = new URL("results/", import.meta.url);
/** That of the project. */
const README = new URL("../README.md", import.meta.url);
const OWN_README = new URL("README.md", import.meta.url);
const DENO = fileURLToPath(new URL("../node_modules/.bin/deno", import.meta.url));

/** Processes that wanted to run in the last minute, above which the figures are not worth much. */
const MAX_LOAD = 1;

class UsageError extends Error {}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function positive(value: string | undefined, option: string, fallback: number): number {
  const number = Number(value ?? fallback);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new UsageError(
    `Cannot take --${option} as it must be a number above 0: current value is "${value}"`,
  );
}

function list(value: string | undefined): string[] {
  return value?.split(",").filter((part) => part !== "") ?? [];
}

function wantedRows(only: readonly string[], isQuick: boolean): Row[] {
  const unknown = only.find((id) => !ROWS.some((row) => row.id === id));
  if (unknown !== undefined) {
    const known = ROWS.map(({ id }) => id).join(", ");
    throw new UsageError(
      `Cannot measure a row as it must be one of ${known}: current value is "${unknown}"`,
    );
  }
  return ROWS.filter(({ id, isLong }) =>
    only.length > 0 ? only.includes(id) : !(isQuick && isLong)
  );
}

/** What the figures hang on, for people. */
function describe(
  { nodes, deno, curl, ffmpeg, isQuick, runs }: Conditions,
  loads: readonly number[],
): string[] {
  const cores = availableParallelism();
  const gigabytes = Math.round(totalmem() / 1e9);
  const programs = [...nodes, deno, curl, ffmpeg].filter(({ missing }) => missing === undefined);
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cores} cores of ${
      cpus()[0]?.model ?? "an unknown processor"
    }, ${gigabytes} GB of memory, ${systemType()} ${release()}, all on loopback.`,
    `${programs.map(({ name }) => name).join(", ")}; ${
      isQuick ? "a quick run: fewer rounds than the figures are meant for" : `medians of ${runs}`
    }.`,
    ...(loads[0]! > MAX_LOAD
      ? [`The machine was busy when it began (load average ${loads[0]!.toFixed(1)}).`]
      : []),
    ...(compiledSink() === undefined ? [SLOW_SINK_NOTICE] : []),
  ];
}

async function measureRows(rows: readonly Row[], conditions: Conditions): Promise<Results> {
  const answers: Record<string, Answer> = {};
  const loads = loadavg();
  for (const row of rows) {
    print(`${row.id}: ${row.question}`);
    const startMs = performance.now();
    const answer = answers[row.id] = await row.run(conditions);
    for (const figure of answer.figures) {
      print(
        `  ${figure.name}: ${formatMeasured(figure)} (${formatTarget(figure)}: ${
          verdictOf(figure)
        }); ${figure.detail}`,
      );
    }
    print(`  ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  }
  return { conditions: describe(conditions, loads), answers };
}

/** Puts several results together. */
async function readResults(files: readonly string[]): Promise<Results> {
  const all = await Promise.all(files.map(async (file) => {
    try {
      return parseResults(await readFile(file, "utf8"));
    } catch (error) {
      throw new UsageError(`Cannot read "${file}" as results: ${(error as Error).message}`);
    }
  }));
  const answers = Object.assign({}, ...all.map(({ answers }) => answers)) as Results["answers"];
  const conditions = [...new Set(all.flatMap(({ conditions }) => conditions))];
  const ordered = ROWS.flatMap(({ id }) => answers[id] ? [[id, answers[id]] as const] : []);
  return { conditions, answers: Object.fromEntries(ordered) };
}

async function writeResults(results: Results, isMeasured: boolean): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const name = `${new Date().toISOString().replaceAll(":", "-")}.json`;
  const texts: [string, string][] = [
    ...(isMeasured ? [[name, formatResults(results)] as [string, string]] : []),
    ["table.md", formatMarkdown(results)],
    ["report.html", formatReport(results, ROWS)],
  ];
  for (const [file, text] of texts) {
    const url = new URL(file, RESULTS);
    await writeFile(url, `${text}\n`);
    print(`Written to ${fileURLToPath(url)}`);
  }
}

async function putInto(document: URL, text: string): Promise<void> {
  await writeFile(document, putBetweenMarks(await readFile(document, "utf8"), text));
  spawnSync(DENO, ["fmt", "-q", fileURLToPath(document)], { stdio: "inherit" });
  print(`Written to ${fileURLToPath(document)}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      node: { type: "string" },
      size: { type: "string" },
      runs: { type: "string" },
      from: { type: "string" },
      readme: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const isQuick = values.quick;
  const rows = wantedRows(list(values.only), isQuick);
  const bytes = positive(values.size, "size", isQuick ? 0.25 : 1) * 1e9;
  const runs = Math.ceil(positive(values.runs, "runs", isQuick ? 2 : 5));
  const measured = values.from === undefined;
  const results = measured
    ? await measureRows(rows, {
      isQuick,
      runs,
      bytes,
      nodes: nodeRuntimes(list(values.node)),
      deno: denoRuntime(),
      curl: curlClient(),
      ffmpeg: ffmpegClient(),
    })
    : await readResults(list(values.from));
  const table = formatMarkdown(results);
  print(`\n${table}\n`);
  await writeResults(results, measured);
  if (values.readme) {
    await putInto(README, formatMarkdown(results, true));
    await putInto(OWN_README, table);
  }
  // All other figures are what they are; a wrong byte is a defect.
  const wrong = results.answers.bytes?.figures.some((figure) => verdictOf(figure) === "missed");
  return wrong ? 1 : 0;
}

process.exitCode = await main().catch((error) => {
  const isUsage = error instanceof UsageError || error.code?.startsWith("ERR_PARSE_ARGS");
  if (!isUsage) throw error;
  process.stderr.write(`${error.message}\n`);
  return 2;
});
