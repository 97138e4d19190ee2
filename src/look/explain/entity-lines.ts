/** Entities ↔ the lines of the entity files that hold them. */
import { naturalKey } from "../../entities/natural-key.ts";
import { stepCalled, type StepName } from "../../entities/order.ts";
import type { EntityFile, TransformedSet } from "../../entities/read.ts";
import { usageError } from "../../kernel/errors.ts";
import { parseJson } from "../../kernel/json.ts";
import { decodeUtf8 } from "../../kernel/utf8.ts";
import type { Made } from "../../transform/transform.ts";
import type { LineRef } from "./explanation.ts";

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
