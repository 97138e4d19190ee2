/** What NetBox had when the entities were made: what is new, found, left as it is, and in conflict. */
import { STEPS } from "../../../netbox/types/steps.ts";
import type { EntityManifest } from "../../../run-folder/entity-set.ts";
import type { NoteCode, Reason } from "../../../run-folder/left-out.ts";
import type { TargetSource } from "../../../run-folder/target.ts";
import { groupDigits } from "../../../terminal/tables.ts";
import type { RunInventory } from "../../inventory.ts";
import { type Bar, barsHtml } from "../page/charts.ts";
import { figuresHtml, legendHtml } from "../page/markup.ts";
import { type Chapter, reportList } from "../page/page.ts";
import { subjectColumns } from "./left-out.ts";

/** TABLE: what became of an object that NetBox has or lacks. */
const RESULTS = {
  "new": "new: NetBox does not have it",
  "found": "found: NetBox has it, and keeps what people made of it",
  "left as it is": "left as it is: what people made in NetBox takes precedence",
  "conflict": "conflict: decide in NetBox, and run survey and transform again",
} as const;

/** TABLE: the reasons and notes about what NetBox has. */
const CODES: { readonly [Code in Reason | NoteCode]?: "left as it is" | "conflict" } = {
  "held-by-user": "left as it is",
  "keeps-name": "left as it is",
  "keeps-cluster": "left as it is",
  "ambiguous": "conflict",
  "other-kind": "conflict",
  "required-field": "conflict",
  "held-elsewhere": "conflict",
  "other-cluster": "conflict",
  "foreign-device": "conflict",
};

/** `target`: the one that the entities were made with. */
export function netboxChapter(
  target: TargetSource,
  { counts, found = {} }: Pick<EntityManifest, "counts" | "found">,
  { leftOut, notes }: RunInventory,
): Chapter {
  const all = [...leftOut.map((record) => ({ ...record, code: record.reason })), ...notes];
  const rows = all.flatMap((record) => {
    const result = CODES[record.code];
    return result === undefined ? [] : [{ ...record, result }];
  });
  const steps = STEPS.map(({ name }) => {
    const old = found[name] ?? 0;
    return { name, old, added: (counts[name] ?? 0) - old };
  }).filter(({ old, added }) => old + added > 0);
  const figures = {
    "new": sum(steps.map(({ added }) => added)),
    "found": sum(steps.map(({ old }) => old)),
    "left as it is": rows.filter(({ result }) => result === "left as it is").length,
    "conflict": rows.filter(({ result }) => result === "conflict").length,
  };
  return {
    id: "netbox",
    title: "NetBox",
    lead:
      `Compares the entities with what survey read from ${target.url} at ${target.surveyed_at}.`,
    body: [
      figuresHtml(
        Object.entries(figures).map(([word, figure]) => ({
          word,
          figure,
          mark: figure === 0 ? "none" : word,
        })),
      ),
      legendHtml(RESULTS),
      barsHtml(steps.map(stepBar)),
      reportList(
        { id: "netbox-rows", things: "records", heading: "Left as it is, and conflicts" },
        rows,
        [
          { title: "Result", kind: "status", isFilter: true, cell: ({ result }) => result },
          ...subjectColumns(rows),
          { title: "Code", isFilter: true, cell: ({ code }) => code },
          { title: "Why", cell: ({ sentence }) => sentence },
        ],
      ),
    ],
  };
}

function stepBar({ name, old, added }: { name: string; old: number; added: number }): Bar {
  const parts = [{ mark: "found", value: old }, { mark: "new", value: added }]
    .map((part) => ({ ...part, tip: `${groupDigits(part.value)} ${part.mark}` }));
  const shown = parts.filter(({ value }) => value > 0);
  return { label: name, parts, figure: shown.map(({ tip }) => tip).join(", ") };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
