/** inspect <run>: what a run folder holds; or lists of it. */
import { inputError } from "../../base/errors.ts";
import type { StepName } from "../../netbox/types/order.ts";
import { type Listing, printJsonObject, printTable } from "../../terminal/long-result.ts";
import { openRunFolder } from "../../terminal/run-folder.ts";
import type { Session } from "../../terminal/session.ts";
import type { Cell } from "../../terminal/tables.ts";
import { itemSource, openRun } from "../run.ts";
import { filterOf, FILTERS } from "./filter.ts";
import type { GuestRow } from "./guests.ts";
import { inspect } from "./inspect.ts";
import * as lists from "./lists.ts";
import { inspectionText } from "./text.ts";

export async function runInspect(session: Session): Promise<void> {
  const store = await openRunFolder(session);
  const run = await openRun(store);
  const source = itemSource(run);
  const wanted = wantedLists(session);
  if (source === undefined && wanted.length > 0) {
    throw inputError(`Found nothing in ${store.place} that is finished and could be listed`, {
      hint: "Without options, inspect tells what there is",
    });
  }
  const asked = source && { run, source, filter: filterOf(filterTexts(session)) };
  if (session.isJson) {
    const rows = asked && wanted.map((list) => [list.name, list.rows(asked)]);
    const facts = await inspect(run, source);
    await printJsonObject(session, facts, Object.fromEntries(rows ?? []));
  } else if (asked === undefined || wanted.length === 0) {
    session.data(`\n${inspectionText(await inspect(run, source))}\n`);
  } else {
    for (const list of wanted) await printList(session, list as List<unknown>, asked);
  }
}

interface List<Row> extends Listing<Row> {
  /** Its key in the JSON. */
  readonly name: string;
  readonly rows: (asked: lists.ListSource) => AsyncIterable<Row>;
}

type AnyList =
  | List<GuestRow>
  | List<lists.LeftOutRow>
  | List<lists.EntityRow>
  | List<lists.FailedRow>;

/** What the options ask for; a filter alone asks for guests. */
function wantedLists(session: Session): readonly AnyList[] {
  const step = session.option("step") as StepName | undefined;
  const leftOut = session.option("left-out");
  const found = [
    ...(session.isOn("guests") ? [GUESTS] : []),
    ...(leftOut === undefined || leftOut === "false" ? [] : [leftOutList(leftOut)]),
    ...(step === undefined ? [] : [entityList(step)]),
    ...(session.isOn("failed") ? [FAILED] : []),
  ];
  const isFiltered = Object.keys(filterTexts(session)).length > 0;
  return found.length === 0 && isFiltered ? [GUESTS] : found;
}

function filterTexts(session: Session): Record<string, string> {
  const given = Object.keys(FILTERS).flatMap((name) => {
    const text = session.option(name);
    return text === undefined ? [] : [[name, text]];
  });
  return Object.fromEntries(given) as Record<string, string>;
}

async function printList(
  session: Session,
  list: List<unknown>,
  asked: lists.ListSource,
): Promise<void> {
  session.data("");
  const count = await printTable(session, list.rows(asked), list);
  session.data(count === 0 ? "Nothing of that kind is there\n" : "");
}

const GUESTS: List<GuestRow> = {
  name: "guests",
  rows: lists.guestRows,
  head: ["VMID", "Name", "Kind", "Node", "Status", "vCPUs", "MiB", "NICs", "Disks", "Address"],
  cells: (guest) => [
    guest.vmid,
    guest.name ?? "",
    guest.kind ?? "",
    guest.node ?? "",
    guest.left_out === undefined ? guest.status ?? "" : `(${guest.left_out})`,
    guest.vcpus ?? "",
    guest.memory_mib ?? "",
    guest.nics,
    guest.disks,
    addressCell(guest),
  ],
};

function addressCell({ primary_ip4, primary_ip6, addresses }: GuestRow): Cell {
  const primary = (primary_ip4 ?? primary_ip6)?.split("/", 1)[0];
  const more = addresses - (primary === undefined ? 0 : 1);
  return [primary ?? "", more > 0 ? `+${more}` : ""].filter((part) => part !== "").join(" ");
}

function leftOutList(reason: string): List<lists.LeftOutRow> {
  return {
    name: "left_out",
    rows: (asked) => lists.leftOutRows(asked, reason === "true" ? undefined : reason),
    head: ["What", "Reason", "Why", "Answer"],
    cells: ({ what, reason, sentence, path }) => [what, reason, sentence, path],
  };
}

function entityList(step: StepName): List<lists.EntityRow> {
  return {
    name: step.replaceAll("-", "_"),
    rows: (asked) => lists.entityRows(asked, step),
    head: ["Name", "Where", "Fields"],
    cells: ({ name, file, line, entity }) => [
      name,
      file === undefined ? "" : `${file}:${line}`,
      entityText(entity),
    ],
  };
}

const FAILED: List<lists.FailedRow> = {
  name: "failed",
  rows: lists.failedRows,
  head: ["What", "Cause", "Why", "Told by"],
  cells: ({ what, reason, cause, file }) => [what, cause ?? "", reason, file],
};

/** An entity on one line, with each stub by the name that people have for it; all of it is in the JSON. */

/** { name: "net0", virtual_machine: { name: "git", … }, … } → "name=net0  virtual_machine=git  …" */
export function entityText(entity: object): string {
  return Object.entries(entity).map(([field, value]) => `${field}=${valueText(value)}`).join("  ");
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" && value !== null ? stubText(value) : String(value);
}

/** What a stub is known by is the first of its own values; a NIC or a port, by its holder too. */
function stubText(stub: object): string {
  const { virtual_machine: machine, device = machine } = stub as Readonly<Record<string, unknown>>;
  const own = Object.values(stub).find((value) => typeof value !== "object");
  if (own === undefined) return `{${entityText(stub)}}`;
  return typeof device === "object" ? `${valueText(device)}/${String(own)}` : String(own);
}
