/** A stub → the entity that it names: the one that it is a part of. */
import { usageError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { machineOf, naturalKey, stepCalled, type StepName } from "../../netbox/types/order.ts";
import type { EntityFile, TransformedSet } from "../../run-folder/entity-set.ts";
import { STUBS } from "../../transform/mapping/stubs.ts";
import type { StubName } from "../../transform/mapping/table.ts";
import type { Made } from "../../transform/transform.ts";
import type { LineRef } from "./explanation.ts";

export interface StubTarget {
  readonly stub: object;
  readonly made: Made;
}

/**
 * The entities that stubs of this name in a value name: the value itself is one, a list of them, or
 * holds them deeper down. None when what it names is the user's own.
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

/** An address tells the stub of its machine that it is the primary one: no part of what names it. */
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

/** Is one JSON value part of another? A stub is part of the entity that it names; picked keys of a row. */

/** Deeper than anything Proxmox or Diode sends, and far from the end of any stack. */
const MAX_DEPTH = 200;

/** Every key of `part` stands in `whole` with the same value; lists are equal. */
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

/** A machine's primary addresses are sent by those addresses, in the step that assigns them to it. */

/** What the stub of a machine may say of it that is no part of what names it. */
export const PRIMARY_FIELDS: ReadonlySet<string> = new Set(["primary_ip4", "primary_ip6"]);

/** The address that sends this field of a machine; undefined: none does, or it is another field. */
export function primaryAddressOf(
  { entity }: Made,
  field: string,
  made: ReadonlyMap<StepName, readonly Made[]>,
): Made | undefined {
  if (!PRIMARY_FIELDS.has(field)) return undefined;
  return made.get("ip-address")?.find((address) => {
    const machine = machineOf(address.step, address.entity)?.ref;
    return machine !== undefined && Object.hasOwn(machine, field) &&
      contains(entity, nameOf(machine));
  });
}

function nameOf(machine: object): object {
  return Object.fromEntries(Object.entries(machine).filter(([key]) => !PRIMARY_FIELDS.has(key)));
}

/** Entities ↔ the lines of the entity files that hold them. */

const LINE_REGEXP = /(?:^|\/)(\d\d-[a-z-]+-\d{4,}\.json):(\d+)$/;
/** The first line of a file is the head of the request. */
const FIRST_ENTITY_LINE = 2;

/** "netbox/11-virtual-machine-0001.json:3" → its parts; undefined for what is no entity file and line. */
export function parseLineRef(typed: string): LineRef | undefined {
  const [, file, line] = LINE_REGEXP.exec(typed) ?? [];
  return file === undefined ? undefined : { file: `netbox/${file}`, line: Number(line) };
}

/** Tells the entity of a line from all others. @throws AppError "usage" when no entity stands there. */
export async function entityInLine(
  { file, line }: LineRef,
  entities: TransformedSet,
): Promise<(made: Made) => boolean> {
  const found = entities.files.find(({ path }) => path === file);
  if (found === undefined) {
    throw usageError(`Found no "${file}" in ${entities.place}`, {
      hint: `Entity files: ${entities.files.map(({ path }) => path).join(", ")}`,
    });
  }
  const lines = await linesOf(found);
  const text = lines[line - FIRST_ENTITY_LINE];
  if (line < FIRST_ENTITY_LINE || text === undefined) {
    throw usageError(`Line ${line} of "${file}" holds no entity`, {
      hint: `Entities are on lines ${FIRST_ENTITY_LINE} to ${lines.length + 1}`,
    });
  }
  const field = found.step === undefined ? "" : stepCalled(found.step).field;
  const content = parseJson(text, `${file}, line ${line}`);
  const entity = (content as Readonly<Record<string, unknown>> | null)?.[field];
  return (made) => made.step === found.step && isSame(made, entity);
}

/** Where each of these stands, if it stands there as it is. */
export async function locateEntities(
  made: readonly Made[],
  entities: TransformedSet | undefined,
): Promise<ReadonlyMap<Made, LineRef>> {
  const located = new Map<Made, LineRef>();
  const wanted = new Map(made.map((each) => [lineEnd(each), each]));
  const steps = new Set<StepName>(made.map(({ step }) => step));
  for (const file of entities?.files ?? []) {
    if (file.step === undefined || !steps.has(file.step)) continue;
    (await linesOf(file)).forEach((text, i) => {
      const found = wanted.get(text.slice(text.indexOf(",") + 1));
      if (found !== undefined) located.set(found, { file: file.path, line: i + FIRST_ENTITY_LINE });
    });
  }
  return located;
}

/** The lines of a file that hold an entity each, without the commas between them. */
async function linesOf(file: EntityFile): Promise<string[]> {
  const text = decodeUtf8(await file.read(), file.path);
  return text.split("\n").slice(1, -2).map((line) => line.replace(/,$/, ""));
}

/** All of an entity's line but its timestamp. */
function lineEnd({ step, entity }: Made): string {
  const field = stepCalled(step).field;
  return `"${field}":${JSON.stringify(entity)}}`;
}

/** The same thing in NetBox, whatever else is said of it: another version may have said it otherwise. */
function isSame({ step, entity }: Made, other: unknown): boolean {
  try {
    return naturalKey(step, entity) === naturalKey(step, other as typeof entity);
  } catch {
    return false;
  }
}
