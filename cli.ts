#!/usr/bin/env node
import process from "node:process";
import { main } from "./lib/cli/main.ts";
import { optimizeLate } from "./lib/cli/wasm_optimization.ts";

await optimizeLate(process.versions);
process.exitCode = await main(process);
