import type { BrowserContext, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { openPage, startBrowser } from "./helpers/browser.ts";
import { runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { runProcess } from "./helpers/start_process.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { until } from "./helpers/until.ts";

const test = suiteWith(["chromium", "ffmpeg"], "the page in Chromium");

const [node] = runtimes;

/** How long the picture is watched, in seconds of media. */
const WATCHED_SECONDS = 20;
const PHONE = { width: 375, height: 760 };
const DESKTOP = { width: 1280, height: 800 };

let browser: BrowserContext;
test.before(async () => {
  browser = await startBrowser();
});
test.after(() => browser.close());

/** What there is to see of the player. */
interface Seen {
  /** What the player does. */
  readonly state: string;
  /** Of the picture, in seconds of media. */
  readonly time: number;
  /** Pictures that were decoded. */
  readonly frames: number;
  readonly stalls: number;
  /** Start and end of the window, as they are shown. */
  readonly window: string;
  /** Of the point, as it is shown. */
  readonly point: string;
}

const LOOK = `(() => {
  const video = document.querySelector("video");
  return {
    state: document.documentElement.dataset.player,
    time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    stalls: window.stalls,
    window: document.querySelector("#window").textContent,
    point: document.querySelector("#state").textContent,
  };
})()`;

const look = (page: Page) => page.evaluate<Seen>(LOOK);
const textOf = (page: Page, selector: string) => page.innerText(selector);

/** Waits for the player, whatever else it does meanwhile. */
const untilSeen = (page: Page, what: string, isSo: (seen: Seen) => boolean, limitMs = 40_000) =>
  until(what, async () => {
    const seen = await look(page);
    return isSo(seen) && seen;
  }, limitMs);

const startOfWindow = ({ window }: Seen) => seconds(window.split(" – ")[0]!);
const endOfWindow = ({ window }: Seen) => seconds(window.split(" – ")[1]!);

function seconds(shown: string): number {
  return shown.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Starts a command that serves, and waits until it says where. */
async function startServer(args: readonly string[], said: RegExp) {
  const server = startCli(node, args, { timeoutMs: 110_000 });
  const url = await until(
    "server",
    () => said.exec(server.stderr())?.[1],
  );
  return { server, url };
}

/** The last of a repeated option counts. */
const startServe = (...args: readonly string[]) =>
  startServer(["serve", "--port=0", "--auto-create", ...args], /listening on (\S+)/);

async function isWiderThanScreen(page: Page): Promise<boolean> {
  return await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
}

test("plays the demo live for 20 s without a stall, and shows what comes in", async () => {
  const { server, url } = await startServer(["demo"], /Watch it in a browser: (\S+)/);
  const { page, complaints, strangers } = await openPage(browser, url);
  const first = await untilSeen(page, "picture", ({ time, frames }) => time > 0 && frames > 0);
  let last = await untilSeen(
    page,
    "window",
    ({ window }) => window.includes("–") && window !== "–",
  );
  const windowAtStart = endOfWindow(last);
  for (let second = 1; second <= WATCHED_SECONDS; second++) {
    const next = await untilSeen(page, "next second", ({ time }) => time >= first.time + second);
    assert.ok(next.frames > last.frames, `${last.frames} frames, then ${next.frames}`);
    last = next;
  }
  assert.equal([last.stalls, last.state, last.point], [0, "playing", "Live"]);
  assert.ok(endOfWindow(last) >= windowAtStart + WATCHED_SECONDS / 2, last.window);

  assert.is(await page.locator(".stream").count(), 5);
  assert.is(await textOf(page, "#total-rules"), "0");
  assert.match(await textOf(page, "#verdict"), "Nothing is wrong with 5 streams");
  await page.click("#all-rules summary");
  await page.waitForSelector("#rules .good");
  const rows = await page.locator("#rules tr").allInnerTexts();
  assert.ok(rows.some((row) => /^✓ kept\s+Every fragment has one TfxdBox\s+2\.2 /.test(row)));
  assert.match(await textOf(page, "#latency"), /^\d+\.\d s$/);
  assert.match(await textOf(page, "#picture"), /^\d+×\d+, \d+ kbit\/s$/);
  for (const canvas of await page.locator(".stream:first-child canvas").all()) {
    assert.ok(await canvas.evaluate(isPainted));
  }
  await page.setViewportSize(PHONE);
  assert.not(await isWiderThanScreen(page));
  await page.setViewportSize(DESKTOP);

  assert.equal([complaints, strangers], [[], []]);
  await page.close();
  server.kill("SIGINT");
  const { code, stdout } = await server.exited;
  assert.is(code, 130);
  assert.match(stdout, /all of it is right\n$/);
});

/** Whether something is drawn on a canvas. Runs in the browser. */
const isPainted = new Function(
  "canvas",
  `const { width, height } = canvas;
  return canvas.getContext("2d").getImageData(0, 0, width, height).data.some((byte) => byte > 0);`,
) as (canvas: unknown) => boolean;

test("plays what ffmpeg pushes: the window slides, the end is the end, and it can be seen again", async () => {
  const { server, url } = await startServe("--dvr=4");
  const encoder = runProcess([
    ...["ffmpeg", "-v", "error", "-nostdin", "-re"],
    ...["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"],
    ...["-c:a", "aac", "-t", "10", "-f", "ismv", "-movflags", "isml+frag_keyframe"],
    `${url}/ff.isml/Streams(1)`,
  ]);
  await until("point", async () => (await fetch(`${url}/ff.isml/state`)).ok);
  const { page, complaints, strangers } = await openPage(browser, `${url}/ff.isml/`);
  const first = await untilSeen(page, "picture", ({ time, frames }) => time > 0 && frames > 0);
  await untilSeen(page, "window that slides", (seen) => startOfWindow(seen) > 0);
  assert.is((await encoder).code, 0);
  const ended = await untilSeen(page, "end", ({ state }) => state === "ended");
  assert.ok(ended.frames > first.frames);
  assert.ok(ended.time > 9.5, String(ended.time));
  assert.is(ended.point, "Ended");
  assert.match(await textOf(page, "#curtain-text"), "The broadcast has ended");

  await page.click("#replay");
  const again = await untilSeen(page, "picture again", ({ state }) => state === "playing");
  assert.ok(again.frames < ended.frames);
  await untilSeen(page, "end again", ({ state }) => state === "ended");

  // It sends no probe, and is told.
  assert.match(await textOf(page, ".findings"), "An empty POST comes before the first body");
  // A fragment that is not there yet is asked for again (MS-SSTR 2.2.6), which the browser notes all the same.
  const isEarly = (text: string) => /\b412 .*\/Fragments\(/.test(text);
  assert.equal([complaints.filter((text) => !isEarly(text)), strangers], [[], []]);
  await page.close();
  server.kill("SIGINT");
  await server.exited;
});

test("shows what was sent before it came, lists the points, fits on a phone, and connects again", async () => {
  const { server, url } = await startServe();
  const { page: list, complaints, strangers } = await openPage(browser, `${url}/`);
  await list.waitForSelector("#no-points:not([hidden])");
  const push = ["--rate=max", "--quiet", `${url}/live/news.isml`, SAMPLE];
  assert.is((await startCli(node, push).exited).code, 0);
  await list.setViewportSize(PHONE);
  await list.click("text=news");
  await list.waitForURL(`${url}/live/news.isml/`);
  await untilSeen(list, "recording", ({ state, frames }) => state === "playing" && frames > 0);
  assert.is(await textOf(list, "#state"), "Ended");
  assert.not(await isWiderThanScreen(list));
  await list.click("#toggle");
  assert.is((await look(list)).state, "idle");
  await list.click("#home");
  await list.waitForURL(`${url}/`);
  await list.waitForSelector(".point");
  assert.match(await textOf(list, ".point"), /\/live\/news\.isml/);
  assert.not(await isWiderThanScreen(list));
  assert.equal([complaints, strangers], [[], []]);

  server.kill("SIGINT");
  await server.exited;
  await list.waitForSelector("#connection.lost");
  const port = new URL(url).port;
  const { server: next } = await startServe(`--port=${port}`);
  await list.waitForSelector("#connection:not(.lost)");
  await list.waitForSelector("#no-points:not([hidden])");
  await list.close();
  next.kill("SIGINT");
  await next.exited;
});

test.run();
