#!/usr/bin/env node
/** argv in, exit code out; the only file that acts when it is imported. */
import { main } from "./commands/main.ts";

// A reader that went away ("| head") ends the program, as it ends any other in a pipe.
process.stdout.on("error", (error: Error & { code?: string }) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2));
