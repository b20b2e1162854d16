import { join } from "node:path";
import * as assert from "uvu/assert";
import { SAMPLE, writeBodies } from "./helpers/command_line.ts";
import { readFrames } from "./helpers/ffmpeg.ts";
import { freePort } from "./helpers/free_port.ts";
import { runProcess, startProcess } from "./helpers/start_process.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

const test = suiteWith(["ffmpeg", "curl"], "ffmpeg listens");

const CURL = [
  ...["curl", "-q", "-sS", "--noproxy", "*"],
  ...["-X", "POST", "-H", "Transfer-Encoding: chunked"],
];

// It takes one request and answers before the body ends, so that it can be sent a body, but not pushed to.
async function sendToFfmpeg(body: string) {
  const url = `http://127.0.0.1:${await freePort()}/live.isml`;
  const listener = startProcess([
    ...["ffmpeg", "-v", "error", "-nostdin", "-listen", "1", "-i", url],
    ...["-fps_mode", "passthrough", "-f", "framecrc", "-"],
  ]);
  let isOver = false;
  listener.exited.finally(() => isOver = true).catch(() => {});
  const send = [...CURL, "-T", body, url];
  // Curl does not like how the answer ends, and before ffmpeg listens there is nobody to send to.
  await until("listener", async () => (await runProcess(send)).code !== 7 || isOver);
  return readFrames(await listener.exited);
}

const folder = makeTempFolder();
test.before(() => writeBodies(folder, SAMPLE, "--loop=3"));

const counts = [1500, 1500, 1500, 2814];
for (const [number, count] of counts.entries()) {
  test(`decodes what curl sends of stream ${number}, three loops`, async () => {
    const { frames, complaints } = await sendToFfmpeg(join(folder, `9-stream${number}.ismv`));
    assert.is(complaints, "");
    assert.is(frames.length, count);
  });
}

test.run();
