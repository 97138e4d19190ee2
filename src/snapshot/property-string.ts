/**
 * "virtio=BC:24:11:2C:FE:01,bridge=vmbr0" → pairs. No quoting, no escaping: a value never holds a
 * comma, and may hold "=". Source: PVE/JSONSchema.pm, parse_property_string.
 */

/**
 * An integer of a property string, as Proxmox's schema takes it: "+5", "005" → 5.
 * Source: PVE/JSONSchema.pm, check_type.
 */
export function integer(value: string): number | undefined {
  // Adding 0 turns -0 into 0.
  return /^[+-]?\d+$/.test(value) ? Number(value) + 0 : undefined;
}

/** `undefined` when the text is outside the grammar: two values without a key, or a key twice. */
export function parsePropertyString(
  text: string,
  defaultKey: string,
): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  for (const part of text.split(",")) {
    const trimmed = part.trim();
    if (trimmed === "") continue;
    const equals = trimmed.indexOf("=");
    const key = equals === -1 ? defaultKey : trimmed.slice(0, equals).trim();
    if (key === "" || pairs.has(key)) return undefined;
    pairs.set(key, trimmed.slice(equals + 1).trim());
  }
  return pairs.size === 0 ? undefined : pairs;
}
