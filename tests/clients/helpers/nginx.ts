import type { RecordingServer, ServedRequest } from "./recording_server.ts";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { programPath } from "./program_path.ts";
import { passwordFile, startOnFreePort } from "./recording_server.ts";
import { startProcess } from "./start_process.ts";
import { makeTempFolder } from "./temp_folder.ts";

const LOG_FIELDS = {
  method: "$request_method",
  uri: "$request_uri",
  protocol: "$server_protocol",
  length: "$http_content_length",
  encoding: "$http_transfer_encoding",
  agent: "$http_user_agent",
  file: "$request_body_file",
};

// Nginx reads a body to its end into a file before it asks the server behind it, which is one of its own here.
const configuration = (folder: string, port: number) => `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  log_format requests escape=json '${JSON.stringify(LOG_FIELDS)}';
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${folder}/bodies;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_pass_request_body off;
  proxy_set_header Content-Length "";
  server {
    listen 127.0.0.1:${port};
    access_log ${folder}/requests.log requests;
    client_body_in_file_only on;
    location / { proxy_pass http://unix:${folder}/answers.sock; }
    location /locked/ {
      auth_basic "encoders";
      auth_basic_user_file ${folder}/users;
      proxy_pass http://unix:${folder}/answers.sock;
    }
  }
  server {
    listen unix:${folder}/answers.sock;
    location / { return 200; }
  }
}
`;

/** Starts nginx. */
export async function startNginx(): Promise<RecordingServer> {
  const folder = makeTempFolder();
  mkdirSync(join(folder, "bodies"));
  await writeFile(join(folder, "users"), passwordFile());
  const log = join(folder, "requests.log");
  const { port, server } = await startOnFreePort((port) => {
    const file = join(folder, `nginx-${port}.conf`);
    writeFileSync(file, configuration(folder, port));
    const command = [programPath("nginx")!, "-p", folder, "-c", file];
    return startProcess(command, { timeoutMs: 600_000 });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    requests: async () => {
      const lines = (await readFile(log, "utf8")).trim().split("\n").filter((line) => line !== "");
      return await Promise.all(lines.map(readRequest));
    },
    stop: async () => {
      server.kill("SIGTERM");
      await server.exited;
    },
  };
}

async function readRequest(line: string): Promise<ServedRequest> {
  const { file, ...request } = JSON.parse(line) as typeof LOG_FIELDS;
  return { ...request, body: file === "" ? new Uint8Array(0) : await readFile(file) };
}
