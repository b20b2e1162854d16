import { suite } from "uvu";
import * as assert from "uvu/assert";
import { helpText, versionText } from "../../lib/cli/help.ts";
import {
  type Command,
  COMMANDS,
  formatOption,
  isOptionOf,
  OPTIONS,
} from "../../lib/cli/options.ts";

const helpTest = suite("helpText");

const topics = [undefined, ...COMMANDS];
for (const topic of topics) {
  helpTest(`has every option of ${topic ?? "a push"} in its line, and no other`, () => {
    const lines = helpText(topic).split("\n");
    for (const option of OPTIONS) {
      const posix = formatOption(option, "posix");
      const line = lines.find((text) => /^ {2}-/.test(text) && text.includes(`${posix} `));
      assert.is(line !== undefined, isOptionOf(option, topic ?? "push"), posix);
      if (line === undefined) continue;
      const help = option.helpOf?.[topic ?? "push"] ?? option.help;
      assert.ok(line.endsWith(`  ${help}`), line);
      if (option.original !== undefined) {
        assert.match(line, `  ${formatOption(option, "original")} `);
      }
    }
  });

  helpTest(`fits into 100 columns: ${topic ?? "all"}`, () => {
    for (const line of helpText(topic).split("\n")) {
      assert.ok(line.length <= 100, line);
      assert.is(line, line.trimEnd());
    }
  });
}

helpTest("has a way in, exit codes and examples for every command", () => {
  const text = helpText();
  for (const code of ["0", "1", "2", "3", "4", "5", "130", "143"]) {
    assert.match(text, new RegExp(`^  ${code} +\\S`, "m"));
  }
  assert.match(text, "npx pushencoder http://host/live.isml movie.ism\n");
  assert.match(text, "npx pushencoder demo --duration=10\n");
  assert.match(text, "npx pushencoder inspect movie.ism");
  assert.match(text, "--output=<folder> [<file.ismv>] <presentation.ism>");
});

helpTest("of bench tells its own exit codes and defaults", () => {
  const text = helpText("bench");
  assert.match(text, "  1    void: ");
  assert.match(text, "  130  stopped by Ctrl-C");
  assert.match(text, "Prefix of stream ids, <id>-<channel>-stream<N> (bench)");
  assert.not.match(text, "unpaced");
});

helpTest("tells what exit codes mean to a command, and none that it never has", () => {
  const codesOf = (topic: Command) =>
    [...helpText(topic).matchAll(/^ {2}(\d+) +\S/gm)].map(([, code]) => code);
  assert.equal(codesOf("push"), ["0", "1", "2", "3", "4", "5", "130", "143"]);
  assert.equal(codesOf("serve"), ["1", "2", "3", "130", "143"]);
  assert.equal(codesOf("inspect"), ["0", "1", "2", "3", "130", "143"]);
  assert.match(helpText("verify"), "  3    a rule was broken");
  assert.match(helpText("demo"), "  1    something that arrived was wrong");
});

helpTest("of one command leaves out the others", () => {
  assert.match(helpText("inspect"), /^Usage: pushencoder inspect \[options\] <file\|url>\n\n/);
  assert.not.match(helpText("inspect"), "demo");
  assert.not.match(helpText("demo"), "<presentation.ism>");
});

helpTest.run();

const versionTest = suite("versionText");

versionTest("names the program and its version", () => {
  assert.is(versionText("1.2.3"), "pushencoder 1.2.3");
});

versionTest.run();
