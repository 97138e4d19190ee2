/** `npm run release`, in a repository of its own. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../helpers/golden.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { release } from "./release.ts";

const CHANGELOG = ".github/CHANGELOG.md";
const CHANGED = [CHANGELOG, "package-lock.json", "package.json", "src/base/tool.ts"];
const DATE = "2026-12-01";
const NOTES = "- `log` lists the runs of a history.";

/** With the files of this repository that a release changes, as version 1.9.0. */
async function repository(notes = NOTES) {
  const root = await tempFolder();
  const git = (...args: readonly string[]): string =>
    execFileSync("git", [...args], { cwd: root, encoding: "utf8" }).trim();
  for (const name of CHANGED) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    cpSync(join(ROOT, name), join(root, name));
  }
  const edit = (name: string, change: (text: string) => string): void =>
    writeFileSync(join(root, name), change(read(name)));
  const read = (name: string): string => readFileSync(join(root, name), "utf8");
  edit("package.json", (text) => text.replace(/"version": "[^"]*"/, '"version": "1.9.0"'));
  edit(CHANGELOG, () => `# Changelog\n\n## Unreleased\n\n${notes}\n\n## 1.9.0\n\n- Older.\n`);
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", "A");
  git("config", "user.email", "a@example.net");
  git("add", ".");
  git("commit", "--quiet", "--message", "start");
  return { root, git, read, edit };
}

test("a release has its version in every file, its date in the changelog, a commit and a tag", async () => {
  const { root, git, read } = await repository();
  expect(release("1.10.0", { root, date: DATE }))
    .toBe("Committed and tagged v1.10.0. To release it: git push --atomic origin HEAD v1.10.0");
  expect(read(CHANGELOG)).toBe(
    `# Changelog\n\n## Unreleased\n\n## 1.10.0 (${DATE})\n\n${NOTES}\n\n## 1.9.0\n\n- Older.\n`,
  );
  expect(JSON.parse(read("package.json"))).toMatchObject({ version: "1.10.0" });
  expect(JSON.parse(read("package-lock.json")))
    .toMatchObject({ version: "1.10.0", packages: { "": { version: "1.10.0" } } });
  expect(read("src/base/tool.ts")).toContain('version: "1.10.0"');
  expect(git("status", "--porcelain")).toBe("");
  expect(git("log", "-1", "--format=%s")).toBe("chore(release): 1.10.0");
  expect(git("diff", "--name-only", "HEAD~1").split("\n")).toEqual(CHANGED);
  expect(git("rev-list", "-1", "v1.10.0")).toBe(git("rev-parse", "HEAD"));
  expect(git("tag", "--list", "--format=%(contents)", "v1.10.0")).toContain(NOTES);
});

test("only the versions differ in the lock file", async () => {
  const { root, read } = await repository();
  const before = read("package-lock.json");
  const { version } = JSON.parse(before) as { version: string };
  release("1.10.0", { root, date: DATE });
  expect(read("package-lock.json").split("\n"))
    .toEqual(before.split("\n").map((line, i) => i < 10 ? line.replace(version, "1.10.0") : line));
});

test("a dry run changes nothing", async () => {
  const { root, git, read } = await repository();
  const before = CHANGED.map(read);
  expect(release("2.0.0", { root, date: DATE, isDryRun: true })).toContain(NOTES);
  expect(CHANGED.map(read)).toEqual(before);
  expect(git("tag", "--list")).toBe("");
  expect(git("log", "--format=%s")).toBe("start");
});

test.each([
  ["1.9.0", "newer than the present one, 1.9.0"],
  ["1.8.9", "newer than the present one, 1.9.0"],
  ["0.10.0", "newer than the present one, 1.9.0"],
  ["v2.0.0", "three numbers"],
  ["2.0.0-rc.1", "three numbers"],
  ["", "three numbers"],
])("the version %j is refused", async (version, reason) => {
  const { root, git } = await repository();
  expect(() => release(version, { root, date: DATE })).toThrow(reason);
  expect(git("tag", "--list")).toBe("");
});

test("a tree with changes, also with files that git does not know, is refused", async () => {
  const { root, edit } = await repository();
  edit("package.json", (text) => `${text}\n`);
  expect(() => release("2.0.0", { root, date: DATE })).toThrow("package.json");
  const other = await repository();
  writeFileSync(join(other.root, "new.txt"), "");
  expect(() => release("2.0.0", { root: other.root, date: DATE })).toThrow("new.txt");
});

test("a changelog without unreleased changes, and a tag that exists, are refused", async () => {
  const empty = await repository("");
  expect(() => release("2.0.0", { root: empty.root, date: DATE })).toThrow("Unreleased");
  const tagged = await repository();
  tagged.git("tag", "v2.0.0");
  expect(() => release("2.0.0", { root: tagged.root, date: DATE })).toThrow("Tag v2.0.0 exists");
});
