/**
 * Runs of a small cluster against a NetBox that a test changes, with the plan of each:
 *
 *   const first = await planned(netbox, cluster());
 *   netbox.apply(first.outcome.all);
 *   const { plan } = await planned(netbox, cluster({ guests: [] }), { since: first.set });
 */
import { TOOL } from "../../src/base/tool.ts";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { earlierSet } from "../../src/run-folder/earlier-set.ts";
import { openEntities, type TransformedSet } from "../../src/run-folder/entity-set.ts";
import { writeEntities } from "../../src/run-folder/entity-writer.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import type { MadePlan } from "../../src/run-folder/tidy-plan.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { NetBoxTarget } from "../../src/transform/target/target.ts";
import { expect } from "vitest";
import { ModelNetBox } from "./applied.ts";
import { type Outcome, transformed } from "./in-memory.ts";
import { agentRow, type Lab, lab, type LabGuest } from "./lab.ts";
import { SITE } from "./respecting.ts";
import { storeIn } from "./run-in-memory.ts";

export const NETBOX_SOURCE = {
  url: "https://netbox.example.net",
  sha256: "0".repeat(64),
  surveyed_at: "2026-10-05T09:00:00Z",
};

interface Planned {
  readonly outcome: Outcome;
  readonly plan: MadePlan;
  /** What `transform` wrote. */
  readonly set: TransformedSet;
}

/** What `transform --target --since` makes when it knows all objects of `netbox`. */
export async function planned(
  netbox: ModelNetBox,
  site: Lab | readonly Snapshot[],
  { since, elsewhere = [], settings = SITE }: {
    readonly since?: TransformedSet;
    readonly elsewhere?: readonly TransformedSet[];
    readonly settings?: SettingTexts;
  } = {},
): Promise<Planned> {
  const snapshots = Array.isArray(site) ? site as readonly Snapshot[] : [lab(site as Lab)];
  const target = new NetBoxTarget(netbox.objects(), { url: NETBOX_SOURCE.url });
  const locate = (name: string, ids: ReadonlySet<number>) =>
    Promise.resolve(
      new Map([...ids].map((id) => [id, { file: `target/${name}.jsonl`, line: id }])),
    );
  const outcome = await transformed(snapshots, settings, target, {
    source: NETBOX_SOURCE,
    since: since && earlierSet(since),
    elsewhere: elsewhere.map(earlierSet),
    locate,
  });
  const { plan } = outcome;
  if (plan === undefined) throw new Error("No plan was made");
  return { outcome, plan, set: await setOf(outcome) };
}

/** The files of an outcome, as a later run reads them. */
async function setOf({ all, leftOut, notes, plan }: Outcome): Promise<TransformedSet> {
  const store = storeIn(new Map());
  const made = all.map(({ step, entity, capturedAt }) => ({ step, entity, capturedAt }));
  await writeEntities(store, [{ made, leftOut, notes, plan }], { tool: TOOL, snapshots: [] });
  return await openEntities(store);
}

/** "rename virtual-machine web: name web → www" */
export function itemTexts({ items }: MadePlan): string[] {
  return items.map(({ action, type, name, changes }) => {
    const texts = changes.map(({ field, from, to }) => `${field} ${from} → ${to}`);
    return [`${action} ${type} ${name}`, texts.join(", ")].filter((text) => text !== "").join(": ");
  });
}

/** "remove virtual-machine web: net1 … depends on it" */
export function keptTexts({ kept }: MadePlan): string[] {
  return kept.map(({ action, type, name, because }) => `${action} ${type} ${name}: ${because}`);
}

/** Does what `tidy` does, without its questions. */
export function tidy(netbox: ModelNetBox, { items }: Pick<MadePlan, "items">): void {
  for (const { action, type, id, changes } of items) {
    for (const change of changes) {
      const row = netbox.one(change.type, (each) => each.id === change.id);
      const { field, from, to } = change;
      const value = row[field];
      if (Array.isArray(value)) {
        row[field] = value.filter((each: NetBoxObject) =>
          each["name"] !== from && each.id !== from
        );
      } else if (field === "assigned_object" && to === null) {
        Object.assign(row, { assigned_object: null, assigned_object_type: null });
      } else row[field] = to;
    }
    if (action === "remove" || action === "join") netbox.delete(type, id);
  }
  netbox.refresh();
}

/** A second guest, beside WEB. */
export const DB: LabGuest = {
  vmid: 102,
  row: { name: "db" },
  config: { net0: "virtio=BC:24:11:00:00:02,bridge=vmbr0", agent: "1", ostype: "l26" },
  osinfo: { name: "Debian GNU/Linux", "version-id": "12" },
  interfaces: [agentRow("bc:24:11:00:00:02", ["10.0.0.20/24"])],
};

/** A NetBox with a run in it, and that run as the earlier one. */
export async function filled(parts: Lab, settings: SettingTexts = SITE) {
  const netbox = new ModelNetBox();
  netbox.make("site", { name: "HQ" });
  const { outcome } = await planned(netbox, parts, { settings });
  netbox.apply(outcome.all);
  const { set } = await planned(netbox, parts, { settings });
  expect(netbox.refused).toEqual([]);
  return { netbox, since: set };
}
