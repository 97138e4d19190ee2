/** Small languages of option values. Each reader throws AppError "usage" for what is not in its own. */
import { DURATION, durationMs } from "../base/duration.ts";
import { usageError } from "../base/errors.ts";

/** An option as it was given. */
export interface Given {
  readonly name: string;
  readonly text: string;
}

/** "7" → 7 */
export function wholeNumber({ name, text }: Given): number {
  if (!/^\d{1,9}$/.test(text)) throw refusal({ name, text }, "a whole number from 0 up");
  return Number(text);
}

/** "20ms" → 20, "1.5s" → 1500 */
export function milliseconds({ name, text }: Given): number {
  const ms = durationMs(text);
  if (ms === undefined) throw refusal({ name, text }, DURATION);
  return ms;
}

/** "pve1, pve2" → ["pve1", "pve2"] */
export function listed({ name, text }: Given): readonly string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) {
    throw refusal({ name, text }, "one value, or several with commas between");
  }
  return parts;
}

function refusal({ name, text }: Given, allowed: string): Error {
  return usageError(`Option --${name} is "${text}"`, { hint: `Allowed: ${allowed}` });
}
