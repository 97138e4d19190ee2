/** What has to be done for an item of the plan in the NetBox of now, and what forbids it. */
import { type Dependent, dependentsOf } from "../netbox/rest/dependents.ts";
import { type NetBox, Refusal, refusalText } from "../netbox/rest/client.ts";
import type { Editor, ObjectVersion } from "../netbox/rest/editor.ts";
import { type ChangeOfField, changeState, unexpectedPath } from "../netbox/types/field-change.ts";
import {
  defaultValues,
  FILLED_IN_MAC_FIELDS,
  filledIn,
  filledInCustomFields,
  filledInFields,
} from "../netbox/types/filled-in.ts";
import { type NetBoxObject, type ObjectType, partOf, textOf } from "../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../netbox/types/surveyed.ts";
import type { PlanItem } from "../run-folder/tidy-plan.ts";

/**
 * todo; already: NetBox is as the item wants it; stale: the object is not what the plan saw; kept: something of
 * people's depends on it; diode: `push` does it.
 */
export type ItemState = "todo" | "already" | "stale" | "kept" | "diode";

export interface Assessment {
  readonly state: ItemState;
  /** A sentence without a full stop; absent for `todo` and `already`. */
  readonly because?: string;
  /** Of `todo` for an item that deletes: what is deleted. */
  readonly removal?: Removal;
}

export interface Removal {
  readonly version: ObjectVersion;
  readonly dependents: readonly Dependent[];
}

export interface AssessContext {
  readonly netbox: NetBox;
  readonly editor: Editor;
  /** URL of NetBox. */
  readonly url: string;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** All custom fields of NetBox, as far as the token may view them. */
  readonly customFields: readonly NetBoxObject[];
  /** Does an earlier item of the plan delete it, or change it so that it does not depend on the object? */
  readonly isLeaving?: (dependent: Pick<Dependent, "path" | "object">) => boolean;
}

const TYPES = new Map(SURVEYED.map(({ name, type }) => [name, type]));

export function netboxType(name: SurveyedName): ObjectType<never> {
  return TYPES.get(name) as ObjectType<never>;
}

export function deletes({ action }: Pick<PlanItem, "action">): boolean {
  return action === "remove" || action === "join";
}

/** @throws AppError "remote". */
export async function assess(item: PlanItem, context: AssessContext): Promise<Assessment> {
  if (item.action === "retire") {
    return { state: "diode", because: `push sets its status to ${item.status ?? "GONE_STATUS"}` };
  }
  try {
    return await assessInNetBox(item, context);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { state: "kept", because: refusalText(netboxType(item.type), error) };
  }
}

async function assessInNetBox(item: PlanItem, context: AssessContext): Promise<Assessment> {
  const { editor } = context;
  const version = await editor.read({ path: netboxType(item.type).path, id: item.id });
  if (version === undefined) {
    return deletes(item) || item.changes.every(isGivenUp)
      ? { state: "already" }
      : { state: "stale", because: "NetBox no longer has it" };
  }
  const states = await changeStates(item, context, version.object);
  const other = states.find(({ state }) => state === "other" || state === "gone");
  if (other !== undefined) return { state: "stale", because: other.because };
  const isChanged = states.every(({ state }) => state === "done");
  if (isChanged && !deletes(item)) return { state: "already" };
  const path = unexpectedPath(version.object, withoutChanged(item));
  if (path !== undefined) {
    return { state: "stale", because: `its ${path} is not what the plan saw` };
  }
  if (!deletes(item)) return { state: "todo" };
  if (item.into !== undefined && !await isThere(item, item.into, context)) {
    return { state: "stale", because: "NetBox no longer has the object that it is joined with" };
  }
  return await assessRemoval(item, version, context);
}

/** What the item itself changes is checked with its changes. */
function withoutChanged({ seen, changes, type, id }: PlanItem): PlanItem["seen"] {
  const own = changes.filter((change) => change.type === type && change.id === id);
  const isChanged = (path: string): boolean =>
    own.some(({ field }) => field !== "tags" && path.split(".")[0] === field);
  return Object.fromEntries(Object.entries(seen).filter(([path]) => !isChanged(path)));
}

interface StateOfChange {
  readonly state: ReturnType<typeof changeState> | "gone";
  readonly because: string;
}

