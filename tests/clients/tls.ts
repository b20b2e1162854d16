import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import type { BenchReport } from "../../lib/load/bench_report.ts";
import { runCli, runtimes, SAMPLE } from "./helpers/command_line.ts";
import { programPath } from "./helpers/program_path.ts";
import { startOnFreePort } from "./helpers/recording_server.ts";
import { type RunningProcess, runWell, startProcess } from "./helpers/start_process.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";

/** Makes an authority, a server's certificate for 127.0.0.1 and one for a client, all PEM. */
async function makeCertificates(folder: string): Promise<void> {
  const openssl = (...args: string[]) => runWell(["openssl", ...args], { cwd: folder });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=authority",
  );
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key"];
  const issue = (name: string, ...more: string[]) =>
    openssl(
      ...["req", "-x509", ...key, ...signed, "-keyout", `${name}.key`, "-out", `${name}.pem`],
      // A strict client takes no authority for a server.
      ...["-extensions", "usr_cert", "-subj", `/CN=${name}`, ...more],
    );
  await issue("server", "-addext", "subjectAltName=IP:127.0.0.1");
  await issue("client");
}

const configuration = (folder: string, port: number) => `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${folder}/bodies;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem;
    ssl_certificate_key ${folder}/server.key;
    ssl_client_certificate ${folder}/ca.pem;
    ssl_verify_client on;
    location / { proxy_pass http://unix:${folder}/answers.sock; }
  }
  server {
    listen unix:${folder}/answers.sock;
    location / { return 200; }
  }
}
`;

const test = suiteWith(["nginx", "openssl"], "push over TLS");

let folder = "";
let url = "";
let server: RunningProcess;

test.before(async () => {
  folder = makeTempFolder();
  await makeCertificates(folder);
  const started = await startOnFreePort((port) => {
    const file = join(folder, `nginx-${port}.conf`);
    writeFileSync(file, configuration(folder, port));
    return startProcess([programPath("nginx")!, "-p", folder, "-c", file], { timeoutMs: 600_000 });
  });
  server = started.server;
  url = `https://127.0.0.1:${started.port}/live.isml`;
});

test.after(async () => {
  server.kill("SIGTERM");
  await server.exited;
});

const file = (name: string) => join(folder, name);
const client = () => [`--cert=${file("client.pem")}`, `--key=${file("client.key")}`];
const trust = () => [`--cacert=${file("ca.pem")}`];
const cases = [
  { what: "with a client certificate", args: () => [...client(), ...trust()], code: 0, says: "" },
  { what: "without one", args: trust, code: 4, says: "400" },
  { what: "without trust in the server", args: client, code: 5, says: "must be trusted" },
  {
    what: "with the key of another certificate",
    args: () => [client()[0]!, `--key=${file("server.key")}`, ...trust()],
    code: 3,
    says: "must be that of the certificate",
  },
  {
    what: "with a key for a certificate",
    args: () => [`--cert=${file("client.key")}`, client()[1]!, ...trust()],
    code: 3,
    says: "readable as PEM",
  },
  { what: "insecurely", args: () => [...client(), "--insecure"], code: 0, says: "" },
];

for (const runtime of runtimes) {
  for (const { what, args, code, says } of cases) {
    test(`ends with ${code} ${what}, on ${runtime.name}`, async () => {
      // Nothing but success is worth another try here.
      const how = ["--rate=max", "--quiet", ...args()];
      const exit = await runCli(runtime, [...how, url, SAMPLE]);
      assert.is(exit.code, code, exit.stderr);
      assert.match(exit.stderr, says);
    });
  }
}

for (const runtime of runtimes) {
  test(`lets bench in to send and to fetch, on ${runtime.name}`, async () => {
    const how = ["--channels=2", "--rate=10", "--for=2", "--calibrate=0", "--watch", "--json"];
    const args = [...how, "--quiet", ...client(), ...trust(), url, SAMPLE];
    const { stdout, stderr } = await runCli(runtime, ["bench", ...args]);
    assert.not.equal(stdout, "", stderr);
    const { errors, counts } = JSON.parse(stdout) as BenchReport;
    // Nginx says 200 to all whose certificate it knows, but has nothing to give.
    assert.equal(errors, { "watch: no manifest": 2 });
    assert.ok(counts.fragments > 0);
  });
}

test.run();
