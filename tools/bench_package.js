/**
 * Lets the programs of the benchmark import the package as it is built, in place of the modules that the compiler made for
 * them: what users run is what is measured.
 */
import { writeFileSync } from "node:fs";

const MODULE = new URL("../bench/build/mod.js", import.meta.url);
writeFileSync(MODULE, 'export * from "../../dist/mod.js";\n');
