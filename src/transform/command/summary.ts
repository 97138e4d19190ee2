/** What a transform made and left out, as text or JSON. */
import { printable } from "../../base/log.ts";
import { STEPS } from "../../netbox/types/steps.ts";
import { ENTITIES_FOLDER, type EntitySummary } from "../../run-folder/entity-writer.ts";
import { NOTES, REASONS } from "../../run-folder/left-out.ts";
import type { Session } from "../../terminal/session.ts";
import { groupDigits, renderTable } from "../../terminal/tables.ts";

/** `target` is the run folder, as the user typed it. */
export function printSummary(session: Session, summary: EntitySummary, target: string): void {
  const folder = printable(`${target.replace(/\/+$/, "")}/${ENTITIES_FOLDER}`);
  if (session.isJson) {
    const { counts, leftOut, notes, files } = summary;
    session.print(JSON.stringify({ folder, counts, left_out: leftOut, notes, files }, null, 2));
    return;
  }
  const sections = [
    `Made ${total(summary.counts)} entities`,
    renderTable(
      ["Step", "Entities"],
      STEPS.map(({ number, name }) => [`${number} ${name}`, summary.counts[name]]),
    ),
  ];
  if (Object.keys(summary.leftOut).length > 0) {
    sections.push(
      `Left out ${total(summary.leftOut)}`,
      countTable("Reason", summary.leftOut, REASONS),
    );
  }
  if (Object.keys(summary.notes).length > 0) {
    sections.push(`Noted ${total(summary.notes)}`, countTable("Note", summary.notes, NOTES));
  }
  sections.push(
    `Files are in ${folder}; ${folder}/left-out.json names each thing that was left out`,
  );
  session.print(`\n${sections.join("\n\n")}\n`);
}

/** In the order of `meanings`; codes without a meaning, from a newer version, come last. */
export function countTable(
  head: string,
  counts: Readonly<Record<string, number>>,
  meanings: Readonly<Record<string, string>>,
): string {
  const known = Object.keys(meanings).filter((code) => Object.hasOwn(counts, code));
  const rows = [...new Set([...known, ...Object.keys(counts)])].map((code) => [
    code,
    counts[code] ?? 0,
    Object.hasOwn(meanings, code) ? meanings[code] ?? "" : "",
  ]);
  return renderTable([head, "Count", "Meaning"], rows);
}

function total(counts: Readonly<Record<string, number>>): string {
  return groupDigits(Object.values(counts).reduce((sum, count) => sum + count, 0));
}
