/** Plain English in code and documents: words and names to avoid, each with a replacement. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { DOCUMENTS } from "./helpers/documents.ts";
import { ROOT } from "./helpers/golden.ts";

/** TABLE: in strings, comments, Markdown, and in the parts of identifiers (`standsIn`). */
const WORDS: readonly (readonly [word: RegExp, better: string])[] = [
  [/\bwho(?:m)?ever\b/, "the person, program or host that is meant"],
  [/\bshall\b/, "must, should or will"],
  [/\banew\b/, "again"],
  [/\bonce more\b/, "again"],
  [/\bbears?\b/, "has"],
  [/\bstands? in\b/, "is in; replaces"],
  [/\bstands? behind\b/, "follows; is behind"],
  [/\bstands? beside\b/, "is next to"],
  [/\btold by\b/, "source: …; reported by"],
  [/\b(?:held|holds?) against\b/, "compared with"],
  [/\bis none\b/, "does not exist; no …"],
  [/\bgo(?:es)? on\b/, "continues; resumes"],
  // `mend_on` is a key of the JSON output of doctor.
  [/\bmend(?:s|ed)?\b(?! on\b)/, "fix"],
  [/\bnobody\b/, "no one; name the person or program"],
];

/** TABLE: whole identifiers, and names of files. */
const NAMES: Readonly<Record<string, string>> = {
  Held: "ExpectedFiles, or what the value is",
  Twice: "BeforeAfter",
  Wanted: "ExpectedAnswers",
  Fate: "the outcome that is meant",
  Desk: "QuestionQueue",
  Reach: "NodeReachability",
  Scene: "GuestContext",
  Claims: "AddressClaims",
  misfits: "unexpectedValues",
  asideOf: "the value that is returned",
  toldBy: "the source that is meant",
  onlyNone: "orClear",
};

const GENERATED = /\/gen\//;
const OWN = "test/language.test.ts";
const CODE = globSync("{src,test}/**/*.ts", { cwd: ROOT, exclude: ["test/.cache/**"] })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => !GENERATED.test(path) && path !== OWN);
const FILES = [...CODE, ...DOCUMENTS];

/** "file:line found: better" of each match. */
function findings(path: string, text: string): string[] {
  const lines = withoutTables(text).split("\n").map(plain);
  // A phrase may cross the end of a line.
  const joined = lines.join(" ");
  const lineAt = (index: number): number => {
    let end = 0;
    return lines.findIndex((line) => (end += line.length + 1) > index) + 1;
  };
  const words = WORDS.flatMap(([word, better]) =>
    [...joined.matchAll(new RegExp(word, "gi"))].map(({ 0: found, index }) =>
      `${path}:${lineAt(index)} "${found}": ${better}`
    )
  );
  return [...words, ...nameFindings(path, text)];
}

/** The source of each generated table is checked instead. */
function withoutTables(text: string): string {
  return text.replace(
    /<!-- generated: [\s\S]*?<!-- \/generated -->/g,
    (block) => block.replace(/[^\n]/g, ""),
  );
}

/** Without the comment marker, and with identifiers split into words. */
function plain(line: string): string {
  return line.trim().replace(/^(?:\/\*\*?|\*\/?|\/\/+|>)\s*/, "")
    .replace(/(?<=[a-z0-9])(?=[A-Z])|_/g, " ").replace(/\s+/g, " ");
}

/** Comments and strings are not code. */
const NOT_CODE = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;

function nameFindings(path: string, text: string): string[] {
  if (!path.endsWith(".ts")) return [];
  const code = text.replace(NOT_CODE, (match) => match.replace(/[^\n]/g, " "));
  const file = basename(path).replace(/(?:\.test)?\.ts$/, "");
  return Object.entries(NAMES).flatMap(([name, better]) => {
    const at = code.split("\n").findIndex((line) => new RegExp(`\\b${name}\\b`).test(line));
    const isFile = name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase() === file;
    return [
      ...(at === -1 ? [] : [`${path}:${at + 1} ${name}: ${better}`]),
      ...(isFile ? [`${path} ${name}: ${better}`] : []),
    ];
  });
}

describe("words and names to avoid", () => {
  test("do not occur in code and documents", () => {
    const found = FILES.flatMap((path) => findings(path, readFileSync(join(ROOT, path), "utf8")));
    expect(found).toEqual([]);
  });

  test.each([
    ["a comment", "// Whoever asks", '"Whoever"'],
    ["a string", 'const text = "It goes on";', '"goes on"'],
    ["a phrase over two lines", "/**\n * What stands\n * beside it\n */", '"stands beside"'],
    ["an identifier", "const standIn = 1;", '"stand In"'],
    ["a name", "class Desk {}", "Desk"],
  ])("are found in %s", (_where, text, found) => {
    expect(findings("src/x.ts", text).join("\n")).toContain(found);
  });

  test.each([
    ["bearer tokens", "const bearer = 1; // shallow"],
    ["a name in a string", 'const text = "Reach";'],
  ])("do not include %s", (_what, text) => {
    const found = findings("src/x.ts", text);
    expect(found).toEqual([]);
  });

  test("are searched for in files that exist", () => {
    expect(DOCUMENTS).toContain("README.md");
    expect(FILES).toContain("README.md");
  });
});
