import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parsePublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { hasApache, startApache } from "../helpers/apache.ts";
import { runCli, type Runtime, runtimes, SAMPLE } from "./helpers/command_line.ts";
import { PASSWORD, passwordFile, startOnFreePort, USER } from "./helpers/recording_server.ts";
import { programPath } from "./helpers/program_path.ts";
import { startProcess } from "./helpers/start_process.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";

/** Creates a point; the servers here keep files alone, so that the push itself is refused afterwards. */
async function create(runtime: Runtime, url: string, ...args: string[]) {
  const env = { PUSHENCODER_USER: USER, PUSHENCODER_PASSWORD: PASSWORD };
  const { code, stdout, stderr } = await runCli(
    runtime,
    ["--create", "--json", ...args, url, SAMPLE],
    { env },
  );
  const events = stdout.trim().split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
  const created = events.find(({ event }) => event === "created")?.status;
  const messages = events.map(({ message }) => message ?? "").join("\n");
  assert.not.match(stdout + stderr, PASSWORD);
  return { code, created, messages };
}

const MODULES = [
  "dav",
  "dav_fs",
  "authn_core",
  "authn_file",
  "authz_user",
  "auth_basic",
  "auth_digest",
];
const apacheTest = suite("create at Apache");

if (!hasApache(MODULES)) {
  process.stdout.write("create at Apache: skipped, as it cannot be found\n");
} else {
  const config = (folder: string) => {
    mkdirSync(join(folder, "www"));
    chmodSync(join(folder, "www"), 0o777); // its workers run as nobody
    return `
DocumentRoot ${folder}/www
DavLockDB ${folder}/www/locks
<Directory ${folder}/www>
  Dav On
  Require valid-user
  AuthName points
</Directory>
<Location />
  AuthType Basic
  AuthBasicProvider file
  AuthUserFile ${folder}/users
</Location>
`;
  };
  for (const runtime of runtimes) {
    apacheTest(`puts the file, and says when it was there, on ${runtime.name}`, async () => {
      const apache = await startApache({
        modules: MODULES,
        files: { users: passwordFile() },
        config,
      });
      try {
        const url = `${apache.url}/live.isml`;
        const first = await create(runtime, url);
        assert.is(first.created, 201, first.messages);
        assert.is(first.code, 4);
        const text = await readFile(join(apache.folder, "www/live.isml"), "utf8");
        assert.is(parsePublishingPointFile(text).title, "live");
        assert.is((await create(runtime, url)).created, 204);
        const missing = await create(runtime, `${apache.url}/no/folder/live.isml`);
        assert.is(missing.created, undefined);
        assert.match(missing.messages, /40[39]/);
      } finally {
        await apache.close();
      }
    });
  }
}

apacheTest.run();

const nginxTest = suiteWith(["nginx"], "create at nginx");

const nginxConfig = (folder: string, port: number) => `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/bodies;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    root ${folder}/www;
    location / {
      dav_methods PUT DELETE;
      auth_basic points;
      auth_basic_user_file ${folder}/users;
    }
    location /off/ { }
  }
}
`;

for (const runtime of runtimes) {
  nginxTest(
    `puts the file, own or usual, and says when WebDAV is off, on ${runtime.name}`,
    async () => {
      const folder = makeTempFolder();
      mkdirSync(join(folder, "www"));
      writeFileSync(join(folder, "users"), passwordFile());
      const own = join(folder, "own.isml");
      writeFileSync(own, "<smil><head/></smil>");
      const { port, server } = await startOnFreePort((port) => {
        const file = join(folder, `nginx-${port}.conf`);
        writeFileSync(file, nginxConfig(folder, port));
        return startProcess([programPath("nginx")!, "-p", folder, "-c", file]);
      });
      try {
        const url = `http://127.0.0.1:${port}`;
        const first = await create(runtime, `${url}/live.isml`, `--isml=${own}`);
        assert.is(first.created, 201, first.messages);
        assert.is(await readFile(join(folder, "www/live.isml"), "utf8"), "<smil><head/></smil>");
        assert.is((await create(runtime, `${url}/live.isml`)).created, 204);
        const refused = await create(runtime, `${url}/off/live.isml`);
        assert.is(refused.code, 4);
        assert.match(refused.messages, "405");
        assert.match(refused.messages, "WebDAV");
      } finally {
        server.kill("SIGTERM");
        await server.exited;
      }
    },
  );
}

nginxTest.run();
