#!/usr/bin/env node
/** argv in, exit code out; the only file that acts when it is imported. */
import { main } from "./cli/main.ts";

// To name `process` costs Deno almost as long as it takes to start; help does without.
const { Deno } = globalThis as { Deno?: { args: readonly string[] } };
const exitCode = await main(Deno?.args ?? process.argv.slice(2));
if (exitCode !== 0) process.exitCode = exitCode;
