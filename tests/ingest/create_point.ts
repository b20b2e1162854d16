import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IngestError } from "../../lib/errors.ts";
import { Authorization } from "../../lib/ingest/authorization.ts";
import { createPoint, type CreatePointOptions } from "../../lib/ingest/create_point.ts";
import { openTransport } from "../../lib/ingest/transport.ts";
import { parsePublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { type Behaviour, type Recorder, startRecorder } from "../helpers/recorder.ts";

async function create(
  behaviour: Behaviour,
  headers: CreatePointOptions["headers"] = [],
): Promise<{ status: number; recorder: Recorder }> {
  const recorder = await startRecorder(behaviour);
  const transport = await openTransport();
  try {
    const authorization = new Authorization({ credentials: { user: "joe", password: "pw" } });
    const url = `${recorder.url}/live/b%20b.isml?x=1`;
    return { status: await createPoint({ url, transport, authorization, headers }), recorder };
  } finally {
    await transport.close();
    await recorder.close();
  }
}

const test = suite("createPoint");

test("puts the publishing point file, with credentials when they are asked for", async () => {
  const { status, recorder } = await create((request, answer, incoming) => {
    const isKnown = request.headers.authorization !== undefined;
    incoming.on("end", () => {
      answer.writeHead(isKnown ? 201 : 401, { "www-authenticate": 'Basic realm="dav"' }).end();
    });
    return "handled";
  });
  assert.is(status, 201);
  const [first, second] = recorder.requests;
  assert.is(first!.method, "PUT");
  assert.is(first!.url, "/live/b%20b.isml");
  assert.is(first!.headers.authorization, undefined);
  assert.is(second!.headers.authorization, `Basic ${btoa("joe:pw")}`);
  assert.is(Number(second!.headers["content-length"]), second!.body().length);
  const file = parsePublishingPointFile(new TextDecoder().decode(second!.body()));
  assert.is(file.title, "b b");
  assert.is(file.startOnFirstRequest, true);
});

test("has one header of each name, its own type and an agent that can be replaced", async () => {
  const headers = [["user-agent", "mine/1"], ["content-type", "video/mp4"], ["X-A", "1"]] as const;
  const { recorder } = await create((_, answer, incoming) => {
    incoming.on("end", () => answer.writeHead(201).end());
    return "handled";
  }, headers);
  const { rawHeaders } = recorder.requests[0]!;
  const valuesOf = (name: string) =>
    rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]!.toLowerCase() === name);
  assert.equal(valuesOf("user-agent"), ["mine/1"]);
  assert.equal(valuesOf("content-type"), ["text/xml; charset=utf-8"]);
  assert.equal(valuesOf("x-a"), ["1"]);
});

for (const status of [200, 204]) {
  test(`is content with ${status}`, async () => {
    const { status: found } = await create((_, answer, incoming) => {
      incoming.on("end", () => answer.writeHead(status).end());
      return "handled";
    });
    assert.is(found, status);
  });
}

for (const [status, kind] of [[405, "refused"], [409, "refused"], [500, "lost"]] as const) {
  test(`fails by ${status}`, async () => {
    try {
      await create((_, answer, incoming) => {
        incoming.on("end", () => answer.writeHead(status).end());
        return "handled";
      });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, IngestError);
      assert.is((error as IngestError).kind, kind);
    }
  });
}

test.run();
