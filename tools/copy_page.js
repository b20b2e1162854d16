/**
 * Puts the files of the page, and the player with its licence, beside the compiled code: `node tools/copy_page.js`, behind
 * the compiler.
 */
import { cpSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const SITE = "lib/point/page/site/";
const PLAYER = "node_modules/dashjs/";
const PLAYER_FILES = [
  "LICENSE.md",
  "dist/modern/umd/dash.all.min.js",
  "dist/modern/umd/dash.all.min.js.LICENSE.txt",
  "dist/modern/umd/dash.mss.min.js",
];

const target = new URL(`dist/${SITE}`, ROOT);
cpSync(new URL(SITE, ROOT), target, { recursive: true });
for (const path of PLAYER_FILES) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  cpSync(new URL(PLAYER + path, ROOT), new URL(`vendor/${name}`, target));
}
