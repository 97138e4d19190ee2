/** Checks before the first change: how much a plan deletes, and whether the token may do all of it. */
import pMap from "p-map";
import { AppError, usageError } from "../base/errors.ts";
import { type NetBox, Refusal } from "../netbox/rest/client.ts";
import type { Editor, WriteAction } from "../netbox/rest/editor.ts";
import { permissionOf } from "../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../netbox/types/surveyed.ts";
import { NETBOX_MAC_ADDRESS } from "../netbox/types/writable.ts";
import type { PlanItem } from "../run-folder/tidy-plan.ts";
import type { TidyRecordLine } from "../run-folder/tidy-record.ts";
import { deletes, netboxType } from "./assess.ts";
import { mostRemoved, type RemovalLimit } from "./settings.ts";

export interface NeededPermission {
  readonly action: WriteAction | "view";
  /** "virtualization/interfaces" */
  readonly path: string;
  /** "virtualization.change_vminterface" */
  readonly name: string;
}

interface Access {
  readonly netbox: NetBox;
  readonly editor: Editor;
  readonly url: string;
  /** Requests under way at once. */
  readonly concurrency: number;
}

function needed(
  { path, model }: { readonly path: string; readonly model: string },
  action: NeededPermission["action"],
): NeededPermission {
  const view = permissionOf({ path, model });
  return { action, path, name: view.replace(".view_", `.${action}_`) };
}

/** Of the types that the items change and delete, besides what depends on them. */
export function permissionsFor(items: readonly PlanItem[]): readonly NeededPermission[] {
  const of = (name: SurveyedName, action: WriteAction): readonly NeededPermission[] => [
    needed(netboxType(name), "view"),
    needed(netboxType(name), action),
  ];
  return distinct(
    items.filter(({ action }) => action !== "retire").flatMap((item) => [
      ...item.changes.flatMap(({ type }) => of(type, "change")),
      ...(deletes(item) ? of(item.type, "delete") : []),
    ]),
  );
}

export function permissionsToUndo(lines: readonly TidyRecordLine[]): readonly NeededPermission[] {
  const typeAt = (path: string) => SURVEYED.find(({ type }) => type.path === path)?.type;
  return distinct(lines.flatMap((line) => {
    if (line.kind === "change") {
      return (["view", "change"] as const).map((action) => needed(netboxType(line.type), action));
    }
    if (line.kind !== "remove") return [];
    const changed = [
      ...line.clears.map(({ path }) => typeAt(path)).filter((type) => type !== undefined),
      ...(line.with.length > 0 ? [netboxType(line.type)] : []),
    ];
    return [
      ...(["view", "add"] as const).map((action) => needed(netboxType(line.type), action)),
      ...changed.map((type) => needed(type, "change")),
      ...(line.with.length > 0
        ? (["view", "add"] as const).map((action) => needed(NETBOX_MAC_ADDRESS, action))
        : []),
    ];
  }));
}

function distinct(permissions: readonly NeededPermission[]): readonly NeededPermission[] {
  const byName = new Map(permissions.map((each) => [each.name, each]));
  return [...byName.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** @throws AppError "remote" that lists the missing ones. */
export async function checkPermissions(
  permissions: readonly NeededPermission[],
  access: Access,
): Promise<void> {
  const granted = await pMap(permissions, (each) => isGranted(each, access), {
    concurrency: access.concurrency,
  });
  const missing = permissions.filter((_, i) => !granted[i]).map(({ name }) => name);
  if (missing.length === 0) return;
  throw new AppError(
    "remote",
    `The token lacks ${
      missing.length === 1 ? "a permission" : `${missing.length} permissions`
    } in NetBox at ${access.url}: ${missing.join(", ")}`,
    {
      hint:
        "Grant them to the user of the token in NetBox under Admin > Permissions, and check that the " +
        "token is enabled for writing; nothing was changed",
    },
  );
}

async function isGranted(
  { action, path }: NeededPermission,
  { netbox, editor }: Access,
): Promise<boolean> {
  if (action !== "view") return await editor.may(action, path);
  try {
    await netbox.page(path, [["fields", "id"]], { limit: 1, offset: 0 });
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.isDenied) return false;
    throw error;
  }
}

/** @throws AppError "usage" when the items delete more than they may. */
export function checkRemovals(
  items: readonly PlanItem[],
  { ours, limit }: { readonly ours: number; readonly limit: RemovalLimit | undefined },
): void {
  const count = items.filter(deletes).length;
  const most = mostRemoved(ours, limit);
  if (count <= most) return;
  throw usageError(
    `The plan deletes ${count} of ${ours} objects of ours, and --max-removed allows ${most}; nothing was ` +
      "changed",
    {
      hint:
        "Check the plan: a node that was not read, or another scope, may be the cause. To do it, raise " +
        `--max-removed (TIDY_MAX_REMOVED) to ${count}; --only does a part of it`,
    },
  );
}
