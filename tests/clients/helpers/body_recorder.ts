/** A server of its own process that writes bodies into a folder as they come: `body_recorder.ts <host> <port> <folder>`. */
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import process from "node:process";

const [host, port, folder] = process.argv.slice(2) as [string, string, string];
let count = 0;

const server = createServer((request, answer) => {
  const stream = /Streams\((.*)\)/.exec(request.url ?? "")?.[1] ?? "none";
  const file = request.headers["content-length"] === "0"
    ? undefined
    : createWriteStream(join(folder, `${stream} ${process.pid} ${++count}`));
  request.on("error", () => {});
  request.on("data", (bytes) => file?.write(bytes));
  request.on("close", () => file?.end());
  request.on("end", () => answer.writeHead(200).end());
});
server.requestTimeout = 0;
server.listen(Number(port), host, () => process.stdout.write("ready\n"));
