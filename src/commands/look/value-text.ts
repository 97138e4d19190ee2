/** Values → one line, as a terminal may show it. */
import { PRIMARY_FIELDS } from "../../look/explain/primary-address.ts";
import { MOST_CHARS, shown } from "../text/paragraphs.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What stubs, MAC addresses and custom fields are known by: the first that is there. */
const TELLING_KEYS = ["name", "model", "address", "mac_address", "text", "integer"];

/** A text in JSON, or one of the signs that a line may be broken after. */
const JSON_TOKEN_REGEXP = /"(?:[^"\\]|\\.)*"|[,:]/g;

/** Of a field: { name: "web-01", cluster: … } → web-01; a list → its items; a text as it is. */
export function valueText(value: unknown): string {
  return shown(Array.isArray(value) ? value.map(summaryOf).join(", ") : summaryOf(value));
}

/** As Proxmox sent it: JSON, with blanks where a line may be broken. */
export function rawText(value: unknown): string {
  const text = JSON.stringify(value);
  const isLong = text.length > MOST_CHARS;
  return shown(isLong ? text : text.replace(JSON_TOKEN_REGEXP, (token) => SPACED[token] ?? token));
}

const SPACED: Readonly<Record<string, string>> = { ",": ", ", ":": ": " };

function summaryOf(value: unknown): string {
  if (typeof value === "string") return isPlain(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const fields = value as Fields;
  const machine = fields["virtual_machine"] ?? fields["device"];
  if (typeof machine === "object" && machine !== null) return partText(fields, machine);
  const telling = TELLING_KEYS.find((key) => Object.hasOwn(fields, key));
  if (telling !== undefined) return String(fields[telling]);
  const entries = Object.entries(fields).map(([key, item]) => `${key}: ${summaryOf(item)}`);
  return entries.length === 0 ? "{}" : entries.join(", ");
}

/** "web-01/net0, primary_ip4 of web-01": the stub of an address's NIC tells its machine so. */
function partText({ name }: Fields, machine: object): string {
  const holder = summaryOf(machine);
  const primary = Object.keys(machine).filter((key) => PRIMARY_FIELDS.has(key));
  return [`${holder}/${String(name)}`, ...primary.map((key) => `${key} of ${holder}`)].join(", ");
}

/** On one line, and there is something. */
function isPlain(text: string): boolean {
  return text !== "" && !/[\t\n]/.test(text);
}
