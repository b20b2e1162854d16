import process from "node:process";
import { fileURLToPath } from "node:url";
import { type RunningProcess, startProcess } from "./start_process.ts";
import { until } from "./until.ts";

const SERVER = fileURLToPath(new URL("body_recorder.ts", import.meta.url));

/**
 * Starts a server of its own process that writes bodies into a folder, and waits until it listens.
 *
 * @param within A command that the server is started by.
 */
export async function startBodyServer(
  host: string,
  port: number,
  folder: string,
  within: readonly string[] = [],
): Promise<RunningProcess> {
  const command = [process.execPath, "--import", "tsx", SERVER, host, String(port), folder];
  const server = startProcess([...within, ...command], { timeoutMs: 180_000 });
  await until("server", () => server.stdout().includes("ready"));
  return server;
}
