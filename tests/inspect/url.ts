import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inspect } from "../../lib/inspect/inspect.ts";
import { FileServer } from "../helpers/file_server.ts";
import { kindsOf } from "../helpers/inspect_bytes.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";

const FOLDER = new URL("../../testdata/", import.meta.url);

const test = suite("inspect, behind a URL");

test("finds the same as in files", async () => {
  const server = await FileServer.start(FOLDER);
  try {
    const remote = await inspect(`${server.url}sample.ism`);
    const local = await inspect(SAMPLE_ISM);
    assert.is(remote.input, `${server.url}sample.ism`);
    assert.equal(remote.oddities, []);
    assert.equal(
      remote.files.map(({ tracks }) => tracks),
      local.files.map(({ tracks }) => tracks),
    );
  } finally {
    await server.close();
  }
});

test("notes a server without ranges", async () => {
  const server = await FileServer.start(FOLDER, { mode: "plain" });
  try {
    const inspection = await inspect(`${server.url}sample_text.ismt`);
    assert.equal(kindsOf(inspection), ["ranges"]);
    assert.is(inspection.files[0]?.tracks[0]?.summary?.count, 3);
  } finally {
    await server.close();
  }
});

test("never shows the password of a URL", async () => {
  const server = await FileServer.start(FOLDER, { statuses: { "sample_250.ismv": 404 } });
  try {
    const url = server.url.replace("http://", "http://user:secret@");
    const inspection = await inspect(`${url}sample.ism`);
    assert.match(inspection.errors[0]!, /sample_250\.ismv: .* current value is 404/);
    assert.not.match(JSON.stringify({ ...inspection, files: [], client: undefined }), "secret");
    assert.not.match(inspection.client!.location, "secret");
    for (const { location } of inspection.files) assert.not.match(location, "secret");
    assert.ok(server.requests.every(({ authorization }) => authorization?.startsWith("Basic ")));
  } finally {
    await server.close();
  }
});

test.run();
