/** An entity on one line, with each stub by the name that people have for it; all of it is in the JSON. */

/** { name: "net0", virtual_machine: { name: "git", … }, … } → "name=net0  virtual_machine=git  …" */
export function entityText(entity: object): string {
  return Object.entries(entity).map(([field, value]) => `${field}=${valueText(value)}`).join("  ");
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" && value !== null ? stubText(value) : String(value);
}

/** What a stub is known by is the first of its own values; a NIC or a port, by its holder too. */
function stubText(stub: object): string {
  const { virtual_machine: machine, device = machine } = stub as Readonly<Record<string, unknown>>;
  const own = Object.values(stub).find((value) => typeof value !== "object");
  if (own === undefined) return `{${entityText(stub)}}`;
  return typeof device === "object" ? `${valueText(device)}/${String(own)}` : String(own);
}
