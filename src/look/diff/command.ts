/** diff <a> <b>: lists the changes between two run folders as text, JSON or Markdown. */
import { inputError, usageError } from "../../base/errors.ts";
import { printable, printableJson } from "../../base/log.ts";
import { openEntities } from "../../run-folder/entity-set.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Store } from "../../run-folder/store/store.ts";
import {
  type Format,
  markdownFormat,
  type Section,
  type SectionItem,
  terminalFormat,
} from "../../terminal/document.ts";
import type { Session } from "../../terminal/session.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { diffEntities } from "./diff-entities.ts";
import { diffSnapshots } from "./diff-snapshots.ts";
import {
  type ChangedSubject,
  type DiffSubject,
  isDifferent,
  type RunDifferences,
  type UnreadSubject,
} from "./differences.ts";

/** Eight sections have to fit into a comment. */
const MARKDOWN = markdownFormat({ mostChars: 7000, isFolded: false });

export async function runDiff(session: Session): Promise<void> {
  const [a, b] = session.operands;
  if (a === undefined || b === undefined) {
    throw usageError("Missing argument: two run folders, the earlier one first", {
      hint: "For example: diff snapshots/yesterday snapshots/today",
    });
  }
  if (session.isJson && session.isOn("markdown")) {
    throw usageError("--json and --markdown exclude each other", { hint: "Give one of them" });
  }
  const stores = [await session.openStore(a), await session.openStore(b)] as const;
  const compared = await compareHalves(session, stores);
  const result = { a: stores[0].place, b: stores[1].place, compared };
  const isAny = compared.some(({ differences }) => isDifferent(differences));
  if (session.isJson) {
    const halves = compared.map(({ half, differences }) => [half, halfJson(differences)]);
    const json = { a: result.a, b: result.b, is_different: isAny, ...Object.fromEntries(halves) };
    session.print(printableJson(json, 2));
  } else if (session.isOn("markdown")) session.print(diffText(result, MARKDOWN));
  else session.print(`\n${diffText(result, terminalFormat())}\n`);
  if (isAny && session.isOn("exit-code")) session.exitWith("differences");
}

function halfJson({ added, changed, gone, unread, unreadBefore }: RunDifferences): object {
  return { added, changed, gone, not_readable: unread, not_readable_in_a: unreadBefore };
}

/** TABLE: the halves of a run folder, and how to compare them. */
const HALVES = {
  snapshot: {
    title: "Inventory of Proxmox VE",
    isIn: (key: string) => key === "manifest.json" || /^(?:pve\/|capture\.journal$)/.test(key),
    diff: async (a: Store, b: Store) => diffSnapshots(await openSnapshot(a), await openSnapshot(b)),
  },
  entities: {
    title: "Entities for NetBox",
    isIn: (key: string) => key.startsWith("netbox/"),
    diff: async (a: Store, b: Store) => diffEntities(await openEntities(a), await openEntities(b)),
  },
} as const;

type Half = keyof typeof HALVES;

const NAMES = Object.keys(HALVES) as Half[];

export interface Compared {
  readonly half: Half;
  readonly title: string;
  readonly differences: RunDifferences;
}

/** The halves that the options select, or else those in both folders. The earlier folder comes first. */
export async function compareHalves(
  session: Session,
  stores: readonly [Store, Store],
): Promise<Compared[]> {
  const compared: Compared[] = [];
  for (const half of await chooseHalves(session, stores)) {
    const { title, diff } = HALVES[half];
    compared.push({ half, title, differences: await diff(...stores) });
  }
  return compared;
}

async function chooseHalves(
  session: Session,
  [a, b]: readonly [Store, Store],
): Promise<readonly Half[]> {
  const selected = NAMES.filter((half) => session.isOn(half));
  if (selected.length > 0) return selected;
  const [inA, inB] = [await halvesIn(a), await halvesIn(b)];
  const shared = NAMES.filter((half) => inA.includes(half) && inB.includes(half));
  if (shared.length === 0) {
    throw inputError(
      `Nothing to compare: ${a.place} contains ${listed(inA)}, ${b.place} ${listed(inB)}`,
      { hint: "Give two run folders of capture, simulate or transform" },
    );
  }
  for (const half of NAMES.filter((each) => inA.includes(each) !== inB.includes(each))) {
    const lacking = inA.includes(half) ? b : a;
    session.log.warn(`Skipped ${half}: ${printable(lacking.place)} contains none`);
  }
  return shared;
}

