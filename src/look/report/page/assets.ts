/** What goes into the page as it is: its style sheet and its script, from the files beside this one. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

export interface Asset {
  readonly text: string;
  /** As a Content-Security-Policy names it: 'sha256-…'. */
  readonly source: string;
}

export async function readAsset(name: "style.css" | "browser.js"): Promise<Asset> {
  const file = await readFile(new URL(name, import.meta.url), "utf8");
  // A browser turns CRLF into LF before it takes the hash.
  const text = `\n${file.replaceAll("\r\n", "\n")}`;
  return { text, source: `'sha256-${createHash("sha256").update(text).digest("base64")}'` };
}
