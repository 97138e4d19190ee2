/** Helpers of command tests: folders for parallel tests, and the check of an error message. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { Finished } from "./run-cli.ts";

export interface CliFolders {
  /** A folder or file that does not exist yet and that no other test uses. */
  fresh(name?: string): string;
}

/** Call it once in a test file, outside of the tests. */
export function cliFolders(): CliFolders {
  let root = "";
  let count = 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "proxmox-diode-cli-"));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  return {
    fresh(name = "out") {
      count += 1;
      return join(root, String(count), name);
    },
  };
}

/** Checks exit code and words of an error, without a stack trace and without stdout. Warnings may precede it. */
export function expectError(finished: Finished, code: number, ...words: readonly string[]): void {
  const { stdout, stderr } = finished;
  expect(finished.code, stderr).toBe(code);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^\s*(?:WARN[^\n]*\n+\s*)*Error: /);
  expect(stderr).not.toMatch(/\n\s+at |is a bug/);
  for (const word of words) expect(stderr).toContain(word);
}
