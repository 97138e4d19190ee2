#!/usr/bin/env node
/** argv in, exit code out; the only file that acts when it is imported. */
import { main } from "./commands/main.ts";

// A reader that went away ("| head") ends the program, as it ends any other in a pipe.
process.stdout.on("error", ({ code, message }: Error & { code?: string }) => {
  if (code === "EPIPE") process.exit();
  process.stderr.write(`\n Error: Cannot write to stdout: ${message}\n\n`);
  process.exit(2);
});

process.exitCode = await main(process.argv.slice(2));
