import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import {
  attributeOf,
  childrenNamed,
  decodeXml,
  escapeXml,
  findElements,
  formatXml,
  isNamed,
  MAX_MANIFEST_BYTES,
  parseXml,
} from "../../lib/manifest/xml.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), littleEndian);
  return new Uint8Array(view.buffer);
}

const decodeTest = suite("decodeXml");

const document = '<?xml version="1.0" encoding="utf-16"?><a b="Grüße 🎬"/>';
const encodings = [
  { name: "UTF-8", encode: (text: string) => new TextEncoder().encode(text) },
  { name: "UTF-16LE", encode: (text: string) => utf16(text, true) },
  { name: "UTF-16BE", encode: (text: string) => utf16(text, false) },
];
for (const { name, encode } of encodings) {
  for (const mark of ["", "\uFEFF"]) {
    decodeTest(`reads ${name} ${mark ? "with" : "without"} byte order mark`, () => {
      assert.is(decodeXml(encode(mark + document)), document);
    });
  }
}

decodeTest("reads UTF-16 with white space before the document", () => {
  assert.is(decodeXml(utf16("\r\n<a/>", true)), "\r\n<a/>");
});

for (const stray of [0x00, 0x0a]) {
  decodeTest(`drops a single byte ${stray} after UTF-16 text`, () => {
    assert.is(decodeXml(Uint8Array.of(...utf16("\uFEFF<a/>", true), stray)), "<a/>");
  });
}

const invalid = [
  { name: "UTF-8", bytes: Uint8Array.of(0x3c, 0x61, 0xff, 0x3e) },
  { name: "UTF-8", bytes: Uint8Array.of(0x3c, 0x61, 0xc3) },
  { name: "UTF-16LE", bytes: Uint8Array.of(0x3c, 0x00, 0x00, 0xdc) },
  { name: "UTF-16LE", bytes: Uint8Array.of(0xff, 0xfe, 0x3c, 0x00, 0x61) },
  { name: "UTF-16BE", bytes: Uint8Array.of(0xfe, 0xff, 0xd8, 0x00) },
];
for (const { name, bytes } of invalid) {
  decodeTest(`refuses ${bytes.length} bytes that are not ${name}`, () => {
    assert.throws(() => decodeXml(bytes), refusal(new RegExp(`as ${name} text: current value`)));
  });
}

decodeTest("shows how a binary file starts", () => {
  const bytes = Uint8Array.of(0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 0xff);
  assert.throws(() => decodeXml(bytes), refusal(/"\\u0000\\u0000\\u0000\\u0018ftypÿ"$/));
});

decodeTest("reads nothing as nothing", () => {
  assert.is(decodeXml(new Uint8Array()), "");
});

decodeTest("refuses more bytes than the limit", () => {
  assert.is(decodeXml(new Uint8Array(MAX_MANIFEST_BYTES).fill(32)).length, MAX_MANIFEST_BYTES);
  assert.throws(
    () => decodeXml(new Uint8Array(MAX_MANIFEST_BYTES + 1)),
    refusal(/at most 16777216 bytes: current value is 16777217 bytes$/),
  );
});

decodeTest.run();

const parseTest = suite("parseXml");

parseTest("gives local names, attributes, children and text", () => {
  const root = parseXml(
    '<s:smil xmlns:s="urn:x" s:Src="a"><!-- c --><b>x<![CDATA[<y>]]>z</b><?pi?><c/></s:smil>',
  );
  assert.is(root.name, "smil");
  assert.equal([...root.attributes], [["src", "a"]]);
  assert.equal(root.children.map(({ name, text }) => [name, text]), [["b", "x<y>z"], ["c", ""]]);
});

parseTest("prefers an attribute without a prefix to one with", () => {
  for (const attributes of ['src="own" x:src="other"', 'x:src="other" src="own"']) {
    assert.is(parseXml(`<a xmlns:x="urn:x" ${attributes}/>`).attributes.get("src"), "own");
  }
});

