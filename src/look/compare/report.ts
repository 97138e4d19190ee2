/** What `compare` reports: counts by step and the first findings, as text for a terminal or as Markdown. */
import { DIODE_PLUGIN, type Status } from "../../netbox/rest/client.ts";
import type { Difference } from "../../netbox/types/field-result.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import type { Format, Line, Section, SectionItem } from "../../terminal/document.ts";
import { groupDigits } from "../../terminal/tables.ts";
import type { CompareVerdict, Judged } from "../../arrival/compare.ts";
import { shownPair } from "../../arrival/shown.ts";

export interface CompareSubject {
  /** The run folder, as the user named it. */
  readonly place: string;
  /** URL of NetBox. */
  readonly url: string;
  /** Absent: NetBox itself was asked. */
  readonly target?: ComparedTarget;
}

interface ComparedTarget {
  /** As the user named it. */
  readonly place: string;
  /** RFC 3339. */
  readonly surveyedAt: string;
}

type VerdictCounts = Readonly<Record<CompareVerdict, number>> & {
  readonly entities: number;
};

/** The same reason for several entities of a step. */
interface UnjudgedGroup {
  readonly step: StepName;
  readonly field: string | undefined;
  readonly sentence: string;
  /** The first one. */
  readonly entity: string;
  readonly count: number;
}

/** Findings of each kind that are shown; --json has all. */
const MOST_SHOWN = 30;

const NONE: VerdictCounts = { entities: 0, equal: 0, different: 0, missing: 0, unjudged: 0 };

export class CompareRecord {
  readonly subject: CompareSubject;
  status: Status | undefined;
  /** All entities were compared. */
  isComplete = false;
  /** A push would remove values in NetBox. */
  hasLoss = false;
  /** The first MOST_SHOWN of each. */
  readonly different: Judged[] = [];
  readonly missing: Judged[] = [];
  /** With more in NetBox than was sent, whatever the verdict. */
  readonly more: Judged[] = [];
  readonly #counts: Map<StepName, VerdictCounts>;
  readonly #groups = new Map<string, UnjudgedGroup>();
  readonly #notShown = { more: 0, reasons: 0 };

  constructor(subject: CompareSubject, steps: readonly StepName[]) {
    this.subject = subject;
    this.#counts = new Map(steps.map((step) => [step, NONE]));
  }

