import * as assert from "uvu/assert";
import { startRecorder } from "../helpers/recorder.ts";
import { ROOT, runtimes, SAMPLE } from "./helpers/command_line.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { openTerminal, type TmuxTerminal } from "./helpers/tmux.ts";
import { until } from "./helpers/until.ts";

const test = suiteWith(["tmux"], "the live table");

const STREAMS = [0, 1, 2, 3, 4].map((number) => `9-stream${number}`);
const isTitle = (line: string) => line.startsWith("stream");

/** The number in a column of a row. */
function cell(screen: readonly string[], stream: string, title: string): number {
  const titles = screen.find(isTitle)!;
  const end = titles.indexOf(title) + title.length;
  const row = screen.find((line) => line.startsWith(stream))!;
  return Number(row.slice(0, end).split(" ").at(-1));
}

/** Below what the shell showed there is exactly one table, and nothing else. */
function checkTable([prompt, ...table]: readonly string[]): void {
  const text = table.join("\n");
  assert.is(prompt, "$");
  assert.ok(isTitle(table[0]!), text);
  assert.equal(table.slice(1).map((line) => line.split(" ")[0]), STREAMS, text);
}

const COLUMNS = [
  ...["stream", "track", "bitrate", "media time", "fragments", "bytes", "lag", "state"],
  ...["resent", "reconnects"],
];
const NARROW_COLUMNS = ["stream", "track", "time", "frags", "bytes", "lag", "state", "breaks"];

/** A screen on which each stream but the sparse one has sent a number of fragments. */
function untilFragments(terminal: TmuxTerminal, count: number): Promise<string[]> {
  return until(`table of ${count} fragments`, async () => {
    const screen = await terminal.screen();
    const isDrawn = screen.some(isTitle) && screen.some((line) => line.startsWith(STREAMS[4]!));
    if (!isDrawn) return false;
    const title = screen.find(isTitle)!.includes("fragments") ? "fragments" : "frags";
    return STREAMS.slice(0, 4).every((it) => cell(screen, it, title) >= count) && screen;
  });
}

async function watchPush(
  command: readonly string[],
  look: (terminal: TmuxTerminal) => Promise<void>,
  size = { columns: 120, rows: 30 },
): Promise<void> {
  const recorder = await startRecorder();
  try {
    const args = ["--loop", "--rate=20", "--id=9", `${recorder.url}/x.isml`, SAMPLE];
    const terminal = await openTerminal([...command, ...args], { ...size, cwd: ROOT });
    try {
      await look(terminal);
    } finally {
      await terminal.close();
    }
  } finally {
    await recorder.close();
  }
}

/** Presses Ctrl-C and waits for the end. */
async function interrupt(terminal: TmuxTerminal): Promise<string[]> {
  await terminal.press("C-c");
  return await until("end of the push", async () => {
    const screen = await terminal.screen();
    return screen.some((line) => line.startsWith("exit ")) && screen;
  });
}

for (const { name, command } of runtimes) {
  test(`${name}: a row for each stream, drawn again in place until Ctrl-C`, () =>
    watchPush(command, async (terminal) => {
      const first = await untilFragments(terminal, 2);
      checkTable(first);
      assert.equal(first.find(isTitle)!.split(/\s{2,}/), COLUMNS);
      checkTable(await untilFragments(terminal, 15));
      assert.is(await terminal.scrolledLines(), 0);
      const last = await interrupt(terminal);
      checkTable(last.slice(0, -1));
      for (const stream of STREAMS) {
        assert.match(last.find((line) => line.startsWith(stream))!, "stopped");
      }
      assert.is(last.at(-1), "exit 130");
      assert.is(await terminal.scrolledLines(), 0);
    }));

  test(`${name}: no line is longer than a narrow terminal, and none is cut`, () =>
    watchPush(command, async (terminal) => {
      const first = await untilFragments(terminal, 2);
      checkTable(first);
      assert.equal(first.find(isTitle)!.split(/\s{2,}/), NARROW_COLUMNS);
      assert.not.match(first.join("\n"), "…");
      checkTable(await untilFragments(terminal, 10));
      assert.is(await terminal.scrolledLines(), 0);
    }, { columns: 80, rows: 15 }));
}

test.run();
