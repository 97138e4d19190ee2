/** What a capture read and did not read, or would ask, for people or for scripts. */
import { ENDPOINTS } from "../../capture/endpoints.ts";
import type { PlanRow } from "../../capture/plan.ts";
import type { CaptureSummary, GapGroup } from "../../capture/summary.ts";
import { printable } from "../../kernel/log.ts";
import { TOOL } from "../../kernel/tool.ts";
import { CAUSES } from "../../snapshot/incomplete.ts";
import type { Session } from "../session.ts";
import { counted, renderTable } from "../text/tables.ts";

/** `target` is the run folder, as the user named it. */
export function printCapture(session: Session, summary: CaptureSummary, target: string): void {
  const { manifest: { source, outcome, counts }, guests, nodes, gaps } = summary;
  if (session.isJson) {
    const document = { folder: target, outcome, source, guests, nodes, counts, gaps };
    session.print(JSON.stringify(document, null, 2));
    return;
  }
  const folder = printable(target.replace(/\/+$/, ""));
  const sentence = `Captured ${counted(guests, "guest")} on ${counted(nodes, "node")}: ${
    counted(counts.answers, "answer")
  } in ${folder}, ${outcome}`;
  session.print(gaps.length === 0 ? sentence : `\n${sentence}\n\n${gapsText(gaps, folder)}\n`);
}

function gapsText(gaps: readonly GapGroup[], folder: string): string {
  const rows = gaps.map(({ cause, count, example }) =>
    [cause, count, CAUSES[cause], `${example.path}: ${example.reason}`] as const
  );
  const steps = gaps.flatMap(({ cause, whatToDo }) =>
    whatToDo.map((step, i) => [i === 0 ? cause : "", step] as const)
  );
  return [
    "Not read",
    renderTable(["Cause", "Count", "Meaning", "Such as"], rows),
    "What to do",
    renderTable(["Cause", "Step"], [...steps, [
      "then",
      `${TOOL.name} capture --resume --out ${folder}`,
    ]]),
    `${folder}/manifest.json names each path`,
  ].join("\n\n");
}

export function printPlan(session: Session, rows: readonly PlanRow[]): void {
  const asked = rows.filter(({ calls }) => calls > 0);
  const total = asked.reduce((sum, { calls }) => sum + calls, 0);
  if (session.isJson) {
    const calls = asked.map(({ endpoint, calls, isAtMost }) => ({
      endpoint,
      path: ENDPOINTS[endpoint].shown,
      calls,
      at_most: isAtMost,
    }));
    session.data(JSON.stringify({ calls, total }, null, 2));
    return;
  }
  const cells = asked.map(({ endpoint, calls, isAtMost }) =>
    [ENDPOINTS[endpoint].shown, calls, isAtMost ? "at most" : ""] as const
  );
  session.data(
    `\n${renderTable(["GET", "Calls", ""], [...cells, ["in all", total, "at most"]])}\n`,
  );
}
