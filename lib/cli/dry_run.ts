import type { PushOptions } from "../push_options.ts";
import type { Terminal } from "./terminal.ts";
import { planPush, type PushPlan, type StreamSummary } from "../push_plan.ts";
import { EXIT } from "./exit_code.ts";
import { formatTable } from "./text_table.ts";
import { showBitrate, showBytes, showTime } from "./units.ts";

/** Shows what a push would send, on stdout. Returns the exit code: 3 if a file cannot be read to its end. */
export async function runDryRun(
  options: PushOptions,
  isJson: boolean,
  { stdout, stderr }: Terminal,
): Promise<number> {
  const warnings: string[] = [];
  const plan = await planPush({
    ...options,
    onEvent: (event) => event.event === "warning" && warnings.push(event.message),
  });
  stdout.write(isJson ? `${JSON.stringify({ ...plan, warnings })}\n` : describePlan(plan));
  if (!isJson) { for (const warning of warnings) stderr.write(`warning: ${warning}\n`); }
  const broken = plan.streams.filter(({ error }) => error !== undefined);
  for (const { error } of broken) stderr.write(`${error}\n`);
  return broken.length > 0 ? EXIT.input : EXIT.ok;
}

function describePlan(plan: PushPlan): string {
  const table = formatTable(
    [
      { title: "stream" },
      { title: "tracks", canShrink: true },
      { title: "bitrate", align: "right" },
      { title: "fragments", align: "right" },
      { title: "bytes", align: "right" },
      { title: "from", align: "right" },
      { title: "to", align: "right" },
      { title: "file", canShrink: true },
    ],
    plan.streams.map(cellsOf),
  ).join("\n");
  const passes = plan.passes === "endless" ? "for ever" : `${plan.passes} x`;
  const rate = plan.rate === "max" ? "unpaced" : `at rate ${plan.rate}`;
  return `${plan.presentation}: ${showTime(plan.periodSeconds)} a pass, ${passes}, ${rate}, ` +
    `starting at ${plan.base} ticks of 100 ns\n${table}\n` +
    plan.points.map(({ urls }) => urls.map((url) => `POST ${url}\n`).join("")).join("");
}

function cellsOf(stream: StreamSummary): string[] {
  return [
    stream.stream,
    stream.tracks.map(({ name, trackId }) => `${name} (${trackId})`).join(" + "),
    stream.isSparse ? "sparse" : showBitrate(stream.bitrate),
    String(stream.fragments),
    showBytes(stream.bytes),
    showTime(stream.fromSeconds),
    showTime(stream.toSeconds),
    stream.file,
  ];
}
