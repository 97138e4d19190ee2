/**
 * `npm run release -- <version> [--dry-run]`: makes a version of what is committed. It changes package.json,
 * package-lock.json, src/base/tool.ts and the changelog, commits them, and tags the commit. It sends nothing.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { ROOT } from "../helpers/golden.ts";

export interface ReleaseOptions {
  /** The repository. */
  readonly root: string;
  /** "2026-11-28" */
  readonly date: string;
  /** Changes, commits and tags nothing. */
  readonly isDryRun?: boolean;
}

const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;
const CHANGELOG = ".github/CHANGELOG.md";
/** The section of changes that no version has yet. */
const UNRELEASED = /^## Unreleased\n([\s\S]*?)(?=^## )/m;

/** Returns what to tell the person. @throws Error if the version, the changelog or the tree is not ready. */
export function release(version: string, options: ReleaseOptions): string {
  const { root, date, isDryRun = false } = options;
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const read = (name: string): string => readFileSync(join(root, name), "utf8");

  const { version: current } = JSON.parse(read("package.json")) as { version: string };
  if (!VERSION.test(version)) {
    throw new Error(`Version "${version}" must have three numbers, such as 1.2.3`);
  }
  if (!isNewer(version, current)) {
    throw new Error(`Version ${version} must be newer than the present one, ${current}`);
  }
  const tag = `v${version}`;
  if (git("tag", "--list", tag) !== "") throw new Error(`Tag ${tag} exists`);
  const changes = git("status", "--porcelain");
  if (changes !== "") throw new Error(`Commit or remove these changes first:\n${changes}`);
  const changelog = read(CHANGELOG);
  const notes = UNRELEASED.exec(changelog)?.[1]?.trim() ?? "";
  if (notes === "") throw new Error(`${CHANGELOG} has nothing below "Unreleased"`);

  const next = JSON.stringify(version);
  const files: Readonly<Record<string, string>> = {
    "package.json": replaced(read("package.json"), /(?<="version": )"[^"]*"/, next),
    "package-lock.json": withLockVersion(read("package-lock.json"), version),
    "src/base/tool.ts": replaced(read("src/base/tool.ts"), /(?<=version: )"[^"]*"/, next),
    [CHANGELOG]: changelog.replace("## Unreleased\n", `## Unreleased\n\n## ${version} (${date})\n`),
  };
  if (isDryRun) {
    return `Would release ${tag}, and change ${Object.keys(files).join(", ")}\n\n${notes}`;
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  git("commit", "--quiet", "--message", `chore(release): ${version}`, "--", ...Object.keys(files));
  git("tag", "--annotate", tag, "--message", `${tag}\n\n${notes}`, "--cleanup=verbatim");
  return `Committed and tagged ${tag}. To release it: git push --atomic origin HEAD ${tag}`;
}

function isNewer(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.split(".").map(Number);
  const pairs = numbers(version).map((number, i) => number - (numbers(than)[i] ?? 0));
  return (pairs.find((difference) => difference !== 0) ?? 0) > 0;
}

function replaced(text: string, what: RegExp, by: string): string {
  if (!what.test(text)) throw new Error(`Cannot find ${what.source}`);
  return text.replace(what, by);
}

/** The version stands at the top, and in the entry of the root package. */
function withLockVersion(text: string, version: string): string {
  const lock = JSON.parse(text) as { version: string; packages: { "": { version: string } } };
  lock.version = version;
  lock.packages[""].version = version;
  return `${JSON.stringify(lock, null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const options = { "dry-run": { type: "boolean", default: false } } as const;
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  const date = new Date().toISOString().slice(0, 10);
  try {
    const text = release(positionals[0] ?? "", { root: ROOT, date, isDryRun: values["dry-run"] });
    process.stdout.write(`${text}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
