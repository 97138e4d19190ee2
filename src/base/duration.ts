/** Durations as text: "20ms", "1.5s", "2m"; longer periods: "12h", "7d". */

export const DURATION = "a time such as 500ms, 30s or 2m";

const UNIT_MS = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

/** "1.5s" → 1500 milliseconds; undefined for anything else. "0" needs no unit. */
export function durationMs(text: string): number | undefined {
  if (text === "0") return 0;
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

export const PERIOD = "a time such as 30m, 12h or 7d";

/** As `durationMs`, and "12h", "7d" and "2w". No timer waits so long. */
export function periodMs(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,5}(?:\.\d{1,3})?)(h|d|w)$/.exec(text) ?? [];
  if (number === undefined) return durationMs(text);
  return Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** 90,000 milliseconds → "1.5m", 2,500 → "2.5s", 40 → "40ms". */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const [value, unit] = ms < 60_000 ? [ms / 1000, "s"] : [ms / 60_000, "m"];
  return `${Number(value.toFixed(1))}${unit}`;
}

/** 129,600,000 milliseconds → "1.5d". Rounded down: what is not over does not look so. */
export function periodText(ms: number): string {
  const unit = ms >= UNIT_MS.d ? "d" : ms >= UNIT_MS.h ? "h" : "m";
  return `${Math.floor(ms * 10 / UNIT_MS[unit]) / 10}${unit}`;
}

/** "2026-01-02T03:04:05Z", … → milliseconds; negative if `to` is earlier. */
export function elapsedMs(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
