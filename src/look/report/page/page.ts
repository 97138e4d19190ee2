/** Puts the chapters into one self-contained HTML file that makes no network requests. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { TOOL } from "../../../base/tool.ts";
import { type AnyReportList, listData, PAGE_ROWS, Texts } from "./list.ts";
import { Html, jsonInHtml, markup } from "./markup.ts";

export interface Chapter {
  /** For links. */
  readonly id: string;
  readonly title: string;
  /** Sentence below the title. */
  readonly lead: string;
  readonly body: Html;
  readonly lists: readonly AnyReportList[];
}

export interface PageParts {
  readonly title: string;
  readonly head: Html;
  readonly chapters: readonly Chapter[];
  readonly foot: Html;
}

/** First bytes of a report, which a later one may overwrite. */
export const REPORT_MARK = `<!doctype html>\n<html lang="en" data-made-by="${TOOL.name} report">`;

export async function pageHtml({ title, head, chapters, foot }: PageParts): Promise<string> {
  const [style, script] = [await readAsset("style.css"), await readAsset("browser.js")];
  const texts = new Texts();
  const lists = chapters.flatMap((chapter) => chapter.lists);
  const data = Object.fromEntries(lists.map((list) => [list.id, listData(list, texts)]));
  const policy = [
    "default-src 'none'",
    `style-src ${style.source}`,
    `script-src ${script.source}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const page = markup`${new Html(REPORT_MARK)}
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${TOOL.name} ${TOOL.version}">
<title>${title}</title>
<style>${new Html(style.text)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header class="masthead">${head}</header>
<nav class="contents" aria-label="Chapters"><ul>${
    chapters.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)
  }</ul></nav>
<main id="main">${chapters.map(chapterHtml)}</main>
<footer>${foot}</footer>
<div id="tip" role="presentation" hidden></div>
<script type="application/json" id="data">${
    jsonInHtml({ pageRows: PAGE_ROWS, texts: texts.all, lists: data })
  }</script>
<script type="module">${new Html(script.text)}</script>
</body>
</html>
`;
  return page.toString();
}

function chapterHtml({ id, title, lead, body }: Chapter): Html {
  return markup`<section class="chapter" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2><p class="lead">${lead}</p>
${body}</section>
`;
}

interface Asset {
  readonly text: string;
  /** For the Content-Security-Policy: 'sha256-…'. */
  readonly source: string;
}

export async function readAsset(name: "style.css" | "browser.js"): Promise<Asset> {
  const file = await readFile(new URL(name, import.meta.url), "utf8");
  // Browsers convert CRLF to LF before hashing.
  const text = `\n${file.replaceAll("\r\n", "\n")}`;
  return { text, source: `'sha256-${createHash("sha256").update(text).digest("base64")}'` };
}