parseTest("finds one attribute as it would in the list of all", () => {
  for (
    const attributes of ['src="own"', 'SRC="own"', 'x:Src="own"', 'x:src="other" src="own"', ""]
  ) {
    const element = parseXml(`<a xmlns:x="urn:x" ${attributes}/>`);
    assert.is(element.attribute("src"), element.attributes.get("src"), attributes);
    assert.is(parseXml(`<a ${attributes.replaceAll(":", "")}/>`).attribute("xmlns"), undefined);
  }
});

parseTest("leaves namespace declarations out", () => {
  assert.is(parseXml('<a xmlns="urn:x" xmlns:src="urn:y"/>').attributes.size, 0);
});

parseTest("decodes the references of XML", () => {
  assert.is(parseXml("<a>&lt;&#65;&#x1F3AC;&amp;</a>").text, "<A🎬&");
});

const tolerated = [
  { name: "zeros after the document", text: "<a/>\0\0\0" },
  { name: "white space and zeros after the document", text: "<a/>\r\n\0 \n\0" },
  { name: "white space before the declaration", text: ' \r\n<?xml version="1.0"?><a/>' },
  { name: "a byte order mark", text: '\uFEFF<?xml version="1.0"?><a/>' },
  { name: "a declaration of UTF-16", text: '<?xml version="1.0" encoding="utf-16"?><a/>' },
  { name: "a declaration of an unknown encoding", text: "<?xml version='1.0' encoding='x'?><a/>" },
  { name: "a harmless document type", text: '<!DOCTYPE smil PUBLIC "-//W3C" "a[b].dtd"><a/>' },
];
for (const { name, text } of tolerated) {
  parseTest(`takes ${name}`, () => assert.is(parseXml(text).name, "a"));
}

