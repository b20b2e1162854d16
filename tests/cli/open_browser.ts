import { suite } from "uvu";
import * as assert from "uvu/assert";
import process from "node:process";
import { browserCommand, openBrowser } from "../../lib/cli/open_browser.ts";

const URL_TEXT = "http://127.0.0.1:8080/demo.isml/";

const commandTest = suite("browserCommand");

const cases = [
  { platform: "linux", env: {}, command: ["xdg-open", URL_TEXT] },
  { platform: "darwin", env: {}, command: ["open", URL_TEXT] },
  { platform: "win32", env: {}, command: ["cmd", "/c", "start", "", URL_TEXT] },
  { platform: "linux", env: { BROWSER: "/opt/fox" }, command: ["/opt/fox", URL_TEXT] },
  { platform: "linux", env: { BROWSER: "" }, command: ["xdg-open", URL_TEXT] },
];
for (const { platform, env, command } of cases) {
  commandTest(`is ${command[0]} on ${platform} with ${JSON.stringify(env)}`, () => {
    assert.equal(browserCommand(URL_TEXT, platform, env), command);
  });
}

commandTest.run();

const test = suite("openBrowser");

test("says nothing where the program starts", async () => {
  assert.is(await openBrowser("--version", { BROWSER: process.execPath }), undefined);
});

test("says why where it does not", async () => {
  const failure = await openBrowser(URL_TEXT, { BROWSER: "/nowhere/browser" });
  assert.match(failure ?? "", "ENOENT");
});

test.run();
