import type { ChildProcess } from "node:child_process";
import type { AddressInfo } from "node:net";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

// Where the packages of the distributions put them.
const COMMANDS = ["apache2", "httpd"];
const MODULE_FOLDERS = [
  "/usr/lib/apache2/modules",
  "/usr/lib64/httpd/modules",
  "/usr/lib/httpd/modules",
];

/** Options for {@linkcode startApache}. */
export interface ApacheOptions {
  /** Such as `auth_digest`, beside those that every server needs. */
  modules: readonly string[];
  /** Files to write, by name. */
  files?: Readonly<Record<string, string>>;
  /** The lines of the configuration that matter, for the folder that the files are in. */
  config: (folder: string) => string;
}

/** An Apache HTTP Server with a configuration of its own, in a folder of its own. */
export interface Apache {
  readonly url: string;
  readonly folder: string;
  /** Ends it and starts it again at the same place. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const command = COMMANDS.find((name) => spawnSync(name, ["-v"]).status === 0);
const moduleFolder = MODULE_FOLDERS.find((folder) => existsSync(folder));

/** Whether there is an Apache with these modules; tests that need it are left out without it. */
export function hasApache(modules: readonly string[]): boolean {
  return command !== undefined && moduleFolder !== undefined &&
    modules.every((name) => existsSync(join(moduleFolder, `mod_${name}.so`)));
}

/** Starts Apache on a free port of loopback. */
export async function startApache({ modules, files = {}, config }: ApacheOptions): Promise<Apache> {
  const folder = await mkdtemp(join(tmpdir(), "pushencoder-apache-"));
  await chmod(folder, 0o755); // its workers run as nobody
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const port = await freePort();
  const loaded = ["mpm_event", "authz_core", ...modules].filter((name) => hasApache([name]));
  const lines = [
    `ServerRoot ${folder}`,
    "ServerName localhost",
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder}/pid`,
    `DefaultRuntimeDir ${folder}`,
    `ErrorLog ${folder}/error.log`,
    ...loaded.map((name) => `LoadModule ${name}_module ${moduleFolder}/mod_${name}.so`),
    "<IfModule unixd_module>",
    "User #65534",
    "Group #65534",
    "</IfModule>",
    config(folder),
  ];
  await writeFile(join(folder, "apache.conf"), `${lines.join("\n")}\n`);
  const start = async () => {
    const child = spawn(command!, ["-f", join(folder, "apache.conf"), "-DFOREGROUND"], {
      stdio: "ignore",
    });
    if (!await isReady(port, child)) {
      const log = await readFile(join(folder, "error.log"), "utf8").catch(() => "");
      throw new Error(`Cannot start ${command} as it ended at once: ${log}`);
    }
    return child;
  };
  let child = await start();
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    restart: async () => {
      await end(child);
      child = await start();
    },
    close: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until it can be connected to; another process gives no sign. */
async function isReady(port: number, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isOpen) return true;
    await wait(20);
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
