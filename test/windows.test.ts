/** What Windows needs: names that it accepts, and paths that are joined by node:path or as URLs. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runNameOf, surveyFolderOf } from "../src/run-folder/history.ts";
import { pushJournalKey } from "../src/run-folder/push-journal.ts";
import { ROOT } from "./helpers/golden.ts";

/**
 * In one part of a path.
 * Source: learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
// deno-lint-ignore no-control-regex
const REFUSED = /[<>:"|?*\\\u0000-\u001f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

function refusedIn(paths: readonly string[]): string[] {
  return paths.filter((path) => path.split("/").some((part) => REFUSED.test(part)));
}

describe("names of files", () => {
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
    .split("\0").filter((path) => path !== "");

  test("in the repository are accepted by Windows", () => {
    expect(tracked.length).toBeGreaterThan(500);
    expect(refusedIn(tracked)).toEqual([]);
  });

  test("in the repository differ in more than upper and lower case", () => {
    const folded = Map.groupBy(tracked, (path) => path.toLowerCase());
    expect([...folded.values()].filter((paths) => paths.length > 1)).toEqual([]);
  });

  test("that depend on a target or on the time are accepted by Windows", () => {
    const run = runNameOf("2026-11-28T23:32:21Z");
    const targets = ["diode.example.net:443/diode", "[2001:db8::1]:80", 'a:1/<b>|"c"?*', "con:1/"];
    expect(refusedIn([run, surveyFolderOf(run), ...targets.map(pushJournalKey)])).toEqual([]);
  });

  test.each(["a:b", "a/b?.json", "x/CON", "aux.json", "end.", "back\\slash"])(
    "such as %j are found",
    (path) => expect(refusedIn([path])).toEqual([path]),
  );
});

/** A call whose first argument is a text with a slash beside a value, or a text that is added to another. */
const CONCATENATED =
  /\b(?:access|append|copy|cp|create|exists|lstat|link|mk|open|read|rename|rm|stat|unlink|watch|write)\w*\(\s*(?:`[^`]*(?:\}\/|\/\$\{)[^`]*`|[\w.]+\s*\+\s*["'`])/g;

function concatenatedIn(text: string): string[] {
  return /from "node:fs/.test(text) ? text.match(CONCATENATED) ?? [] : [];
}

describe("paths", () => {
  test("of files that node:fs opens are joined, never concatenated", () => {
    const files = globSync("src/**/*.ts", { cwd: ROOT });
    const sources = files.map((file) => readFileSync(join(ROOT, file), "utf8"));
    expect(sources.filter((text) => text.includes('from "node:fs')).length).toBeGreaterThan(5);
    // A URL is joined by the runtime.
    expect(sources.map((text) => text.replace(/new URL\([^)]*\)/g, "")).flatMap(concatenatedIn))
      .toEqual([]);
  });

  test.each(["readFile(`${folder}/a`)", "mkdir(\n  `/tmp/${name}`)", 'open(folder + "/a")'])(
    "such as %j are found",
    (call) => expect(concatenatedIn(`import "x" from "node:fs";\n${call}`)).toHaveLength(1),
  );
});
