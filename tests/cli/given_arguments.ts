import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type GivenArgument,
  GivenOptions,
  readGivenArguments,
} from "../../lib/cli/given_arguments.ts";

/** The argument in short: `name`, `name=value`, `?spelling`, or a positional in brackets. */
function summarize(argument: GivenArgument): string {
  if (argument.type === "positional") return `[${argument.value}]`;
  if (!argument.option) return `?${argument.spelling}`;
  const { option, value } = argument;
  return value === undefined ? option.name : `${option.name}=${value}`;
}

const test = suite("readGivenArguments");

const cases: readonly { argv: string[]; given: string[] }[] = [
  { argv: [], given: [] },
  { argv: ["a", "-", "b"], given: ["[a]", "[-]", "[b]"] },
  { argv: ["--id=a=b", "--id="], given: ["id=a=b", "id="] },
  { argv: ["--id", "a", "--id", "--id"], given: ["id=a", "id", "id"] },
  { argv: ["--id", "-a", "--id", "-", "--id", ""], given: ["id=-a", "id=-", "id="] },
  { argv: ["--id", "-h"], given: ["id", "help"] },
  { argv: ["--id", "/loop"], given: ["id", "loop"] },
  { argv: ["--id", "/loop/a"], given: ["id=/loop/a"] },
  { argv: ["--id=/loop", "--id=--loop"], given: ["id=/loop", "id=--loop"] },
  { argv: ["--loop", "3"], given: ["loop", "[3]"] },
  { argv: ["--loop=3", "--loop="], given: ["loop=3", "loop="] },
  {
    argv: ["/LOOP", "/loop:", "/loop:a:b", "/loop=3"],
    given: ["loop", "loop=", "loop=a:b", "[/loop=3]"],
  },
  { argv: ["/id", "a"], given: ["id", "[a]"] },
  { argv: ["/id:a\nb"], given: ["id=a\nb"] },
  { argv: ["/output:x", "/h"], given: ["[/output:x]", "[/h]"] },
  { argv: ["-H", "A: 1", "-HB: 2", "-H"], given: ["header=A: 1", "header=B: 2", "header"] },
  { argv: ["--create=1", "--create"], given: ["create=1", "create"] },
  { argv: ["--what=1", "--what", "1"], given: ["?--what", "?--what", "[1]"] },
  { argv: ["--no-create", "--LOOP"], given: ["?--no-create", "?--LOOP"] },
  { argv: ["--H", "--h"], given: ["?--H", "?--h"] },
  { argv: ["-x"], given: ["?-x"] },
  { argv: ["--", "--loop", "/loop", "--", "-h"], given: ["[--loop]", "[/loop]", "[--]", "[-h]"] },
  { argv: ["--id", "--", "a"], given: ["id", "[a]"] },
];
for (const { argv, given } of cases) {
  test(`reads ${JSON.stringify(argv)}`, () => {
    assert.equal(readGivenArguments(argv).map(summarize), given);
  });
}

test("keeps the spelling, without the value", () => {
  const spellings = readGivenArguments([
    "/LiveArchive",
    "/Id:5",
    "--id=5",
    "--id",
    "5",
    "-H",
    "A: 1",
  ])
    .map((argument) => argument.type === "option" ? argument.spelling : "");
  assert.equal(spellings, ["/LiveArchive", "/Id", "--id", "--id", "-H"]);
});

test.run();

const optionsTest = suite("GivenOptions");

optionsTest("finds the last of a name, or all", () => {
  const given = readGivenArguments(["--to=a", "--to=b", "/loop"]);
  const options = new GivenOptions(given.filter((argument) => argument.type === "option"));
  assert.equal(options.all("to").map(({ value }) => value), ["a", "b"]);
  assert.is(options.last("to")?.value, "b");
  assert.is(options.last("rate"), undefined);
  assert.equal([options.has("loop"), options.has("create")], [true, false]);
});

optionsTest.run();