const refused = [
  { name: "an empty text", text: "", message: /as it is empty: current value is ""$/ },
  { name: "zeros alone", text: "\0\0\0\0", message: /as it is empty/ },
  { name: "JSON", text: '{"a":1}', message: /as it is not XML: current value is "{\\"a\\":1}"$/ },
  { name: "a playlist", text: "#EXTM3U\n#EXT", message: /not XML: current value is "#EXTM3U\\n/ },
  { name: "an MP4 file", text: "\0\0\0\x18ftyp", message: /"\\u0000.*\\u0018ftyp"$/ },
  { name: "a file without a root", text: "<!-- a -->", message: /well-formed XML, Root element/ },
  { name: "an element left open", text: "<a>\n<b></a>", message: /\(line 2, column 4\): / },
  { name: "two roots", text: "<a/><b/>", message: /Extra content/ },
  { name: "text after the root", text: "<a/>x", message: /Extra content/ },
  { name: "an unknown entity", text: "<a>&nbsp;</a>", message: /entity is not defined: &nbsp;/ },
  { name: "an open attribute", text: '<a b="x>', message: /well-formed/ },
  { name: "an attribute given twice", text: '<a b="" b=""/>', message: /Duplicate/ },
  { name: "a control character", text: "<a>\x01</a>", message: /Invalid character/ },
  { name: "an open comment", text: "<a><!-- </a>", message: /Unclosed comment/ },
  { name: "HTML", text: "<!DOCTYPE html><p>Hi<br></p>", message: /well-formed/ },
];
for (const { name, text, message } of refused) {
  parseTest(`refuses ${name}`, () => assert.throws(() => parseXml(text), refusal(message)));
}

parseTest("refuses more characters than the limit", () => {
  assert.throws(
    () => parseXml(" ".repeat(MAX_MANIFEST_BYTES + 1)),
    refusal(/at most 16777216 bytes: current value is 16777217 characters$/),
  );
});

parseTest("passes the limits on", () => {
  assert.throws(() => parseXml("<a><b/></a>", { maxElements: 1 }), refusal(/at most 1 elements/));
});

const bomb = `<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>${
  "&c;".repeat(1000)
}</a>`;
// Each of these takes seconds, or all the memory there is, where a parser goes at it the plain way.
const hostile = [
  { name: "declares entities", text: bomb, message: /document type may declare entities/ },
  { name: "nests 200,000 elements", text: "<a>".repeat(200_000), message: /at most 64 elements/ },
  {
    name: "nests closed elements",
    text: "<a>".repeat(200_000) + "</a>".repeat(200_000),
    message: /at most 64 elements in one another: current value is 65 or more$/,
  },
  {
    name: "has millions of elements",
    text: `<a>${"<b/>".repeat(2e6)}`,
    message: /at most 1000000/,
  },
  { name: "opens comments alone", text: `<a>${"<!--".repeat(1e6)}`, message: /inside a comment/ },
  { name: "opens tags alone", text: "<".repeat(1_000_000), message: /well-formed/ },
  { name: "opens attributes alone", text: `<a ${'b="'.repeat(1e6)}`, message: /well-formed/ },
  { name: "has a long DOCTYPE", text: `<!DOCTYPE ${"x'y' ".repeat(1e6)}`, message: /well-formed/ },
];
for (const { name, text, message } of hostile) {
  parseTest(`refuses in no time a document that ${name}`, () => {
    const start = performance.now();
    assert.throws(() => parseXml(text), refusal(message));
    assert.ok(performance.now() - start < 5000);
  });
}

parseTest("reads a million line ends of two characters in no time", () => {
  const start = performance.now();
  assert.is(parseXml(`<a>${"\r\n".repeat(1_000_000)}</a>`).text, "\n".repeat(1_000_000));
  assert.ok(performance.now() - start < 5000);
});

parseTest.run();

const lookupTest = suite("lookup");
const tree = parseXml(
  '<Root ID=" 7 " Blank=" "><Par><Video/><par><VIDEO/></par></Par><video/></Root>',
);

lookupTest("finds attributes in any letter case, without white space", () => {
  assert.is(attributeOf(tree, "id"), "7");
  assert.is(attributeOf(tree, "Id"), "7");
});

lookupTest("takes a blank attribute for a missing one", () => {
  assert.is(attributeOf(tree, "blank"), undefined);
  assert.is(attributeOf(tree, "other"), undefined);
});

lookupTest("compares element names in any letter case", () => {
  assert.ok(isNamed(tree, "rOOT"));
  assert.not(isNamed(tree, "par"));
  assert.is(childrenNamed(tree, "VIDEO").length, 1);
});

lookupTest("finds elements at any depth", () => {
  assert.is(findElements([tree], ["video"]).length, 3);
  assert.is(findElements([tree], ["par", "video"]).length, 2);
});

lookupTest.run();

const escapeTest = suite("escapeXml");

const escapes = [
  { value: "plain", escaped: "plain" },
  { value: `<&>"'`, escaped: "&lt;&amp;&gt;&quot;&apos;" },
  { value: "a\tb\nc\rd", escaped: "a&#9;b&#10;c&#13;d" },
  { value: "Grüße 🎬", escaped: "Grüße 🎬" },
  { value: "\x7f\x85", escaped: "\x7f\x85" },
];
for (const { value, escaped } of escapes) {
  escapeTest(`escapes ${JSON.stringify(value)} so that it comes back`, () => {
    assert.is(escapeXml(value), escaped);
    assert.is(parseXml(`<a b="${escaped}" c='${escaped}'/>`).attributes.get("b"), value);
    assert.is(parseXml(`<a b="${escaped}" c='${escaped}'/>`).attributes.get("c"), value);
  });
}

for (const value of ["\0", "a\x1b[2J", "\x0b", "\ud800", "x\udc00", "\ufffe", "\uffff"]) {
  escapeTest(`refuses ${JSON.stringify(value)}`, () => {
    assert.throws(() => escapeXml(value), (error: Error) => error instanceof RangeError);
  });
}

escapeTest.run();

const formatTest = suite("formatXml");

formatTest("writes one element a line and leaves out attributes without a value", () => {
  const text = formatXml({
    name: "a",
    attributes: [["b", "<"], ["c", undefined], ["d", ""]],
    children: [{ name: "e", children: [{ name: "f" }] }],
  });
  assert.is(
    text,
    [
      '<?xml version="1.0" encoding="utf-8"?>',
      '<a b="&lt;" d="">',
      "  <e>",
      "    <f />",
      "  </e>",
      "</a>",
    ].join("\n"),
  );
});

formatTest.run();