async function changeStates(
  item: PlanItem,
  { editor }: AssessContext,
  own: NetBoxObject,
): Promise<readonly StateOfChange[]> {
  const objects = new Map([[`${item.type} ${item.id}`, own]]);
  const states: StateOfChange[] = [];
  for (const [i, change] of item.changes.entries()) {
    const key = `${change.type} ${change.id}`;
    const object = objects.get(key) ??
      (await editor.read({ path: netboxType(change.type).path, id: change.id }))?.object;
    if (object === undefined) {
      if (isGivenUp(change)) continue;
      states.push({ state: "gone", because: `NetBox no longer has ${key}` });
      continue;
    }
    objects.set(key, object);
    states.push({
      state: stateInItem(object, item, i),
      because: `${change.field} of ${key} is not what the plan saw`,
    });
  }
  return states;
}

/** What no longer has the value has given it up, whatever it has instead. */
function isGivenUp({ to }: ChangeOfField): boolean {
  return to === null;
}

/** A field that is changed several times may have got a later value already. */
export function stateInItem(
  object: NetBoxObject,
  { changes }: Pick<PlanItem, "changes">,
  index: number,
): ReturnType<typeof changeState> {
  const change = changes[index] as PlanItem["changes"][number];
  const same = (other: PlanItem["changes"][number]): boolean =>
    other.type === change.type && other.id === change.id && other.field === change.field;
  const state = changeState(object, change);
  if (state !== "other") return state;
  if (isGivenUp(change)) return "done";
  const later: readonly ChangeOfField[] = changes.slice(index + 1).filter(same);
  // It can also be before an earlier change, which has not been made yet.
  const earlier: readonly ChangeOfField[] = changes.slice(0, index).filter(same);
  if (later.some((each) => changeState(object, each) === "done")) return "done";
  return earlier.some((each) => changeState(object, each) === "ready") ? "ready" : "other";
}

async function isThere(
  { type }: PlanItem,
  id: number,
  { editor }: AssessContext,
): Promise<boolean> {
  return await editor.read({ path: netboxType(type).path, id }) !== undefined;
}

async function assessRemoval(
  { type, id, seen, sent = [] }: PlanItem,
  version: ObjectVersion,
  context: AssessContext,
): Promise<Assessment> {
  const { netbox, customFields, isLeaving = () => false } = context;
  const defaults = defaultValues(customFields);
  const fields = filledIn(type, version.object, defaults).filter((field) => !sent.includes(field));
  const { dependents, unknown } = await dependentsOf(netbox, { type, id }, context);
  const tags = Array.isArray(seen["tags"]) ? seen["tags"] : [];
  const keeping = dependents.filter((each) => keeps(each, tags, defaults) && !isLeaving(each));
  const reasons = [
    ...(fields.length === 0 ? [] : [`people filled in ${filledInText(fields, version, context)}`]),
    ...dependentTexts(keeping, context.url),
    ...unknown,
  ];
  if (reasons.length > 0) return { state: "kept", because: reasons.join("; ") };
  return { state: "todo", removal: { version, dependents } };
}

/** "description, cable (https://netbox.example.net/dcim/cables/7/)" */
function filledInText(
  fields: readonly string[],
  { object }: ObjectVersion,
  { url }: AssessContext,
): string {
  return fields.map((field) => {
    const [, path] = /\/api\/(.*)$/.exec(String(partOf(object, field, "url") ?? "")) ?? [];
    return path === undefined ? field : `${field} (${url}/${path})`;
  }).join(", ");
}

/** `tags`: those of the object, by which what is ours is known. */
function keeps(
  { object, effect }: Dependent,
  tags: readonly string[],
  defaults: ReadonlyMap<string, unknown>,
): boolean {
  if (effect === undefined) return true;
  if (effect !== "goes") {
    return tags.length === 0 || unexpectedPath(object, { tags }) !== undefined;
  }
  return filledInFields(object, FILLED_IN_MAC_FIELDS).length > 0 ||
    filledInCustomFields(object, defaults).length > 0;
}

const MOST_NAMED = 3;

function dependentTexts(dependents: readonly Dependent[], url: string): readonly string[] {
  return [...Map.groupBy(dependents, ({ plural }) => plural)].map(([plural, same]) => {
    const named = same.slice(0, MOST_NAMED).map(({ path, object }) =>
      `${
        textOf(object["display"]) ?? textOf(object["name"]) ?? object.id
      } (${url}/${path}/${object.id}/)`
    );
    const more = same.length - named.length;
    return `${plural} depend on it: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  });
}
