#!/usr/bin/env node
/** argv in, exit code out; the only file that acts when it is imported. */
import { main } from "./commands/main.ts";

process.exitCode = await main(process.argv.slice(2));
