import type { VerifyArguments } from "./args.ts";
import type { Terminal } from "./terminal.ts";
import type { RuleVerdict, Verdict } from "../point/conformance/conformance.ts";
import { type Verification, type VerifiedStream, verify } from "../point/conformance/verify.ts";
import { countWords } from "../count_words.ts";
import { EXIT } from "./exit_code.ts";
import { formatTable, plainText, wrapText } from "./text_table.ts";

const MAX_WIDTH = 100;
const MIN_WIDTH = 60;

/**
 * Judges recorded bodies against the rules, and shows for each what was made of it.
 *
 * @returns The exit code: 3 if a rule was broken, or something could not be read.
 * @throws {InputError} If nothing could be read.
 */
export async function runVerify(args: VerifyArguments, terminal: Terminal): Promise<number> {
  const { stdout, stderr, stop, signal } = terminal;
  const verification = await verify(args.input, {
    maxFragmentBytes: args.maxFragmentBytes,
    signal: AbortSignal.any([stop, signal]),
  });
  const { streams, errors } = verification;
  if (args.json) stdout.write(streams.map(jsonLine).join(""));
  else {
    const width = Math.min(Math.max(stdout.columns ?? MAX_WIDTH, MIN_WIDTH), MAX_WIDTH);
    stdout.write(`${formatVerification(args.input, verification, width).join("\n")}\n`);
  }
  for (const { message } of errors) stderr.write(`pushencoder: ${plainText(message)}\n`);
  const isRight = errors.length === 0 && streams.every(({ isConforming }) => isConforming);
  return isRight ? EXIT.ok : EXIT.input;
}

/** Ticks are text, as they may be past 2^53. */
function jsonLine(stream: VerifiedStream): string {
  const text = (_key: string, value: unknown) => typeof value === "bigint" ? String(value) : value;
  return `${JSON.stringify(stream, text)}\n`;
}

/** The lines of a report, none longer than `width` characters: each stream, then each rule. */
export function formatVerification(
  input: string,
  { streams }: Verification,
  width: number,
): string[] {
  const broken = streams.filter(({ isConforming }) => !isConforming).length;
  const verdict = broken === 0 ? "no rule is broken" : `${broken} of them against the rules`;
  const headline = wrapText(`${input}: ${countWords(streams.length, "stream")}, ${verdict}`, {
    width,
  });
  return [
    ...headline,
    ...streams.flatMap((stream) => ["", ...streamSection(stream, width)]),
    ...(streams.length > 0 ? ["", ...ruleSection(streams, width)] : []),
  ];
}

function streamSection(stream: VerifiedStream, width: number): string[] {
  const { bodies, fragments, hasEnded } = stream.report;
  const facts = [
    countWords(bodies, "body", "bodies"),
    countWords(fragments, "fragment"),
    ...(hasEnded ? ["ended"] : []),
    `${countOf(stream.rules, "ok")} rules kept`,
    `${countOf(stream.rules, "broken")} broken`,
  ].join(", ");
  return [
    ...wrapText(`${nameOf(stream)}: ${facts}`, { width }),
    ...stream.rules.filter(({ verdict }) => verdict === "broken")
      .flatMap((rule) => brokenLines(rule, width)),
  ];
}

function nameOf({ point, event, stream }: VerifiedStream): string {
  return [point, event === undefined ? "" : `Events(${event})`, stream]
    .filter((part) => part !== "").join(" ");
}

function brokenLines({ rule, count, first, sentence, clause }: RuleVerdict, width: number) {
  const times = count === 1 ? "once" : `${count} times`;
  const place = first?.body === undefined ? "" : `body ${first.body}, `;
  const lead = " ".repeat(4);
  return [
    ...wrapText(`broken ${times}: ${rule}, clause ${clause}`, { width, lead: "  " }),
    ...wrapText(sentence, { width, lead }),
    ...wrapText(`first: ${place}${first?.detail ?? ""}`, { width, lead }),
  ];
}

/** Of all streams together: a rule is broken if one of them broke it, and kept if one of them could keep it. */
function ruleSection(streams: readonly VerifiedStream[], width: number): string[] {
  const rows = streams[0]!.rules.map(({ rule, clause }, n) => {
    const all = streams.map(({ rules }) => rules[n]!);
    const verdict: Verdict = countOf(all, "broken") > 0
      ? "broken"
      : countOf(all, "ok") > 0
      ? "ok"
      : "not seen";
    return [rule, verdict, clause];
  });
  const columns = [{ title: "rule" }, { title: "verdict" }, { title: "clause", canShrink: true }];
  return formatTable(columns, rows, { width });
}

function countOf(rules: readonly RuleVerdict[], wanted: Verdict): number {
  return rules.filter(({ verdict }) => verdict === wanted).length;
}
