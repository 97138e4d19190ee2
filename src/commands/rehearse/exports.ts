/** Settings as lines for a shell, which whoever rehearses copies or evaluates. */

/** A variable that is undefined has no line. */
export function exportLines(variables: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => value === undefined ? [] : [`export ${name}=${quoted(value)}`])
    .join("\n");
}

function quoted(text: string): string {
  return /^[\w@.:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
