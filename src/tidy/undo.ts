/**
 * Takes back what a record of `tidy --apply` says, the last change first. What was deleted is created again with a
 * new id; what people changed meanwhile stays as it is.
 */
import { type NetBox, Refusal } from "../netbox/rest/client.ts";
import { type Editor, Outdated } from "../netbox/rest/editor.ts";
import { changedFields, type ChangeOfField, changeState } from "../netbox/types/field-change.ts";
import type { NetBoxObject } from "../netbox/types/object-type.ts";
import {
  hasIdentity,
  identityQuery,
  type NewId,
  type RecordedObject,
  referencedId,
  renewed,
  writableFields,
} from "../netbox/types/writable.ts";
import type { ChangeLine, RemoveLine, TidyRecord, UndoneLine } from "../run-folder/tidy-record.ts";
import { netboxType } from "./assess.ts";

export interface Undone {
  readonly line: ChangeLine | RemoveLine;
  /**
   * already: NetBox is as it was before; skipped: someone has changed it since; refused: NetBox did not make the
   * change.
   */
  readonly state: "done" | "already" | "skipped" | "refused";
  readonly because?: string;
  /** Objects that were created again. */
  readonly ids: UndoneLine["ids"];
}

export interface UndoInput {
  readonly netbox: NetBox;
  readonly editor: Editor;
  readonly record: TidyRecord;
  /** Objects that were created again when other records were taken back. */
  readonly ids: UndoneLine["ids"];
  readonly signal: AbortSignal;
  /** Called after each change. */
  readonly onLine: (undone: Undone) => void;
}

/** The changes of a record, the last one first. */
export function undoOrder({ lines }: TidyRecord): readonly (ChangeLine | RemoveLine)[] {
  return lines.filter((line) => line.kind === "change" || line.kind === "remove").toReversed();
}

/** @throws AppError "remote" when NetBox cannot be reached; what `signal` was aborted with. */
export async function undo(input: UndoInput): Promise<void> {
  const { record, signal, onLine } = input;
  const undone = record.lines.filter((line) => line.kind === "undone");
  const numbers = new Set(undone.map(({ number }) => number));
  const known = new Map(
    [...input.ids, ...undone.flatMap(({ ids }) => ids)]
      .map((each) => [keyOf(each.path, each.old), each.new]),
  );
  // What was created again may have been deleted and created again since.
  const newId: NewId = ({ path, id }) => {
    let latest = id;
    for (let next = known.get(keyOf(path, id)); next !== undefined && next !== latest;) {
      latest = next;
      next = known.get(keyOf(path, latest));
    }
    return latest;
  };
  for (const line of undoOrder(record)) {
    signal.throwIfAborted();
    if (numbers.has(line.number)) {
      onLine({ line, state: "already", ids: [] });
      continue;
    }
    const ids: UndoneLine["ids"] = [];
    const onCreated = (created: UndoneLine["ids"][number]): void => {
      ids.push(created);
      known.set(keyOf(created.path, created.old), created.new);
    };
    const context = { ...input, newId, onCreated };
    // After an answer was lost, the version is outdated by the change itself.
    const result = await undoLine(line, context) ?? await undoLine(line, context) ?? OUTDATED;
    if (result.state === "done") await record.add({ kind: "undone", number: line.number, ids });
    onLine({ line, ids, ...result });
  }
}

function keyOf(path: string, id: number): string {
  return `${path} ${id}`;
}

interface Context extends UndoInput {
  readonly newId: NewId;
  readonly onCreated: (created: UndoneLine["ids"][number]) => void;
}

type Result = Omit<Undone, "line" | "ids">;

const OUTDATED: Result = { state: "skipped", because: "it was changed while it was read" };

/** undefined: the object was changed since it was read. */
async function undoLine(
  line: ChangeLine | RemoveLine,
  context: Context,
): Promise<Result | undefined> {
  try {
    return line.kind === "change"
      ? await undoChange(line, context)
      : await undoRemoval(line, context);
  } catch (error) {
    if (error instanceof Outdated) return undefined;
    if (error instanceof Refusal) return { state: "refused", because: error.message };
    throw error;
  }
}

async function undoChange(
  { type, before, change: { field, from, to } }: ChangeLine,
  { editor, newId }: Context,
): Promise<Result> {
  const { path } = netboxType(type);
  const place = { path, id: newId({ path, id: before.id }) };
  const version = await editor.read(place);
  if (version === undefined) return { state: "skipped", because: "NetBox no longer has it" };
  const back: ChangeOfField = {
    field,
    from: renewed({ path, field, value: to }, newId),
    to: renewed({ path, field, value: from }, newId),
  };
  const state = changeState(version.object, back);
  if (state === "done") return { state: "already" };
  if (state === "other") return { state: "skipped", because: `its ${field} was changed since` };
  const fields = changedFields(version.object, back);
  await editor.change(place, fields, { message: MESSAGE, etag: version.etag });
  return { state: "done" };
}

const MESSAGE = "proxmox-diode tidy --undo";

async function undoRemoval(line: RemoveLine, context: Context): Promise<Result> {
  const { editor } = context;
  const { path } = netboxType(line.type);
  const id = context.newId({ path, id: line.before.id });
  if (await editor.read({ path, id }) !== undefined) return { state: "already" };
  const { object, isNew } = await createAgain({ path, object: line.before }, line.into, context);
  for (const recorded of line.with) await createAgain(recorded, undefined, context);
  const fields = LATER_FIELDS.flatMap((field) => {
    const id = referencedId(line.before, field);
    const referenced = id === undefined
      ? undefined
      : renewed({ path, field, value: id }, context.newId);
    return referenced === undefined || referenced === id ? [] : [[field, referenced] as const];
  });
  if (fields.length > 0) {
    await editor.change({ path, id: object.id }, Object.fromEntries(fields), { message: MESSAGE });
  }
  for (const cleared of line.clears) await fill(cleared, object.id, context);
  return isNew
    ? { state: "done" }
    : { state: "done", because: "it existed again; its fields were left as they are" };
}

/** Fields of a new object that name parts of it, which exist only after it. */
const LATER_FIELDS = ["primary_mac_address"] as const;

/** `twin`: an object with the same natural key, which it was joined with. */
async function createAgain(
  recorded: RecordedObject,
  twin: number | undefined,
  { netbox, editor, newId, onCreated }: Context,
): Promise<{ readonly object: NetBoxObject; readonly isNew: boolean }> {
  const { path, object: { id: old } } = recorded;
  const fields = writableFields(recorded, newId);
  const find = async (): Promise<NetBoxObject | undefined> => {
    for await (const objects of netbox.list(path, identityQuery(path, fields))) {
      const found = objects.find((each) => each.id !== twin && hasIdentity(each, fields));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const created = await editor.create(path, fields, { message: MESSAGE, find });
  onCreated({ path, old, new: created.object.id });
  return created;
}

/** NetBox emptied the field when it deleted the object; another value is someone else's. */
async function fill(
  { path, id, field }: RemoveLine["clears"][number],
  to: number,
  { editor, newId }: Context,
): Promise<void> {
  const place = { path, id: newId({ path, id }) };
  const version = await editor.read(place);
  if (version === undefined || referencedId(version.object, field) !== undefined) return;
  await editor.change(place, { [field]: to }, { message: MESSAGE, etag: version.etag });
}
