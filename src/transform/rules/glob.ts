/** Globs: "*" is any text, "?" any character. No pattern takes more than its length × that of the text. */

export interface Glob {
  readonly text: string;
  /** What the text starts with, and ends with; the whole text if there is no wildcard. */
  readonly prefix: string;
  readonly suffix: string;
  readonly isExact: boolean;
  readonly matches: (text: string) => boolean;
}

export function compileGlob(text: string): Glob {
  const first = text.search(/[*?]/);
  if (first === -1) {
    return { text, prefix: text, suffix: text, isExact: true, matches: (given) => given === text };
  }
  const prefix = text.slice(0, first);
  const suffix = text.slice(Math.max(text.lastIndexOf("*"), text.lastIndexOf("?")) + 1);
  return { text, prefix, suffix, isExact: false, matches: matcherOf(text, prefix) };
}

function matcherOf(glob: string, prefix: string): Glob["matches"] {
  const [before = "", middle = "", after, ...more] = glob.split("*");
  // The usual forms, which the runtime's own functions are faster with.
  if (!glob.includes("?")) {
    if (after === undefined && middle === "") return (text) => text.startsWith(before);
    if (after === undefined && before === "") return (text) => text.endsWith(middle);
    if (more.length === 0 && before === "" && after === "") return (text) => text.includes(middle);
  }
  return (text) => text.startsWith(prefix) && matchesGlob(glob, text);
}

/** After a mismatch, the last "*" takes one character more: earlier ones never have to be tried again. */
function matchesGlob(glob: string, text: string): boolean {
  let [i, j] = [0, 0];
  /** Places after the last "*", and in the text of where to try next. */
  let [star, retry] = [-1, 0];
  while (j < text.length) {
    if (glob[i] === "*") {
      star = i += 1;
      retry = j;
    } else if (glob[i] === "?") {
      i += 1;
      // A character beyond U+FFFF is two units.
      j += (text.codePointAt(j) ?? 0) > 0xffff ? 2 : 1;
    } else if (glob[i] === text[j]) {
      i += 1;
      j += 1;
    } else if (star !== -1) {
      i = star;
      j = retry += 1;
    } else {
      return false;
    }
  }
  while (glob[i] === "*") i += 1;
  return i === glob.length;
}
