import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openDisplay, showFailures } from "../../lib/cli/display.ts";
import { summaryOf } from "../../lib/cli/plain_log.ts";
import { StreamRows } from "../../lib/cli/stream_rows.ts";
import type { StreamOutcome } from "../../lib/push.ts";
import type { PushEvent } from "../../lib/push_event.ts";
import { keptTerminal } from "../helpers/terminal.ts";

const time = "2026-01-02T03:04:05.678Z";
const point = "http://h/x.isml";
const stream = "7-stream0";
const at = { time, point, stream };
const QUIET = { json: false, quiet: false, verbose: false };

const EVENTS: readonly PushEvent[] = [
  {
    time,
    point: "",
    stream: "",
    event: "planned",
    streams: [{ stream, tracks: ["video"], bitrate: 560_000, isSparse: false }],
  },
  { time, point: "", stream: "", event: "warning", message: "odd \x1b[31m thing" },
  { ...at, event: "probing", url: `${point}/Streams(7-stream0)` },
  { ...at, event: "connected", status: 200 },
  {
    ...at,
    event: "fragment",
    trackId: 1,
    index: 0,
    pass: 0,
    mediaSeconds: 2,
    bytes: 128_000,
    lateMs: 4,
  },
  { ...at, event: "retrying", attempt: 1, delayMs: 500, message: "it broke" },
  { ...at, event: "recovered", outageSeconds: 1.5 },
  {
    ...at,
    event: "ended",
    state: "refused",
    fragments: 1,
    bytes: 129_000,
    resent: 3,
    reconnects: 1,
    status: 403,
    message: "no",
  },
];

function show(options: Partial<typeof QUIET>, properties = {}): { out: string; err: string } {
  const terminal = keptTerminal(properties);
  const display = openDisplay({ ...QUIET, ...options }, terminal);
  for (const event of EVENTS) display.onEvent(event);
  display.close();
  return { out: terminal.stdout.text, err: terminal.stderr.text };
}

const test = suite("openDisplay");

test("sums up all streams that have begun, also those that are late or retrying", () => {
  const rows = new StreamRows();
  const fragment = {
    event: "fragment",
    trackId: 1,
    index: 0,
    pass: 0,
    mediaSeconds: 2,
    bytes: 1000,
  } as const;
  assert.is(summaryOf(rows.rows), undefined);
  for (const [n, lateMs] of [[0, 4], [1, 5000], [2, 7], [3, 9]] as const) {
    rows.update({ ...at, stream: `7-stream${n}`, ...fragment, lateMs });
  }
  rows.update({ ...at, stream: "7-stream1", event: "late", lateMs: 5000 });
  rows.update({
    ...at,
    stream: "7-stream2",
    event: "retrying",
    attempt: 1,
    delayMs: 1,
    message: "",
  });
  rows.update({
    ...at,
    stream: "7-stream3",
    event: "ended",
    state: "complete",
    fragments: 1,
    bytes: 1000,
    resent: 0,
    reconnects: 0,
  });
  assert.match(
    summaryOf(rows.rows)!,
    /^3 streams \(1 retrying\) at .*: 3 fragments, .* 5\.0 s late$/,
  );
});

test("says why streams failed where nothing else is shown", () => {
  const failed = { stream, error: new Error("no") } as StreamOutcome;
  const shown = (options: Partial<typeof QUIET>) => {
    const terminal = keptTerminal();
    showFailures([failed], { ...QUIET, ...options }, terminal);
    return terminal.stderr.text;
  };
  assert.is(shown({ quiet: true }), `${stream}: no\n`);
  assert.is(shown({}), "");
  assert.is(shown({ quiet: true, json: true }), "");
});

test("writes a line for each event where there is no terminal", () => {
  const { out, err } = show({});
  assert.is(out, "");
  assert.equal(err.split("\n"), [
    `${time} 7-stream0 (video, 560 kbit/s)`,
    `${time} warning: odd \\u{1b}[31m thing`,
    `${time} ${point} ${stream}: probing ${point}/Streams(7-stream0)`,
    `${time} ${point} ${stream}: accepted (200)`,
    `${time} ${point} ${stream}: it broke; try 1 in 500 ms`,
    `${time} ${point} ${stream}: goes on after 1.5 s`,
    `${time} ${point} ${stream}: refused: no`,
    "",
  ]);
});

