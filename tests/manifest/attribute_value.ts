import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import {
  failOver,
  MAX_UINT32,
  parseDuration,
  parseFlag,
  parseInteger,
  parseOptionalInteger,
  parseTicks,
} from "../../lib/manifest/attribute_value.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const failTest = suite("failOver");

failTest("says what is wanted and what is there", () => {
  assert.throws(
    () => failOver("x of track 1", "a number", "y"),
    refusal(/^Cannot read x of track 1 as a number: current value is "y"$/),
  );
  assert.throws(() => failOver("x", "a number", undefined), refusal(/current value is undefined$/));
});

failTest.run();

const integerTest = suite("parseInteger");

const integers = [
  { text: "0", value: 0 },
  { text: "007", value: 7 },
  { text: " 12\n", value: 12 },
  { text: "4294967295", value: MAX_UINT32 },
  { text: "9007199254740991", value: Number.MAX_SAFE_INTEGER },
];
for (const { text, value } of integers) {
  integerTest(`reads ${JSON.stringify(text)}`, () => {
    assert.is(parseInteger(text, "x"), value);
  });
}

for (const text of ["", " ", "-1", "+1", "1.5", "1e3", "0x10", "x", "9007199254740992", "1 2"]) {
  integerTest(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseInteger(text, "x"), refusal(/as a whole number from 0 to 9007/));
  });
}

integerTest("refuses a missing value", () => {
  assert.throws(() => parseInteger(undefined, "x"), refusal(/current value is undefined$/));
});

integerTest("keeps the bounds", () => {
  assert.is(parseInteger("1", "x", { min: 1, max: 1 }), 1);
  assert.throws(() => parseInteger("0", "x", { min: 1 }), refusal(/from 1 to/));
  assert.throws(() => parseInteger("3", "x", { max: 2 }), refusal(/from 0 to 2: /));
});

integerTest.run();

const optionalTest = suite("parseOptionalInteger");

optionalTest("takes missing and blank for none", () => {
  assert.is(parseOptionalInteger(undefined, "x"), undefined);
  assert.is(parseOptionalInteger(" ", "x"), undefined);
  assert.is(parseOptionalInteger("5", "x"), 5);
});

optionalTest("refuses what is no number", () => {
  assert.throws(() => parseOptionalInteger("y", "x"), refusal(/whole number/));
  assert.throws(() => parseOptionalInteger("0", "x", { min: 1 }), refusal(/whole number/));
});

optionalTest.run();

const ticksTest = suite("parseTicks");

const times = [
  { text: "0", ticks: 0n },
  { text: " 20000000 ", ticks: 20_000_000n },
  { text: "-213333", ticks: -213_333n },
  { text: "18446744073709338283", ticks: -213_333n },
  { text: "9223372036854775807", ticks: 2n ** 63n - 1n },
  { text: "-9223372036854775808", ticks: -(2n ** 63n) },
];
for (const { text, ticks } of times) {
  ticksTest(`reads ${text}`, () => assert.is(parseTicks(text, "t"), ticks));
}

for (const text of ["", "x", "1.5", "18446744073709551616", "-9223372036854775809", "1n"]) {
  ticksTest(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseTicks(text, "t"), refusal(/as a time in ticks of 64 bits/));
  });
}

ticksTest.run();

const durationTest = suite("parseDuration");

durationTest("reads what is not negative", () => {
  assert.is(parseDuration("0", "d"), 0n);
  assert.is(parseDuration("9223372036854775807", "d"), 2n ** 63n - 1n);
});

for (const text of ["-1", "9223372036854775808", "x"]) {
  durationTest(`refuses ${text}`, () => {
    assert.throws(() => parseDuration(text, "d"), refusal(/^Cannot read d as a/));
  });
}

durationTest.run();

const flagTest = suite("parseFlag");

for (const text of ["true", "TRUE", "True", "1", " true "]) {
  flagTest(`says yes to ${JSON.stringify(text)}`, () => assert.is(parseFlag(text), true));
}
for (const text of ["false", "FALSE", "0", "", "yes", "11", undefined]) {
  flagTest(`says no to ${JSON.stringify(text)}`, () => assert.is(parseFlag(text), false));
}

flagTest.run();
