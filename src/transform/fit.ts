/** An entity too large for a request → the same without its largest texts, each of them listed. */
import type { Ledger } from "./join/ledger.ts";
import type { Made } from "./made.ts";

/** A request may have 3 MiB of text; stubs and tags stay far below the rest. */
const MAX_ENTITY_BYTES = 2.5 * 2 ** 20;
/** In JSON no UTF-16 unit takes more than this many bytes ("\u0001"). */
const MAX_BYTES_PER_UNIT = 6;

type CustomFields = Readonly<
  Record<string, { readonly text: string } | { readonly integer: string }>
>;
interface Texts {
  readonly comments?: string;
  readonly custom_fields?: CustomFields;
}

/** Only guests and disks hold texts without a bound: notes, storage pools, HA states. */
export function fit(made: Made, ledger: Ledger): Made {
  if (made.step !== "virtual-machine" && made.step !== "virtual-disk") return made;
  const { subject } = made.source;
  let entity: Texts = made.entity;
  for (const { field } of longTextsOf(entity).sort((a, b) => b.units - a.units)) {
    if (sizeOf(entity) <= MAX_ENTITY_BYTES) break;
    ledger.leave({ ...subject, what: `${subject.what}/${field}` }, "too-long");
    entity = without(entity, field);
  }
  return entity === made.entity ? made : ({ ...made, entity } as Made);
}

interface LongText {
  readonly field: string;
  readonly units: number;
}

/** Those of its texts that may be too long. */
function longTextsOf({ comments = "", custom_fields = {} }: Texts): LongText[] {
  const long: LongText[] = [];
  const look = (field: string, { length: units }: string): void => {
    if (units * MAX_BYTES_PER_UNIT > MAX_ENTITY_BYTES) long.push({ field, units });
  };
  look("comments", comments);
  for (const [field, value] of Object.entries(custom_fields)) {
    if ("text" in value) look(field, value.text);
  }
  return long;
}

function without(entity: Texts, field: string): Texts {
  const { [field]: _dropped, ...kept } = entity.custom_fields ?? {};
  const { comments: _comments, ...rest } = entity;
  return field === "comments" ? rest : { ...entity, custom_fields: kept };
}

function sizeOf(entity: Texts): number {
  return new TextEncoder().encode(JSON.stringify(entity)).length;
}
