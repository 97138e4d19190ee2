/** The Markdown files: generated tables, links, options and samples agree with the program. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type CommandRow, COMMANDS } from "../src/cli/catalog.ts";
import { COMMON_OPTIONS } from "../src/terminal/options.ts";
import { TOOL } from "../src/base/tool.ts";
import {
  anchorsIn,
  codeIn,
  commandsIn,
  DOCUMENTS,
  fencesIn,
  firstDifference,
  linksIn,
  readDocument,
} from "./helpers/documents.ts";
import { ROOT } from "./helpers/golden.ts";
import { BLOCKS, blocksIn, withBlocks } from "./helpers/readme.ts";

/** README.md is an overview. */
const README_LINES = 150;
/** Options of test scripts, not of commands. */
const OTHER_OPTIONS = new Set(["--full", "--only", "--release", "--mode", "--seed", "--set-up"]);

const commands: Readonly<Record<string, CommandRow>> = COMMANDS;
const allOptions = new Set(Object.keys(commands).flatMap((name) => [...optionsOf(name)]));

function optionsOf(command: string): Set<string> {
  const names = Object.keys({ ...commands[command]?.options, ...COMMON_OPTIONS });
  return new Set([...names, "help", "version"].map((name) => `--${name}`));
}

function json(path: string): Record<string, Record<string, unknown>> {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as ReturnType<typeof json>;
}

describe.each(DOCUMENTS)("%s", (path) => {
  const text = readDocument(path);

  test("contains the tables that the program prints", async () => {
    expect(await withBlocks(text, path), "run npm run readme").toBe(text);
    expect(blocksIn(text).filter((name) => !(name in BLOCKS))).toEqual([]);
  });

  test("links to files and headings that exist", () => {
    expect(linksIn(text).filter((link) => !exists(path, link))).toEqual([]);
  });

  test("has tables that are whole: a head, and as many cells in each row", () => {
    const tables = text.replace(/^```[\s\S]*?^```$/gm, "").match(/(?:^\|.*\n)+/gm) ?? [];
    for (const table of tables) {
      const [head = "", rule = "", ...lines] = table.trimEnd().split("\n");
      expect(rule, head).toMatch(/^(?:\| :?-+:? )+\|$/);
      const cells = (line: string): number => line.split(/(?<!\\)\|/).length;
      expect(lines.filter((line) => cells(line) !== cells(head))).toEqual([]);
    }
  });

  test("names scripts and tasks that exist", () => {
    const scripts = json("package.json")["scripts"] ?? {};
    const tasks = json("deno.json")["tasks"] ?? {};
    const names = (regexp: RegExp): string[] =>
      [...text.matchAll(regexp)].map(([, name = ""]) => name);
    expect(names(/npm run ([\w:-]+)/g).filter((name) => !(name in scripts))).toEqual([]);
    expect(names(/deno task ([\w:-]+)/g).filter((name) => !(name in tasks))).toEqual([]);
  });

  test("names source files and folders that exist", () => {
    const paths = codeIn(text).filter((code) => /^(?:src|test)\/(?!\.cache)[\w./-]+$/.test(code));
    expect(paths.filter((each) => !existsSync(join(ROOT, each)))).toEqual([]);
  });

  test("names commands and options that exist", () => {
    const lines = codeIn(text).map((code) =>
      code.replace(/^(?:npx )?proxmox-diode /, "").split(/[ =]/)
    );
    const unknown = lines.flatMap((words) => {
      const [first = ""] = words;
      const known = first in commands ? optionsOf(first) : allOptions;
      const isOurs = first in commands || first.startsWith("--");
      return isOurs ? words.filter((word) => isUnknown(word, known)) : [];
    });
    expect(unknown).toEqual([]);
    for (const { words: [name = "", ...rest] } of commandsIn(text)) {
      expect(Object.keys(commands)).toContain(name);
      const options = rest.map((word) => word.split("=", 1)[0] ?? "");
      expect(options.filter((word) => isUnknown(word, optionsOf(name)))).toEqual([]);
    }
  });

  test("quotes files without differences", () => {
    for (const { file, lines } of fencesIn(text)) {
      if (file === undefined) continue;
      const actual = readFileSync(join(ROOT, file), "utf8").trimEnd().split("\n");
      expect(firstDifference(lines, actual), file).toBeUndefined();
    }
  });
});

function isUnknown(word: string, known: ReadonlySet<string>): boolean {
  return word.startsWith("--") && word !== "--" && !known.has(word) && !OTHER_OPTIONS.has(word);
}

function exists(from: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return URL.canParse(link);
  const [target = "", anchor] = link.split("#", 2);
  const file = target === "" ? join(ROOT, from) : join(ROOT, dirname(from), target);
  if (!existsSync(file)) return false;
  const document = relative(ROOT, file);
  return anchor === undefined || anchorsIn(readDocument(document)).includes(anchor);
}

test.each(Object.entries(BLOCKS))(
  "a document contains the generated table %s",
  async (name, print) => {
    const [found = "", ...others] = DOCUMENTS.filter((path) =>
      blocksIn(readDocument(path)).includes(name)
    );
    expect((await print(dirname(found))).split("\n").length).toBeGreaterThan(2);
    if (name !== "source-files") expect(others).toEqual([]);
  },
);

test("issue forms ask for the output of doctor and inspect", () => {
  const folder = ".github/ISSUE_TEMPLATE";
  const forms = readdirSync(join(ROOT, folder)).filter((name) => name !== "config.yml");
  const texts = forms.map((name) => readFileSync(join(ROOT, folder, name), "utf8"));
  for (const text of texts) expect(parse(text)).toHaveProperty(["body", 0]);
  expect(texts.filter((text) => text.includes("doctor --json"))).not.toEqual([]);
  expect(texts.filter((text) => /inspect \w+ --json/.test(text))).not.toEqual([]);
});

test("README.md has at most 150 lines", () => {
  expect(readDocument("README.md").split("\n").length).toBeLessThanOrEqual(README_LINES + 1);
});

test("the tests find the samples of outputs and files", () => {
  const texts = DOCUMENTS.map(readDocument);
  const samples = texts.flatMap(commandsIn).filter(({ output }) => output !== undefined);
  const excerpts = texts.flatMap(fencesIn).filter(({ file }) => file !== undefined);
  expect(samples.length).toBeGreaterThan(4);
  expect(excerpts.length).toBeGreaterThan(4);
});

test("the program and package.json have the same name and version", async () => {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  expect(manifest).toMatchObject(TOOL);
});
