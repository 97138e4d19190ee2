/** Does what the plan says, one change at a time. Each object is read again, and recorded, before it is touched. */
import { Refusal } from "../netbox/rest/client.ts";
import type { Dependent } from "../netbox/rest/dependents.ts";
import { Outdated } from "../netbox/rest/editor.ts";
import { changedFields } from "../netbox/types/field-change.ts";
import { textOf } from "../netbox/types/object-type.ts";
import type { PlanItem } from "../run-folder/tidy-plan.ts";
import type { TidyRecordWriter } from "../run-folder/tidy-record.ts";
import {
  assess,
  type AssessContext,
  type Assessment,
  deletes,
  type ItemState,
  netboxType,
  type Removal,
  stateInItem,
} from "./assess.ts";

export interface Applied {
  readonly item: PlanItem;
  /** refused: NetBox did not make the change. */
  readonly state: Exclude<ItemState, "todo"> | "done" | "refused";
  readonly because?: string;
}

export interface ApplyInput extends AssessContext {
  readonly items: readonly PlanItem[];
  readonly record: TidyRecordWriter;
  readonly signal: AbortSignal;
  /** Called after each item. */
  readonly onItem: (applied: Applied) => void;
}

/** @throws AppError "remote" when NetBox cannot be reached; what `signal` was aborted with. */
export async function applyPlan(input: ApplyInput): Promise<void> {
  let number = 0;
  const context: Context = {
    ...input,
    nextNumber() {
      number += 1;
      return number;
    },
  };
  for (const item of input.items) {
    input.signal.throwIfAborted();
    input.onItem({ item, ...await applyItem(item, context) });
  }
}

interface Context extends ApplyInput {
  /** Of a request in the record. */
  readonly nextNumber: () => number;
}

type Result = Omit<Applied, "item">;

async function applyItem(item: PlanItem, context: Context): Promise<Result> {
  const first = await assess(item, { ...context, isLeaving: movedBy(item) });
  if (first.state !== "todo") return result(first);
  try {
    for (const index of item.changes.keys()) {
      const made = await makeChange(item, index, context);
      if (made !== undefined) return made;
    }
    if (!deletes(item)) return { state: "done" };
    // What was moved away from it no longer depends on it.
    const last = item.changes.length === 0 ? first : await assess(item, context);
    if (last.removal === undefined) return result(last);
    await remove(item, last.removal, context);
    return { state: "done" };
  } catch (error) {
    if (error instanceof Outdated) return { state: "stale", because: error.message };
    if (error instanceof Refusal) return { state: "refused", because: error.message };
    throw error;
  }
}

function result({ state, because }: Assessment): Result {
  return {
    state: state === "todo" ? "done" : state,
    ...(because === undefined ? {} : { because }),
  };
}

/** Objects that the item itself moves away from the one that it deletes. */
export function movedBy(
  { changes }: Pick<PlanItem, "changes">,
): (dependent: Pick<Dependent, "path" | "object">) => boolean {
  const moved = new Set(changes.map(({ type, id }) => `${netboxType(type).path} ${id}`));
  return ({ path, object }) => moved.has(`${path} ${object.id}`);
}

/** undefined: it is made. */
async function makeChange(
  item: PlanItem,
  index: number,
  { editor, record, nextNumber }: Context,
): Promise<Result | undefined> {
  const change = item.changes[index] as PlanItem["changes"][number];
  const place = { path: netboxType(change.type).path, id: change.id };
  const version = await editor.read(place);
  const state = version && stateInItem(version.object, item, index);
  if (state === "done" || (version === undefined && change.to === null)) return undefined;
  if (version === undefined || state !== "ready") {
    return { state: "stale", because: `${change.field} was changed since it was read` };
  }
  const number = nextNumber();
  const { field, from, to } = change;
  await record.add({
    kind: "change",
    number,
    action: item.action,
    type: change.type,
    name: textOf(version.object["display"]) ?? item.name,
    before: version.object,
    change: { field, from, to },
  });
  const fields = changedFields(version.object, change);
  try {
    await editor.change(place, fields, { message: messageOf(item), etag: version.etag });
  } catch (error) {
    if (!(error instanceof Outdated)) throw error;
    // The first answer may have been lost: then the change is made.
    const now = await editor.read(place);
    if (now === undefined || stateInItem(now.object, item, index) !== "done") throw error;
  }
  await record.add({ kind: "done", number });
  return undefined;
}

async function remove(
  item: PlanItem,
  { version, dependents }: Removal,
  { editor, record, nextNumber }: Context,
): Promise<void> {
  const number = nextNumber();
  const place = { path: netboxType(item.type).path, id: item.id };
  await record.add({
    kind: "remove",
    number,
    action: item.action,
    type: item.type,
    name: item.name,
    before: version.object,
    ...(item.into === undefined ? {} : { into: item.into }),
    with: dependents.filter(({ effect }) => effect === "goes")
      .map(({ path, object }) => ({ path, object })),
    clears: dependents.flatMap(({ path, object: { id }, effect }) =>
      typeof effect === "object" ? [{ path, id, field: effect.clears }] : []
    ),
  });
  await editor.remove(place, { message: messageOf(item), etag: version.etag });
  await record.add({ kind: "done", number });
}

function messageOf({ action, why }: PlanItem): string {
  return `proxmox-diode tidy, ${action}: ${why}`;
}
