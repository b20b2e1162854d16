import type { BrowserContext, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { makeTempFolder } from "./temp_folder.ts";
import { programPath } from "./program_path.ts";

/** A page in a browser, and what it complained of. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings on the console, and what was thrown. */
  readonly complaints: readonly string[];
  /** URLs at other hosts that were asked for. */
  readonly strangers: readonly string[];
}

/** What its own services would ask for has nothing to do with the page. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Counts the times at which the picture stops for want of data once it has begun. */
const COUNT_STALLS = `
  window.stalls = 0;
  let hasBegun = false;
  addEventListener("playing", () => hasBegun = true, true);
  addEventListener("waiting", () => window.stalls += hasBegun ? 1 : 0, true);
`;

/** Starts Debian's Chromium with an empty profile and without a window. */
export async function startBrowser(): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(makeTempFolder(), {
    executablePath: programPath("chromium")!,
    headless: true,
    args: ARGUMENTS,
    viewport: { width: 1280, height: 800 },
  });
  await context.addInitScript(COUNT_STALLS);
  return context;
}

/** Opens a URL in a page of its own. */
export async function openPage(browser: BrowserContext, url: string): Promise<WatchedPage> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    complaints.push(`${message.text()} ${message.location().url}`.trim());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const asked = request.url();
    if (/^https?:/.test(asked) && new URL(asked).origin !== new URL(url).origin) {
      strangers.push(asked);
    }
  });
  await page.goto(url);
  return { page, complaints, strangers };
}
