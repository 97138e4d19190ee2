/** The Markdown files of the repository: links, headings, fenced blocks and the commands in them. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./golden.ts";

/** Relative to the root. */
export const DOCUMENTS: readonly string[] = [
  ...globSync("*.md", { cwd: ROOT }),
  ...globSync(".github/**/*.md", { cwd: ROOT }),
  ...globSync("src/**/*.md", { cwd: ROOT }),
  ...globSync("test/**/*.md", { cwd: ROOT, exclude: ["test/.cache/**"] }),
].map((path) => path.replaceAll("\\", "/")).sort();

export interface Fence {
  readonly language: string;
  /** `text snapshots/example/manifest.json`: the text is an excerpt of that file. */
  readonly file: string | undefined;
  readonly lines: readonly string[];
}

export interface ShownCommand {
  /** Without the name of the program. */
  readonly words: readonly string[];
  /** Of a console block: the lines that follow. undefined: the document does not show the output. */
  readonly output: readonly string[] | undefined;
}

const FENCE_REGEXP = /^( *)```(\w*)(?: ([^\n]+))?\n([\s\S]*?)^\1```$/gm;
const CODE_REGEXP = /`([^`\n]+)`/g;
const COMMAND_REGEXP = /(?:^|[\s(])(?:npx )?proxmox-diode ([^)>|#\n]+)/;
const LINK_REGEXP = /!?\[[^\]]*\]\(([^)\s]+)\)/g;
const WORD_REGEXP = /'[^']*'|"[^"]*"|\S+/g;
const SHELL = new Set(["sh", "console", "yaml"]);
/** Any lines of an output or a file. */
export const ELLIPSIS = "…";

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export function fencesIn(text: string): Fence[] {
  return [...text.matchAll(FENCE_REGEXP)].map((
    [, indent = "", language = "", file, body = ""],
  ) => ({
    language,
    file,
    lines: body.split("\n").slice(0, -1).map((line) => line.slice(indent.length)),
  }));
}

/** Text outside of fenced blocks. */
function proseOf(text: string): string {
  return text.replace(FENCE_REGEXP, "");
}

/** The code spans of the running text. */
export function codeIn(text: string): string[] {
  return [...proseOf(text).matchAll(CODE_REGEXP)].map(([, code = ""]) => code);
}

/** Targets of links and pictures. */
export function linksIn(text: string): string[] {
  const prose = proseOf(text).replace(CODE_REGEXP, "code");
  return [...prose.matchAll(LINK_REGEXP)].map(([, target = ""]) => target);
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsIn(text: string): string[] {
  const headings = [...proseOf(text).matchAll(/^#{1,6} (.+)$/gm)];
  return headings.map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-")
  );
}

/** In the order of the document: those in fenced blocks, and those in code spans of its text. */
export function commandsIn(text: string): ShownCommand[] {
  const commands: ShownCommand[] = [];
  for (const part of text.split(/(^ *```[\s\S]*?^ *```$)/m)) {
    const [fence] = fencesIn(part);
    if (fence === undefined) {
      for (const code of codeIn(part)) {
        if (!code.includes("<command>")) commands.push(...commandIn(code));
      }
    } else if (SHELL.has(fence.language)) {
      commands.push(
        ...fence.language === "console" ? sessionIn(fence) : fence.lines.flatMap(commandIn),
      );
    }
  }
  return commands;
}

function commandIn(line: string): ShownCommand[] {
  const shown = COMMAND_REGEXP.exec(line)?.[1];
  return shown === undefined ? [] : [{ words: wordsOf(shown), output: undefined }];
}

/** `$ command` and what it prints. */
function sessionIn({ lines }: Fence): ShownCommand[] {
  const starts = lines.flatMap((line, index) => line.startsWith("$ ") ? [index] : []);
  return starts.flatMap((start, nth) => {
    const output = lines.slice(start + 1, starts[nth + 1] ?? lines.length);
    return commandIn(lines[start] ?? "").map(({ words }) => ({ words, output }));
  });
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(WORD_REGEXP)].map(([word]) => word.replace(/^(['"])(.*)\1$/, "$2"));
}

/**
 * The first line of the part of `shown` that `actual` does not have in this order; undefined: it has
 * all of it. A line "…" matches any lines, and "…" within a line any characters.
 */
export function firstDifference(
  shown: readonly string[],
  actual: readonly string[],
): string | undefined {
  const parts: string[][] = [[]];
  for (const line of shown) {
    if (line.trim() === ELLIPSIS) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  let from = 0;
  for (const [nth, part] of parts.entries()) {
    const last = actual.length - part.length;
    const isEnd = nth === parts.length - 1;
    const places = nth === 0 ? [0] : isEnd ? [last] : range(from, last);
    const at = places.find((place) => part.every((line, i) => matches(line, actual[place + i])));
    if (at === undefined || at < from || (isEnd && at !== last)) {
      return part.find((line, i) => !matches(line, actual[from + i])) ?? ELLIPSIS;
    }
    from = at + part.length;
  }
  return undefined;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => from + index);
}

function matches(shown: string, actual: string | undefined): boolean {
  if (actual === undefined) return false;
  const parts = shown.trimEnd().split(ELLIPSIS);
  if (parts.length === 1) return parts[0] === actual.trimEnd();
  let rest = actual.trimEnd();
  if (!rest.startsWith(parts[0] ?? "")) return false;
  for (const part of parts) {
    const at = rest.indexOf(part);
    if (at === -1) return false;
    rest = rest.slice(at + part.length);
  }
  return parts.at(-1) === "" || rest === "";
}
