/** "32G", "2252M", "1000204632K", "1.5T", "8GiB", "4194304" (bytes) → megabytes. */

const SIZE_REGEXP = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:iB)?)?$/;
const POWERS: Readonly<Record<string, number>> = { "": 0, K: 1, M: 2, G: 3, T: 4 };

/** What NetBox's integers hold: sizes of disks and memory, speeds. Source: Django, PositiveIntegerField. */
export const MAX_INTEGER = 2 ** 31 - 1;

/**
 * Nearest whole MB, at least 1; 0 for a size of nothing ("0", "0T": a directory without a limit);
 * undefined when the text is no size. With base 1024 an MB is a MiB, as NetBox up to 4.0 had it.
 * Source: PVE/JSONSchema.pm, parse_size and format_size.
 */
export function parseSizeMb(text: string, base: 1000 | 1024): number | undefined {
  const [, amount, unit = ""] = SIZE_REGEXP.exec(text.trim()) ?? [];
  const power = POWERS[unit];
  if (amount === undefined || power === undefined) return undefined;
  const mb = Number(amount) * base ** (power - 2);
  if (mb === 0) return 0;
  return Math.round(mb) <= MAX_INTEGER ? Math.max(1, Math.round(mb)) : undefined;
}
