import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { checkXmlLimits } from "../../lib/manifest/xml_limits.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const test = suite("checkXmlLimits");

const depths = [
  { text: "<a/>", depth: 0 },
  { text: "<a></a>", depth: 1 },
  { text: "<a><b></b><b></b></a>", depth: 2 },
  { text: "<a><b/><c><d/></c></a >", depth: 2 },
  { text: "<a><!-- </a></a> --><b></b></a>", depth: 2 },
  { text: "<a><![CDATA[</a></a>]]><b></b></a>", depth: 2 },
  { text: "<a><?p </a></a>?><b></b></a>", depth: 2 },
  { text: `<a b="/>"><c d='>"/'></c></a>`, depth: 2 },
  { text: "<?xml version='1.0'?><!DOCTYPE a SYSTEM '>'><a><b></b></a>", depth: 2 },
];
for (const { text, depth } of depths) {
  test(`counts ${depth} open elements at most in ${text}`, () => {
    checkXmlLimits(text, { maxDepth: depth });
    if (depth === 0) return;
    assert.throws(
      () => checkXmlLimits(text, { maxDepth: depth - 1 }),
      refusal(/elements in one another/),
    );
  });
}

test("counts elements and processing instructions", () => {
  const text = "<a><b/><?p?><!-- <c/> --></a>";
  checkXmlLimits(text, { maxElements: 3 });
  assert.throws(
    () => checkXmlLimits(text, { maxElements: 2 }),
    refusal(/at most 2 elements: current value is 3 or more$/),
  );
});

const subsets = [
  "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
  "<!DOCTYPE a SYSTEM 'x' [\n<!ENTITY % b SYSTEM 'file:///etc/passwd'> %b;]><a/>",
  "<!DOCTYPE a [",
];
for (const text of subsets) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => checkXmlLimits(text), refusal(/may declare entities/));
  });
}

for (
  const text of ["", "<", "<a", "<a b='", "</a>", "<!--", "<![CDATA[", "<?", "<!x", "<!DOCTYPE"]
) {
  test(`leaves ${JSON.stringify(text)} to the parser`, () => checkXmlLimits(text));
}

test.run();
