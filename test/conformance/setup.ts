/**
 * Installs the official SDK in a Python environment, once, in a folder that git ignores. Without
 * Python on this machine, or without access to its packages, the comparison is skipped.
 */
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { env, stderr } from "node:process";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { ROOT } from "../helpers/golden.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The interpreter that has the SDK; empty: not found. */
    readonly python: string;
  }
}

const run = promisify(execFile);
const HERE = join(ROOT, "test/conformance");
const ENVIRONMENT = join(ROOT, "test/.cache/conformance");
const PYTHON = join(ENVIRONMENT, "bin/python");
const REQUIREMENTS = join(HERE, "requirements.txt");
/** Names of interpreters, the most likely first. */
const CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
/** The SDK requires Python 3.10. */
const IS_NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 10))";
/** A variable: when it is set, a run without the SDK fails. */
const REQUIRED = "CONFORMANCE_REQUIRED";

export default async function setup({ provide }: TestProject): Promise<void> {
  try {
    await prepare();
    const { stdout } = await run(PYTHON, ["-m", "pip", "show", "netboxlabs-diode-sdk"]);
    stderr.write(
      `Conformance: against netboxlabs-diode-sdk ${/Version: (\S+)/.exec(stdout)?.[1]}\n`,
    );
    provide("python", PYTHON);
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error);
    if (env[REQUIRED]) throw error;
    stderr.write(
      `Conformance CANNOT RUN, and nothing was compared with the official SDK: ${reason}\n`,
    );
    provide("python", "");
  }
}

/** Complete, or created again: a marker is written last. */
async function prepare(): Promise<void> {
  const marker = join(ENVIRONMENT, "requirements.txt");
  const requirements = await readFile(REQUIREMENTS, "utf8");
  const installed = await readFile(marker, "utf8").catch(() => "");
  if (installed === requirements) return;
  const python = await findPython();
  await rm(ENVIRONMENT, { recursive: true, force: true });
  await run(python, ["-m", "venv", ENVIRONMENT]);
  await run(PYTHON, ["-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS]);
  await writeFile(marker, requirements);
}

async function findPython(): Promise<string> {
  for (const name of CANDIDATES) {
    const isFit = await run(name, ["-c", IS_NEW_ENOUGH]).then(() => true, () => false);
    if (isFit) return name;
  }
  throw new Error(`no Python ≥ 3.10 (looked for ${CANDIDATES.join(", ")})`);
}
