import type { Terminal } from "./terminal.ts";
import { spawn } from "node:child_process";
import process from "node:process";

/** A program and its arguments. */
export type CommandLineOf = readonly [program: string, ...args: string[]];

/**
 * What opens a URL in a browser: the program that the environment names in `BROWSER`, else that of the system.
 *
 * @param platform As Node names it.
 */
export function browserCommand(
  url: string,
  platform: string,
  env: Terminal["env"],
): CommandLineOf {
  const own = env["BROWSER"];
  if (own) return [own, url];
  if (platform === "darwin") return ["open", url];
  // An empty title in front: `start` takes the first thing in quotes for one.
  return platform === "win32" ? ["cmd", "/c", "start", "", url] : ["xdg-open", url];
}

/** Opens a URL in a browser, which lives on by itself. Returns why it could not be started, if it could not. */
export function openBrowser(url: string, env: Terminal["env"]): Promise<string | undefined> {
  const [program, ...args] = browserCommand(url, process.platform, env);
  return new Promise((resolve) => {
    const child = spawn(program, args, { detached: true, stdio: "ignore" });
    child.once("error", ({ message }) => resolve(message));
    child.once("spawn", () => {
      child.unref();
      resolve(undefined);
    });
  });
}
