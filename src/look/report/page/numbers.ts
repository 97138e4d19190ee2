/** Numbers as people read them. The locale is ours: the same page comes of it everywhere. */

const GROUPED = new Intl.NumberFormat("en-US");
const ROUNDED = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** 1234567 → "1,234,567" */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** 1 → "1 guest", 1200 → "1,200 guests" */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const UNITS = ["MiB", "GiB", "TiB", "PiB"] as const;

/** 1536 → "1.5 GiB" */
export function sizeOfMib(mib: number): string {
  const power = mib < 1 ? 0 : Math.min(Math.floor(Math.log2(mib) / 10), UNITS.length - 1);
  return `${ROUNDED.format(mib / 1024 ** power)} ${UNITS[power]}`;
}

/** 1536 → 1.5, 102400 → 100: for a column that is sorted by it. */
export function gibOf(mib: number): number {
  const gib = mib / 1024;
  return gib < 10 ? Math.round(gib * 10) / 10 : Math.round(gib);
}

/** 0.127 → "13%"; of what is little, "<1%". */
export function percent(share: number): string {
  return share > 0 && share < 0.01 ? "<1%" : `${Math.round(share * 100)}%`;
}

/** A length in a picture, as short as it can be written. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
