/** Finds the entities that stubs name, and the lines of the entity files that contain entities. */
import { usageError } from "../../base/errors.ts";
import { canonicalJson } from "../../base/json.ts";
import { machineOf, naturalKey } from "../../netbox/types/order.ts";
import { stepCalled, type StepName } from "../../netbox/types/steps.ts";
import type { EntityFile, TransformedSet } from "../../run-folder/entity-set.ts";
import { FIRST_ENTITY_LINE, readRequest } from "../../run-folder/request.ts";
import { STUBS } from "../../transform/mapping/stubs.ts";
import type { StubName } from "../../transform/mapping/table.ts";
import type { Made } from "../../transform/transform.ts";
import type { LineRef } from "./explanation.ts";

interface StubTarget {
  readonly stub: object;
  readonly made: Made;
}

/**
 * The entities that the stubs in a value name. The value is a stub, a list of stubs, or contains them
 * deeper down. Empty if the stubs name objects of the user.
 */
export function stubTargets(
  name: StubName,
  value: unknown,
  made: ReadonlyMap<StepName, readonly Made[]>,
): StubTarget[] {
  const { step } = STUBS[name];
  const named = step === undefined ? [] : made.get(step) ?? [];
  for (let level = [bare(value)]; level.length > 0; level = level.flatMap(partsOf)) {
    const found = level.flatMap((stub) => targetOf(stub, named));
    if (found.length > 0) return found;
  }
  return [];
}

function targetOf(stub: unknown, named: readonly Made[]): StubTarget[] {
  if (!isObject(stub) || Array.isArray(stub) || Object.keys(stub).length === 0) return [];
  const made = named.find(({ entity }) => contains(entity, stub));
  return made === undefined ? [] : [{ stub, made }];
}

/** Without the primary addresses, which an address adds to the stub of its machine. */
function bare(value: unknown): unknown {
  if (!isObject(value) || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !PRIMARY_FIELDS.has(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, bare(item)]));
}

function partsOf(value: unknown): unknown[] {
  return isObject(value) ? Object.values(value) : [];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Deeper than any value of Proxmox VE or Diode. */
const MAX_DEPTH = 200;

/** Does `whole` have every key of `part` with the same value? Lists must be equal. */
export function contains(whole: unknown, part: unknown, depth = 0): boolean {
  if (whole === part) return true;
  if (typeof whole !== "object" || typeof part !== "object" || whole === null || part === null) {
    return false;
  }
  if (depth > MAX_DEPTH || Array.isArray(whole) !== Array.isArray(part)) return false;
  if (Array.isArray(part) && part.length !== (whole as unknown[]).length) return false;
  return Object.entries(part).every(([key, value]) =>
    Object.hasOwn(whole, key) && contains((whole as Record<string, unknown>)[key], value, depth + 1)
  );
}

/** Fields of a machine that are sent with its addresses, in the stub of the machine. */
export const PRIMARY_FIELDS: ReadonlySet<string> = new Set(["primary_ip4", "primary_ip6"]);

/** The address that sends a primary_ip field of a machine. */
export function primaryAddressOf(
  { entity }: Made,
  field: string,
  made: ReadonlyMap<StepName, readonly Made[]>,
): Made | undefined {
  if (!PRIMARY_FIELDS.has(field)) return undefined;
  return made.get("ip-address")?.find((address) => {
    const machine = machineOf(address.step, address.entity)?.ref;
    return machine !== undefined && Object.hasOwn(machine, field) &&
      contains(entity, bare(machine));
  });
}

const LINE_REGEXP = /(?:^|\/)(\d\d[a-z]?-[a-z0-9-]+-\d{4,}\.json):(\d+)$/;

/** "netbox/11-virtual-machine-0001.json:3" → file and line; undefined for other texts. */
export function parseLineRef(typed: string): LineRef | undefined {
  const [, file, line] = LINE_REGEXP.exec(typed) ?? [];
  return file === undefined ? undefined : { file: `netbox/${file}`, line: Number(line) };
}

/** A test for the entity in that line. @throws AppError "usage" if there is no entity. */
export async function entityInLine(
  { file, line }: LineRef,
  entities: TransformedSet,
): Promise<(made: Made) => boolean> {
  const found = entities.files.find(({ path }) => path === file);
  if (found === undefined) {
    throw usageError(`No "${file}" in ${entities.place}`, {
      hint: `Entity files: ${entities.files.map(({ path }) => path).join(", ")}`,
    });
  }
  const all = await entitiesIn(found);
  const entity = all[line - FIRST_ENTITY_LINE];
  if (entity === undefined) {
    throw usageError(`No entity in line ${line} of "${file}"`, {
      hint: `Entities are on lines ${FIRST_ENTITY_LINE} to ${all.length + 1}`,
    });
  }
  return (made) => made.step === found.step && isSame(made, entity);
}

/** File and line of each entity that the files contain unchanged. */
export async function locateEntities(
  made: readonly Made[],
  entities: TransformedSet | undefined,
): Promise<ReadonlyMap<Made, LineRef>> {
  const located = new Map<Made, LineRef>();
  const byStep = Map.groupBy(made, ({ step }) => step);
  for (const file of entities?.files ?? []) {
    const wanted = file.step && byStep.get(file.step);
    if (wanted === undefined) continue;
    const byText = new Map(wanted.map((each) => [canonicalJson(each.entity), each]));
    (await entitiesIn(file)).forEach((entity, i) => {
      const found = byText.get(canonicalJson(entity, { what: file.path }));
      if (found !== undefined) located.set(found, { file: file.path, line: i + FIRST_ENTITY_LINE });
    });
  }
  return located;
}

/** Without their timestamps; null for what is no entity of the step. */
async function entitiesIn({ step, path, read }: EntityFile): Promise<unknown[]> {
  const field = step === undefined ? "" : stepCalled(step).field;
  const { entities } = readRequest(await read(), path);
  return entities.map((item) =>
    (item as Readonly<Record<string, unknown>> | null)?.[field] ?? null
  );
}

/** Compares natural keys: another version may have written other fields. */
function isSame({ step, entity }: Made, other: unknown): boolean {
  try {
    return naturalKey(step, entity) === naturalKey(step, other as typeof entity);
  } catch {
    return false;
  }
}
