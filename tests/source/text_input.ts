import { suite } from "uvu";
import * as assert from "uvu/assert";
import { join } from "node:path";
import { InputError, ManifestSyntaxError } from "../../lib/errors.ts";
import { parseServerManifest } from "../../lib/manifest/server_manifest.ts";
import { readManifest, readWhole } from "../../lib/source/text_input.ts";
import { FileServer } from "../helpers/file_server.ts";
import { failure } from "../helpers/parts.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const wholeTest = suite("readWhole");

wholeTest("reads a file", () =>
  withFolder({ "a.xml": "<a/>" }, async (folder) => {
    const bytes = await readWhole(join(folder, "a.xml"));
    assert.is(new TextDecoder().decode(bytes), "<a/>");
  }));

wholeTest(
  "refuses a large file before it is read",
  () =>
    withFolder({ "a.xml": "12345" }, async (folder) => {
      const path = join(folder, "a.xml");
      assert.is((await readWhole(path, {}, 5)).length, 5);
      const error = await failure(readWhole(path, {}, 4));
      assert.instance(error, InputError);
      assert.is(
        error.message,
        `${path}: Cannot read it as it must have at most 4 bytes: current value is 5`,
      );
    }),
);

const manifestTest = suite("readManifest");

manifestTest("hands the text to a parser", async () => {
  const { tracks } = await readManifest(SAMPLE_ISM, parseServerManifest);
  assert.is(tracks.length, 5);
});

const broken = [
  {
    name: "an empty file",
    text: "",
    message:
      "Cannot read it as a manifest as it must be an XML document: current value is an empty file",
  },
  {
    name: "no XML",
    text: "hello",
    message: 'Cannot parse the manifest as it is not XML: current value is "hello"',
  },
];
for (const { name, text, message } of broken) {
  manifestTest(
    `names the file that is ${name}`,
    () =>
      withFolder({ "a.ism": text }, async (folder) => {
        const path = join(folder, "a.ism");
        const error = await failure(readManifest(path, parseServerManifest));
        assert.instance(error, InputError);
        assert.instance(error.cause, ManifestSyntaxError);
        assert.is(error.message, `${path}: ${message}`);
      }),
  );
}

manifestTest("lets errors pass that are none of the manifest", async () => {
  const defect = new TypeError("no");
  const parse = () => {
    throw defect;
  };
  assert.is(await failure(readManifest(SAMPLE_ISM, parse)), defect);
});

manifestTest("does not show a password", async () => {
  const server = await FileServer.start(new Map([["a.ism", new Uint8Array([0x3c])]]));
  const url = server.url.replace("//", "//user:secret@");
  const error = await failure(readManifest(`${url}a.ism`, parseServerManifest));
  await server.close();
  assert.instance(error, InputError);
  assert.is((error as InputError).input, `${server.url}a.ism`);
  assert.not(error.message.includes("secret"));
});

manifestTest("does not warn that a server knows no ranges", async () => {
  const text = new TextEncoder().encode("<a/>");
  const server = await FileServer.start(new Map([["a.ism", text]]), { mode: "plain" });
  const told: string[] = [];
  const onWarning = (message: string) => told.push(message);
  assert.is(await readManifest(`${server.url}a.ism`, (it) => it, { onWarning }), "<a/>");
  await server.close();
  assert.equal(told, []);
});

wholeTest.run();
manifestTest.run();