async function halvesIn(store: Store): Promise<readonly Half[]> {
  const keys = await store.keys();
  return NAMES.filter((half) => keys.some(HALVES[half].isIn));
}

function listed(halves: readonly Half[]): string {
  return halves.length === 0 ? "neither a snapshot nor entities" : halves.join(" and ");
}

export interface DiffResult {
  /** As given by the user. */
  readonly a: string;
  readonly b: string;
  readonly compared: readonly Pick<Compared, "title" | "differences">[];
}

export function diffText({ a, b, compared }: DiffResult, format: Format): string {
  const { quote } = format;
  const blocks = compared.flatMap(({ title, differences }) => [
    format.heading(`${title}: ${countsText(differences)}`, 2),
    ...sectionsOf(differences, format).map(format.section),
  ]);
  return [format.heading(`a is ${quote(a)}, b is ${quote(b)}`), ...blocks].filter(Boolean)
    .join("\n\n");
}

function sectionsOf(
  { added, changed, gone, unread }: RunDifferences,
  { quote, change }: Format,
): Section[] {
  const named = (subjects: readonly DiffSubject[]): SectionItem[] =>
    subjects.map((subject) => ({ text: subjectText(subject, quote) }));
  const side = (value: string | undefined): string => value === undefined ? "(none)" : quote(value);
  return [
    { title: "Added", items: named(added) },
    {
      title: "Changed",
      items: changed.map((each) => ({
        text: changedText(each, quote),
        lines: each.fields.flatMap(({ field, before, after }) =>
          change(quote(field), side(before), side(after))
        ),
      })),
    },
    { title: "Gone", items: named(gone) },
    {
      title: "Not readable in b: these are not gone",
      items: unread.map((each) => ({
        text: unreadText(each, quote),
        reason: each.reason + (each.detail === "" ? "" : `, ${quote(each.detail)}`),
      })),
    },
  ];
}

/** "2 added, 3 changed (1 renamed, 1 moved), 1 gone, 4 not readable in b" */
function countsText({ added, changed, gone, unread, unreadBefore }: RunDifferences): string {
  const kinds = [
    counted(changed.filter(({ renamed }) => renamed).length, "renamed"),
    counted(changed.filter(({ moved }) => moved).length, "moved"),
  ].filter(Boolean).join(", ");
  const counts = [
    counted(added.length, "added"),
    counted(changed.length, "changed") + (kinds && ` (${kinds})`),
    counted(gone.length, "gone"),
    counted(unread.length, "not readable in b"),
  ].filter(Boolean).join(", ");
  const before = counted(unreadBefore.length, "not readable in a");
  return (counts || "No differences") +
    (before && `; ${before}: their values in b may be old or new`);
}

/** Writes a text from outside so that it has no effect. */
type Quote = Format["quote"];

/** "vm/101 web-01 on pve2" */
function subjectText({ what, name, node }: DiffSubject, quote: Quote): string {
  const words = [quote(what), name === undefined ? "" : quote(name)];
  return [...words, node === undefined ? "" : `on ${quote(node)}`].filter(Boolean).join(" ");
}

/** "vm/101 web-02, renamed from web-01, moved from pve1 to pve2" */
function changedText({ renamed, moved, ...subject }: ChangedSubject, quote: Quote): string {
  const { node: _, ...named } = subject;
  const shown = (text: string | undefined): string => text === undefined ? "nothing" : quote(text);
  return [
    subjectText(moved === undefined ? subject : named, quote),
    renamed && `renamed from ${shown(renamed.before)}`,
    moved && `moved from ${shown(moved.before)} to ${shown(moved.after)}`,
  ].filter(Boolean).join(", ");
}

/** "vm/104 db (config, agent/get-osinfo)" */
function unreadText({ parts, ...subject }: UnreadSubject, quote: Quote): string {
  const { node: _, ...named } = subject;
  const which = parts.length === 0 ? "" : ` (${parts.map(quote).join(", ")})`;
  return subjectText(named, quote) + which;
}

function counted(count: number, word: string): string {
  return count === 0 ? "" : `${groupDigits(count)} ${word}`;
}
