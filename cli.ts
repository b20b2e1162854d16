#!/usr/bin/env node
import process from "node:process";
import { main } from "./lib/cli/main.ts";

process.exitCode = await main(process);
