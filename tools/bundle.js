/**
 * Makes a few files of the many that the compiler has written: to find, read and link a hundred modules takes longer than
 * all that a push does until its first byte. What `package.json` names keeps its place in `dist/`, and so do the threads,
 * which are started by their files.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const CODE = "lib";

const files = readdirSync(DIST, { recursive: true })
  .filter((name) => name.endsWith(".js") && !/\b(site|vendor)\b/.test(name))
  .map((name) => join(DIST, name));
const isInner = (file) => relative(DIST, file).startsWith(CODE);
const isThread = (file) => /worker\.js$/.test(basename(file));
const entryPoints = files.filter((file) => !isInner(file) || isThread(file));

/** What a file finds beside itself, it finds where it was before. */
const keepPlaces = {
  name: "keep places",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const place = JSON.stringify(`./${relative(DIST, path).replaceAll("\\", "/")}`);
      const isMoved = isInner(path) && !isThread(path);
      const url = `new URL(${place}, import.meta.url).href`;
      return { contents: isMoved ? code.replaceAll("import.meta.url", url) : code };
    });
  },
};

/**
 * What each push needs at once, and is of many small files, becomes part of the package; its licence goes along. All other
 * packages stay apart.
 */
const INCLUDED = "@rgrove/parse-xml";
const { resolve } = createRequire(import.meta.url);

await build({
  entryPoints,
  outdir: DIST,
  outbase: DIST,
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  packages: "external",
  alias: { [INCLUDED]: resolve(INCLUDED) },
  platform: "node",
  format: "esm",
  target: "es2023",
  charset: "utf8",
  allowOverwrite: true,
  plugins: [keepPlaces],
});
for (const file of files) if (!entryPoints.includes(file)) rmSync(file);
copyFileSync(resolve(`${INCLUDED}/LICENSE`), join(DIST, `${basename(INCLUDED)}.LICENSE`));
