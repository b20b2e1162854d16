import type { RecordingServer, ServedRequest } from "./recording_server.ts";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programPath } from "./program_path.ts";
import { passwordFile, startOnFreePort } from "./recording_server.ts";
import { startProcess } from "./start_process.ts";
import { makeTempFolder } from "./temp_folder.ts";

const MODULES = "/usr/lib/apache2/modules";
const MODULE_NAMES = [
  ...["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic"],
  ...["alias", "cgid", "dav", "dav_fs"],
];

/** Keeps the body and the head of a request, in files whose names are in the order of the ends of the bodies. */
const script = (folder: string) =>
  `#!/bin/sh
body=${folder}/new/$$
cat > "$body"
name=${folder}/bodies/$(date +%s%N)-$$
mv "$body" "$name.body"
printf '%s\\n' "$REQUEST_METHOD" "$REQUEST_URI" "$SERVER_PROTOCOL" "$CONTENT_LENGTH" \\
  "$HTTP_TRANSFER_ENCODING" "$HTTP_USER_AGENT" > "$name.head"
printf 'Content-Type: text/plain\\r\\n\\r\\n'
`;

const configuration = (folder: string, port: number) => `
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/apache.pid
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
${MODULE_NAMES.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so\n`).join("")}
User www-data
Group www-data
DocumentRoot ${folder}/www
ScriptSock ${folder}/run/cgid.sock
DavLockDB ${folder}/run/locks
ScriptAliasMatch "\\.isml/" ${folder}/record
<Directory ${folder}>
  Require all granted
</Directory>
<LocationMatch "\\.isml$">
  Dav On
</LocationMatch>
<Location "/locked/">
  AuthType Basic
  AuthName encoders
  AuthUserFile ${folder}/users
  Require valid-user
</Location>
`;

/** An Apache whose publishing points can be created by WebDAV. */
export interface Apache extends RecordingServer {
  /** What `PUT` left under a path; `undefined` if there is nothing. */
  stored(path: string): Promise<string | undefined>;
}

/** Starts Apache. */
export async function startApache(): Promise<Apache> {
  const folder = makeTempFolder();
  await furnish(folder);
  const { port, server } = await startOnFreePort((port) => {
    const file = join(folder, `apache-${port}.conf`);
    writeFileSync(file, configuration(folder, port));
    const command = [programPath("apache2")!, "-D", "FOREGROUND", "-f", file];
    return startProcess(command, { timeoutMs: 600_000 });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => readRequests(join(folder, "bodies")),
    stored: async (path) => {
      const file = join(folder, "www", path);
      return existsSync(file) ? await readFile(file, "utf8") : undefined;
    },
    stop: async () => {
      server.kill("SIGTERM");
      await server.exited;
    },
  };
}

async function furnish(folder: string): Promise<void> {
  for (const name of ["new", "bodies", "run", "www", "www/locked"]) {
    mkdirSync(join(folder, name));
    // Apache serves as another user.
    chmodSync(join(folder, name), 0o777);
  }
  await writeFile(join(folder, "record"), script(folder), { mode: 0o755 });
  await writeFile(join(folder, "users"), passwordFile());
}

async function readRequests(folder: string): Promise<ServedRequest[]> {
  const heads = (await readdir(folder)).filter((name) => name.endsWith(".head")).sort();
  return await Promise.all(heads.map(async (name) => {
    const path = join(folder, name);
    const [method, uri, protocol, length, encoding, agent] = (await readFile(path, "utf8")).split(
      "\n",
    ) as [string, string, string, string, string, string];
    const body = await readFile(path.replace(/head$/, "body"));
    return { method, uri, protocol, length, encoding, agent, body };
  }));
}
