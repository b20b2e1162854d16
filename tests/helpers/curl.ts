import { execFile, execFileSync } from "node:child_process";

function version(): string {
  try {
    return execFileSync("curl", ["--version"], { encoding: "utf8" });
  } catch {
    return "";
  }
}

/** What curl tells of itself; empty where there is none. */
export const curlVersion: string = version();

/** Runs curl, silently, without what the machine is set up with. */
export function curl(...options: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("curl", ["-q", "-sS", "--noproxy", "*", ...options], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
  });
}
