/** Pushes with the settings of an extension, and what NetBox then has. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readEntityFiles } from "../../diode/entity-files.ts";
import { labelOf, part, pictureOf, type TypeName } from "../../judge/picture.ts";
import { allChanges } from "../../judge/respect.ts";
import type { Row } from "../../server/rest.ts";
import type { Input, Trial } from "../../trial.ts";
import type { Case } from "../case.ts";
import { expectAllEqual } from "../compare-report.ts";
import { People } from "../respect/people.ts";

/** "virtual-machine web1" → its values in NetBox, as `valueOf` writes them; null: NetBox does not have it. */
export type Values = Readonly<Record<string, Readonly<Record<string, string>> | null>>;

export interface Push extends Pick<Input, "runs" | "settings" | "policy"> {
  /** What people do before it. */
  readonly people?: (people: People) => Promise<unknown>;
  readonly has: Values;
  /** Values that differ in the case with a target. */
  readonly hasWithTarget?: Values;
  /** What left-out.json says in the case with a target. */
  readonly says?: readonly RegExp[];
}

export interface Scenario extends Pick<Case, "name" | "isForAll"> {
  readonly pushes: readonly Push[];
  /** Only with a target, or only without one; default: a case for each. */
  readonly only?: "target" | "no target";
}

/** One case without a target, and one with it. */
export function casesOf({ name, isForAll, pushes, only }: Scenario): Case[] {
  return (["no target", "target"] as const).filter((each) => only === undefined || each === only)
    .map((each) => ({
      holds: "12",
      name: each === "target" ? `${name}, with a target` : name,
      ...(isForAll && { isForAll }),
      async run(trial) {
        for (const push of pushes) await pushAndCheck(trial, push, each === "target");
      },
    }));
}

/** Everything arrives as expected, `compare` finds it, nothing exists twice, and the same again changes nothing. */
async function pushAndCheck(trial: Trial, push: Push, isWithTarget: boolean): Promise<void> {
  const transform = (work: (run: string) => Promise<void>): Promise<void> =>
    isWithTarget
      ? trial.withTarget((target) => trial.withRun({ ...inputOf(push), target }, work))
      : trial.withRun(inputOf(push), work);
  await push.people?.(new People(trial.netbox));
  await trial.netbox.clearCache();
  await transform(async (run) => {
    const said = await readFile(join(run, "netbox/left-out.json"), "utf8");
    const entities = await readEntityFiles(run);
    await trial.push(entities);
    const has = isWithTarget ? { ...push.has, ...push.hasWithTarget } : push.has;
    trial.findings.push(
      ...await unlike(trial, has),
      ...(isWithTarget ? push.says ?? [] : []).filter((one) => !one.test(said))
        .map((one) => `left-out.json does not say ${one}`),
    );
    await expectAllEqual(trial, run);
    if (!isWithTarget) await trial.pushAgain(entities);
  });
  if (!isWithTarget) return;
  const before = await pictureOf(trial.netbox);
  await trial.netbox.clearCache();
  await transform(async (run) => {
    await trial.push(await readEntityFiles(run));
  });
  const changes = allChanges(before, await pictureOf(trial.netbox));
  trial.findings.push(...changes.map((change) => `pushed again: ${change}`));
}

function inputOf({ runs, settings, policy }: Push): Input {
  return { runs, ...(settings && { settings }), ...(policy !== undefined && { policy }) };
}

async function unlike(trial: Trial, has: Values): Promise<string[]> {
  const picture = await pictureOf(trial.netbox);
  const rows = new Map<string, Row>();
  const findings: string[] = [];
  for (const [type, objects] of picture) {
    for (const row of objects.values()) {
      const label = placedLabel(type, row);
      if (rows.has(label) && !UNNAMED.has(type)) findings.push(`${label} exists twice`);
      rows.set(label, row);
    }
  }
  for (const [label, values] of Object.entries(has)) {
    const row = rows.get(label);
    if (row === undefined) {
      if (values !== null) findings.push(`NetBox has no ${label}`);
      continue;
    }
    if (values === null) findings.push(`NetBox has ${label}`);
    for (const [key, expected] of Object.entries(values ?? {})) {
      const found = valueOf(row, key);
      if (found !== expected) {
        findings.push(`${label}: ${key} is "${found}", and not "${expected}"`);
      }
    }
  }
  return findings;
}

/** Several of these have one label. */
const UNNAMED: ReadonlySet<TypeName> = new Set(["mac-address"]);

/** "ip-address 10.0.0.1/24 in red", "vlan 10 in DC1", "vlan 10 in Proxmox", "l2vpn-termination red web1/net0" */
function placedLabel(type: TypeName, row: Row): string {
  if (type === "l2vpn-termination") {
    const nic = row["assigned_object"];
    const machine = part(part(nic, "virtual_machine"), "name");
    return `${type} ${part(row["l2vpn"], "name")} ${machine}/${part(nic, "name")}`;
  }
  const place = type === "vlan"
    ? part(row["group"], "name") ?? part(row["site"], "name")
    : part(row["vrf"], "name");
  return `${labelOf(type, row)}${place === undefined ? "" : ` in ${place}`}`;
}

/** "custom_fields.note"; a nested object is its name, and a list its values in order. */
function valueOf(row: Row, key: string): string {
  const [field = "", custom] = key.split(".");
  return shown(custom === undefined ? row[field] : part(row[field], custom));
}

const NAMES = ["name", "model", "address", "mac_address", "vid", "value"];

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(shown).sort().join(", ");
  if (typeof value !== "object") return String(value);
  if ("vid" in value) return String(value.vid);
  const name = NAMES.map((key) => part(value, key)).find((one) => one !== undefined);
  return name === undefined ? JSON.stringify(value) : String(name);
}