test("writes each fragment too with verbose", () => {
  assert.match(show({ verbose: true }).err, "track 1 fragment 0 of pass 0: 128 KB");
});

test("writes nothing with quiet", () => {
  assert.equal(show({ quiet: true }), { out: "", err: "" });
});

test("writes one object a line on stdout with json, whatever the terminal", () => {
  const { out, err } = show({ json: true }, { isTTY: true });
  assert.is(err, "");
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.is(lines.length, EVENTS.length);
  for (const line of lines) {
    assert.equal(Object.keys(line).slice(0, 4), ["time", "event", "point", "stream"]);
  }
  assert.is(lines[4].bytes, 128_000);
});

test("draws a table in place on a terminal, with notes above it", () => {
  const { out, err } = show({}, { isTTY: true, columns: 110, rows: 30 });
  assert.is(out, "");
  const [titles, row] = err.trimEnd().split("\n").slice(-2);
  assert.match(
    titles!,
    /^stream +track +bitrate +media time +fragments +bytes +lag +state +resent +reconnects.\[K$/,
  );
  assert.match(
    row!,
    /^7-stream0 +video +560 kbit\/s +0:00:02.0 +1 +129 KB +4 ms +refused +3 +1.\[K$/,
  );
  assert.match(err, "warning: odd \\u{1b}[31m thing\n");
  // Each drawing but the first takes back as many lines as the one before it had.
  // deno-lint-ignore no-control-regex -- it is what moves the cursor
  for (const [, lines] of err.matchAll(/\x1b\[(\d+)F/g)) assert.is(lines, "2");
});

test("leaves columns out of the table on a terminal of 80 columns, and cuts none", () => {
  const { err } = show({}, { isTTY: true, columns: 80, rows: 24 });
  const [titles, row] = err.trimEnd().split("\n").slice(-2);
  assert.match(titles!, /^stream +track +time +frags +bytes +lag +state +breaks.\[K$/);
  assert.match(row!, /^7-stream0 +video +0:00:02.0 +1 +129 KB +4 ms +refused +1.\[K$/);
});

test("shows each state of a stream in the table", () => {
  const states: (readonly [PushEvent, string])[] = [
    [{ ...at, event: "probing", url: point }, "probing"],
    [{ ...at, event: "connected" }, "connected"],
    [{ ...at, event: "retrying", attempt: 2, delayMs: 1000, message: "it broke" }, "retrying"],
    [{ ...at, event: "resending", fragments: 7, bytes: 100 }, "resending"],
    [{ ...at, event: "recovered", outageSeconds: 3 }, "streaming"],
    [{ ...at, event: "late", lateMs: 3000 }, "late"],
  ];
  for (const [event, state] of states) {
    const terminal = keptTerminal({ isTTY: true, columns: 110, rows: 30 });
    const display = openDisplay(QUIET, terminal);
    display.onEvent(event);
    display.close();
    assert.match(terminal.stderr.text, new RegExp(` ${state} +`));
  }
});

test("shows as many rows as the terminal has room for", () => {
  const terminal = keptTerminal({ isTTY: true, columns: 80, rows: 10 });
  const display = openDisplay(QUIET, terminal);
  for (let n = 0; n < 20; n++) {
    display.onEvent({ time, point, stream: `7-stream${n}`, event: "connected" });
  }
  display.close();
  assert.match(terminal.stderr.text, "and 14 more\x1b[K\n");
  assert.is(terminal.stderr.text.split("\n").length, 9);
});

test("draws whole columns where there is little room", () => {
  const { err } = show({}, { isTTY: true, columns: 44 });
  const heads = err.match(/stream +track[ a-z]*/g)!;
  assert.ok(heads.length > 0);
  for (const head of heads) assert.match(head, /^stream +track +lag +state$/);
  assert.match(err, /7-stream0 .* refused/);
});

test.run();
