/** verify <run>: checks a run folder and lists what is wrong in it. */
import { printable, printableJson } from "../../base/log.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { counted, groupDigits, renderTable } from "../../terminal/tables.ts";
import type { Check, Finding } from "./findings.ts";
import { type Verification, verify } from "./verify.ts";

export async function runVerify(session: Session): Promise<void> {
  const store = await openRunFolder(session);
  const verification = await verify(store);
  const isRight = verification.findings.length === 0;
  if (!isRight) session.exitWith("input");
  session.print(
    session.isJson
      ? printableJson({ folder: store.place, ok: isRight, ...verification }, 2)
      : `\n${verificationText(store.place, verification)}\n`,
  );
}

function verificationText(place: string, verification: Verification): string {
  const { parts, findings, counts, unchecked } = verification;
  const rows = findings.map((finding) => [finding.check, placeOf(finding), finding.sentence]);
  return [
    renderTable(
      ["Part", "State", "Contents"],
      parts.map(({ name, state, holds }) => [name, state, holds]),
    ),
    headline(place, counts),
    ...(rows.length === 0 ? [] : [renderTable(["Check", "Location", "Problem"], rows)]),
    ...moreText(findings, counts),
    ...(unchecked.length === 0 ? [] : [`Not checked:\n${unchecked.map(bullet).join("\n")}`]),
  ].join("\n\n");
}

type CheckCounts = Readonly<Partial<Record<Check, number>>>;

function headline(place: string, counts: CheckCounts): string {
  const found = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return found === 0
    ? `No problems found in ${printable(place)}`
    : `Found ${counted(found, "problem")} in ${printable(place)}`;
}

function placeOf({ file, line, field }: Finding): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return field === undefined ? place : `${place} ${field}`;
}

/** The findings beyond the limit per check, as counts. */
function moreText(findings: readonly Finding[], counts: CheckCounts): string[] {
  const more = Object.entries(counts).flatMap(([check, count]) => {
    const rest = count - findings.filter((finding) => finding.check === check).length;
    return rest > 0 ? [`${groupDigits(rest)} of ${check}`] : [];
  });
  return more.length === 0 ? [] : [`Not listed: ${more.join(", ")}`];
}

function bullet(sentence: string): string {
  return `  ${printable(sentence)}`;
}
