import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { formatSmil, metaContent, parseSmil } from "../../lib/manifest/smil.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const parseTest = suite("parseSmil");

const spellings = [
  '<smil><head><meta name="a" content="1"/></head><body><ref/></body></smil>',
  '<SMIL><Head><META Name="a" CONTENT="1"/></Head><Body><Ref/></Body></SMIL>',
  '<s:smil xmlns:s="urn:x"><s:head><s:meta name="a" content="1"/></s:head><s:body><s:ref/></s:body></s:smil>',
];
for (const text of spellings) {
  parseTest(`reads ${text}`, () => {
    const { metas, body } = parseSmil(text, "x");
    assert.equal(metas, [{ name: "a", content: "1" }]);
    assert.is(body.length, 1);
  });
}

parseTest("does without head and body", () => {
  assert.equal(parseSmil("<smil/>", "x"), { metas: [], body: [] });
});

parseTest("leaves out a meta without a name, and what stands in metadata", () => {
  const head = '<meta content="1"/><metadata><meta name="b" content="2"/></metadata>';
  assert.equal(parseSmil(`<smil><head>${head}</head></smil>`, "x").metas, []);
});

const refused = [
  { text: "<html/>", message: /^Cannot read the document as a x as its root .*value is "html"$/ },
  { text: "<SmoothStreamingMedia/>", message: /as a x as it is a client manifest \(\.ismc\): / },
  { text: "nothing", message: /not XML/ },
];
for (const { text, message } of refused) {
  parseTest(`refuses ${text}`, () => {
    assert.throws(() => parseSmil(text, "x"), refusal(message));
  });
}

parseTest("refuses more elements than any such document has", () => {
  assert.throws(
    () => parseSmil(`<smil>${"<a/>".repeat(100_000)}</smil>`, "x"),
    refusal(/at most 100000 elements/),
  );
});

parseTest.run();

const metaTest = suite("metaContent");

metaTest("finds the first by name in any letter case, unless it is blank", () => {
  const metas = [
    { name: "Title", content: "a" },
    { name: "title", content: "b" },
    { name: "x", content: "" },
  ];
  assert.is(metaContent(metas, "TITLE"), "a");
  assert.is(metaContent(metas, "x"), undefined);
  assert.is(metaContent(metas, "y"), undefined);
});

metaTest.run();

const formatTest = suite("formatSmil");

formatTest("writes what parseSmil reads", () => {
  const metas = [{ name: "title", content: "Käse & Brot" }];
  const text = formatSmil(metas, [{ name: "par", children: [{ name: "ref" }] }]);
  const smil = parseSmil(text, "x");
  assert.equal(smil.metas, metas);
  assert.is(smil.body[0]?.name, "par");
  assert.match(text, '<smil xmlns="http://www.w3.org/2001/SMIL20/Language">');
});

formatTest.run();
