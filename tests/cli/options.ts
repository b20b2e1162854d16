import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  findOption,
  findOriginalOption,
  findShortOption,
  formatOption,
  isOptionOf,
  nearestOption,
  OPTION_GROUPS,
  OPTIONS,
} from "../../lib/cli/options.ts";

const optionsTest = suite("OPTIONS");

optionsTest("has every option of the original", () => {
  const originals = OPTIONS.flatMap(({ original }) => original === undefined ? [] : [original]);
  assert.equal(originals.sort(), [
    "create",
    "headers",
    "id",
    "liveArchive",
    "loop",
    "noEOS",
    "noHeader",
    "noSparseEOS",
    "rate",
    "realtime",
    "skip",
    "streammanifest",
  ]);
});

optionsTest("has each name once", () => {
  const keys = OPTIONS.flatMap(({ name, original, short }) => [
    `--${name}`,
    `/${(original ?? name).toLowerCase()}`,
    `-${short ?? name}`,
  ]);
  assert.is(new Set(keys).size, keys.length);
});

optionsTest("says for each what its value is, in one line", () => {
  for (const { name, value, valueName, choices, help, group } of OPTIONS) {
    assert.is(value !== "none", (valueName ?? choices) !== undefined, name);
    assert.match(name, /^[a-z]+(-[a-z]+)*$/);
    assert.not.match(help, "\n");
    assert.ok(OPTION_GROUPS.includes(group));
  }
});

optionsTest.run();

const findTest = suite("findOption, findShortOption, findOriginalOption");

findTest("finds the original names in any letter case, the others in theirs", () => {
  assert.is(findOption("live-archive")?.name, "live-archive");
  assert.is(findOption("Live-archive"), undefined);
  assert.is(findShortOption("H")?.name, "header");
  assert.is(findShortOption("h")?.name, "help");
  assert.is(findOriginalOption("LIVEARCHIVE")?.name, "live-archive");
  assert.is(findOriginalOption("live-archive"), undefined);
  assert.is(findOriginalOption("undefined"), undefined);
});

findTest.run();

const isOptionOfTest = suite("isOptionOf");

isOptionOfTest("takes an option for one of a push unless it says otherwise", () => {
  const create = findOption("create")!;
  const json = findOption("json")!;
  const port = findOption("port")!;
  assert.equal([isOptionOf(create, "push"), isOptionOf(create, "demo")], [true, false]);
  assert.equal([isOptionOf(json, "push"), isOptionOf(json, "inspect")], [true, true]);
  assert.equal([isOptionOf(port, "push"), isOptionOf(port, "demo")], [false, true]);
});

isOptionOfTest.run();

const formatTest = suite("formatOption");

const formats = [
  { name: "create", posix: "--create", original: "/create" },
  { name: "loop", posix: "--loop[=<N>]", original: "/loop[:<N>]" },
  { name: "id", posix: "--id=<id>", original: "/id:<id>" },
  { name: "group", posix: "--group=track|file" },
];
for (const { name, posix, original } of formats) {
  formatTest(`writes ${posix}`, () => {
    const option = findOption(name)!;
    assert.is(formatOption(option, "posix"), posix);
    if (original !== undefined) assert.is(formatOption(option, "original"), original);
  });
}

formatTest.run();

const nearestTest = suite("nearestOption");

const nearest = [
  { text: "lopp", name: "loop", distance: 1 },
  { text: "NOEOS", name: "no-eos", distance: 0 },
  { text: "streammanifst", name: "stream-manifest", distance: 1 },
  { text: "dryrun", name: "dry-run", distance: 1 },
];
for (const { text, name, distance } of nearest) {
  nearestTest(`takes ${text} for ${name}`, () => {
    const { option, distance: found } = nearestOption(text, "push");
    assert.equal([option.name, found], [name, distance]);
  });
}

nearestTest("keeps to the options of the command", () => {
  assert.is(nearestOption("prt", "demo").option.name, "port");
  assert.is.not(nearestOption("prt", "push").option.name, "port");
});

nearestTest.run();
