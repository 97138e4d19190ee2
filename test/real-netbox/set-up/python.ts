/** A Python that NetBox runs on: on the PATH, or one of pyenv's. */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "./program.ts";

/** NetBox 4.7 requires 3.12; for a new Python, wheels of its dependencies may be missing. */
const MINORS = [13, 12, 14];

/** Its path; undefined if not found. */
export async function findPython(): Promise<string | undefined> {
  const pyenv = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  const kept = existsSync(pyenv) ? readdirSync(pyenv) : [];
  const candidates = MINORS.flatMap((minor) => [
    `python3.${minor}`,
    ...kept.filter((version) => version.startsWith(`3.${minor}.`))
      .map((version) => join(pyenv, version, "bin/python")),
  ]);
  for (const candidate of [...candidates, "python3"]) {
    if (await isUsable(candidate)) return candidate;
  }
  return undefined;
}

/** A program on the PATH may be a pyenv shim of a version that is not active. */
function isUsable(python: string): Promise<boolean> {
  const versions = MINORS.map((minor) => `(3, ${minor})`).join(", ");
  const script = `import sys, venv; sys.exit(sys.version_info[:2] not in (${versions}))`;
  return run(python, ["-c", script]).then(() => true, () => false);
}
