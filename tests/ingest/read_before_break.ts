import { Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readBeforeBreak } from "../../lib/ingest/read_before_break.ts";
import { pattern } from "../helpers/boxes.ts";
import { settle } from "../helpers/settle.ts";

const test = suite("readBeforeBreak");

/** A connection to nowhere, and what happens at it in order. */
function open() {
  const told: string[] = [];
  const connection = readBeforeBreak(new Socket());
  connection.on("readable", () => {
    for (let bytes; (bytes = connection.read()) !== null;) told.push(`${bytes.length} bytes`);
  });
  connection.on("error", ({ message }) => told.push(message));
  connection.on("close", () => told.push("close"));
  return { connection, told };
}

const errorWith = (code: string) => Object.assign(new Error(code), { code });

for (const code of ["EPIPE", "ECONNRESET"]) {
  test(`gives out what comes in behind ${code}, then breaks`, async () => {
    const { connection, told } = open();
    connection.destroy(errorWith(code));
    // Other writes that were under way fail too.
    connection.destroy(errorWith("EPIPE"));
    connection.push(pattern(100));
    connection.push(pattern(20));
    assert.equal(told, ["100 bytes", "20 bytes"]);
    await settle();
    assert.equal(told, ["100 bytes", "20 bytes", code, "close"]);
  });
}

test("breaks at once for any other reason", () => {
  const { connection } = open();
  connection.destroy(errorWith("ETIMEDOUT"));
  assert.ok(connection.destroyed);
});

test("breaks at once when it is done with", () => {
  const { connection } = open();
  connection.destroy();
  assert.ok(connection.destroyed);
});

test("breaks at once also when it is about to break", async () => {
  const { connection, told } = open();
  connection.destroy(errorWith("EPIPE"));
  connection.destroy();
  assert.ok(connection.destroyed);
  await settle();
  assert.equal(told, ["close"]);
});

test.run();
