#!/usr/bin/env node
/** Connects the process to `main`; the only file that acts when it is imported. */
import { main } from "./cli/main.ts";
import type { Io } from "./terminal/process.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

// Getters, since the first use of `process` costs Deno almost as long as its start; help needs none of it.
const io: Io = {
  get env() {
    return process.env;
  },
  get stdout() {
    return process.stdout;
  },
  get stderr() {
    return process.stderr;
  },
  help: (text) => console.log(text), // oxlint-disable-line no-console
  onStop(listener) {
    for (const signal of STOP_SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
};

const { Deno } = globalThis as { Deno?: { args: readonly string[] } };
const exitCode = await main(Deno?.args ?? process.argv.slice(2), io);
if (exitCode !== 0) process.exitCode = exitCode;
