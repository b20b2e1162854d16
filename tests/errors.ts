import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IngestError, InputError, ManifestSyntaxError, Mp4SyntaxError } from "../lib/errors.ts";

const test = suite("errors");

const cause = new Error("why");

test("Mp4SyntaxError says where the box starts", () => {
  const error = new Mp4SyntaxError("Cannot read it", 77, { cause });
  assert.instance(error, SyntaxError);
  assert.is(error.name, "Mp4SyntaxError");
  assert.is(error.message, "Cannot read it: the box starts at byte 77");
  assert.is(error.offset, 77);
  assert.is(error.cause, cause);
});

test("InputError puts the input in front", () => {
  const error = new InputError("Cannot read it", "a.ismv", { cause });
  assert.is(error.name, "InputError");
  assert.is(error.message, "a.ismv: Cannot read it");
  assert.is(error.input, "a.ismv");
  assert.is(error.cause, cause);
});

test("ManifestSyntaxError is a syntax error", () => {
  const error = new ManifestSyntaxError("Cannot read it", { cause });
  assert.instance(error, SyntaxError);
  assert.is(error.name, "ManifestSyntaxError");
  assert.is(error.cause, cause);
});

test("IngestError says how the push ended", () => {
  const url = "http://host/a.isml";
  const error = new IngestError("Cannot push", { kind: "refused", url, status: 403, cause });
  assert.is(error.name, "IngestError");
  assert.equal([error.kind, error.url, error.status], ["refused", url, 403]);
  assert.is(error.cause, cause);
  assert.is(new IngestError("Cannot push", { kind: "lost", url }).status, undefined);
});

test.run();