  get steps(): readonly (VerdictCounts & { readonly step: StepName })[] {
    return [...this.#counts].map(([step, counts]) => ({ step, ...counts }));
  }

  get totals(): VerdictCounts {
    return [...this.#counts.values()].reduce(sum, NONE);
  }

  get unjudged(): readonly UnjudgedGroup[] {
    return [...this.#groups.values()];
  }

  /** How many entities with more in NetBox, and how many reasons, are beyond MOST_SHOWN. */
  get notShown(): { readonly more: number; readonly reasons: number } {
    return this.#notShown;
  }

  add(judged: Judged): void {
    const { step, verdict } = judged;
    const counts = this.#counts.get(step) ?? NONE;
    this.#counts.set(step, sum(counts, { ...NONE, entities: 1, [verdict]: 1 }));
    if (verdict === "different") keep(this.different, judged);
    this.hasLoss ||= judged.differences.some(({ lost }) => lost !== undefined);
    if (verdict === "missing") keep(this.missing, judged);
    if (judged.more.length > 0 && !keep(this.more, judged)) this.#notShown.more += 1;
    this.#group(judged);
  }

  #group({ step, entity, unjudged }: Judged): void {
    for (const { field, sentence } of unjudged) {
      const key = JSON.stringify([step, field, sentence]);
      const group = this.#groups.get(key) ?? { step, field, sentence, entity, count: 0 };
      if (group.count > 0 || this.#groups.size < MOST_SHOWN) {
        this.#groups.set(key, { ...group, count: group.count + 1 });
      } else this.#notShown.reasons += 1;
    }
  }
}

/** @returns whether it was kept. */
function keep(kept: Judged[], judged: Judged): boolean {
  return kept.length < MOST_SHOWN && kept.push(judged) > 0;
}

function sum(a: VerdictCounts, b: VerdictCounts): VerdictCounts {
  return {
    entities: a.entities + b.entities,
    equal: a.equal + b.equal,
    different: a.different + b.different,
    missing: a.missing + b.missing,
    unjudged: a.unjudged + b.unjudged,
  };
}

/** TABLE: the columns of the counts. */
const COLUMNS = {
  step: "Step",
  entities: "Entities",
  equal: "Equal",
  different: "Different",
  missing: "Missing",
  unjudged: "Not judged",
} as const;

/** `isVerbose`: with what NetBox has beyond what was sent. */
export function compareText(record: CompareRecord, format: Format, isVerbose: boolean): string {
  const { steps } = record;
  const columns = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
  return [
    format.heading(titleOf(record)),
    format.paragraph(headlineOf(record, format.quote)),
    format.table(
      Object.values(COLUMNS),
      steps.map((counts) => columns.map((name) => counts[name])),
    ),
    ...sectionsOf(record, format.quote, isVerbose).map(format.section),
    ...adviceOf(record).map(format.paragraph),
  ].filter(Boolean).join("\n\n");
}

/** A survey may have been made before the push, to see what it will change. */
function titleOf({ totals, subject }: CompareRecord): string {
  const isAllEqual = totals.equal === totals.entities;
  if (subject.target === undefined) {
    return isAllEqual ? "Everything arrived" : "Not everything arrived";
  }
  return isAllEqual ? "The target has all of it" : "The target differs: a push would change NetBox";
}

/** "All 288 entities of snapshots/example are in NetBox 4.7.3 at https://… as they were sent" */
function headlineOf({ subject, status, totals }: CompareRecord, quote: Quote): string {
  const { entities, equal } = totals;
  const sent = `${groupDigits(entities)} entities of ${quote(subject.place)}`;
  const netbox = `NetBox ${quote(status?.version ?? "")} at ${quote(subject.url)}`;
  const as = subject.target === undefined ? "as they were sent" : "as they would be sent";
  const where = `in ${placeText(netbox, subject.target, quote)} ${as}`;
  if (equal === entities) return `All ${sent} are ${where}`;
  const { different, missing, unjudged } = totals;
  const others = Object.entries({ different, missing, "not judged": unjudged })
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${groupDigits(count)} ${word}`);
  return `Of ${sent}, ${groupDigits(equal)} are ${where}; ${others.join(", ")}`;
}

function placeText(netbox: string, target: ComparedTarget | undefined, quote: Quote): string {
  if (target === undefined) return netbox;
  return `the target ${quote(target.place)}, surveyed ${quote(target.surveyedAt)} from ${netbox},`;
}

/** Source: diode-server, ingester/component.go: it acknowledges what it writes to a queue. */
const APPLIED_LATER =
  "Diode acknowledges entities before it applies them: right after a push, wait and compare again. " +
  "NetBox shows the state of each entity under Diode → Ingestion Logs";
const NO_PLUGIN =
  `Diode's plugin (${DIODE_PLUGIN}) is not installed in this NetBox: nothing can arrive in it`;

const SURVEYED_BEFORE =
  "The target shows NetBox at the time of the survey: to see what a later push changed, survey again " +
  "or compare with --netbox";

/** Source: NetBox, extras/signals.py: values of a type that a custom field loses are deleted. */
const LOSS =
  "Diode replaces the object types of a custom field: a push removes those named above, and NetBox " +
  "deletes the values there. Before you push, move these values to another custom field, or push " +
  "without the step custom-field (--only)";

/** Why entities may not have arrived, and what a push would remove. */
function adviceOf({ totals, status, hasLoss, subject }: CompareRecord): readonly string[] {
  if (totals.different + totals.missing === 0) return [];
  const later = subject.target === undefined ? APPLIED_LATER : SURVEYED_BEFORE;
  return [
    ...(hasLoss ? [LOSS] : []),
    status?.plugin === undefined ? NO_PLUGIN : later,
  ];
}

/** Writes a text from outside so that it has no effect. */
type Quote = Format["quote"];

function sectionsOf(record: CompareRecord, quote: Quote, isVerbose: boolean): Section[] {
  const { different, missing, unjudged, more, totals, notShown } = record;
  const nameOf = ({ step, entity }: Pick<Judged, "step" | "entity">): string =>
    `${step} ${quote(entity)}`;
  const differentItem = (judged: Judged): SectionItem => ({
    text: nameOf(judged) + (judged.url === undefined ? "" : ` ${quote(judged.url)}`),
    lines: [
      ...judged.differences.map((difference): Line => [2, differenceText(difference, quote)]),
      ...judged.unjudged.map(({ field, sentence }): Line => [
        2,
        `${quote(field ?? "")} is not judged: ${quote(sentence)}`,
      ]),
    ],
  });
  const unjudgedItem = (group: UnjudgedGroup): SectionItem => {
    const { step, field, sentence, count } = group;
    const what = count === 1 ? nameOf(group) : `${groupDigits(count)} of step ${step}`;
    return { text: `${what}${field === undefined ? "" : ` ${quote(field)}`}: ${quote(sentence)}` };
  };
  const moreItems = (judged: Judged): SectionItem[] =>
    judged.more.map(({ field, values }) => ({
      text: `${nameOf(judged)} ${quote(field)}: ${quote(values.join(", "))}`,
    }));
  return [
    {
      title: "Different",
      items: different.map(differentItem),
      more: totals.different - different.length,
    },
    {
      title: "Missing",
      items: missing.map((judged) => ({ text: nameOf(judged) })),
      more: totals.missing - missing.length,
    },
    { title: "Not judged", items: unjudged.map(unjudgedItem), more: notShown.reasons },
    ...(isVerbose
      ? [{
        title: "More in NetBox than was sent (no difference)",
        items: more.flatMap(moreItems),
        more: notShown.more,
      }]
      : []),
  ];
}

/** "memory: NetBox has 4096, sent was 8192", "object_types: a push removes dcim.device" */
function differenceText({ field, netbox, sent, lost = [] }: Difference, quote: Quote): string {
  const name = quote(field);
  if (Array.isArray(netbox) && Array.isArray(sent)) {
    const lacking = sent.filter((name) => !netbox.includes(name));
    const parts = [
      lacking.length > 0 && `NetBox lacks ${quote(lacking.join(", "))}`,
      lost.length > 0 && `a push removes ${quote(lost.join(", "))}`,
    ];
    return `${name}: ${parts.filter(Boolean).join("; ")}`;
  }
  const shown = shownPair({ netbox, sent }, quote);
  return `${name}: NetBox has ${shown.netbox}, sent was ${shown.sent}`;
}
