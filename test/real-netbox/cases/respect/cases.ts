/** A case for each change, and for changes that come together. */
import { numbersFrom, shuffled } from "../../../helpers/shuffled.ts";
import type { Case } from "../case.ts";
import { MANUAL_CHANGES } from "./by-hand.ts";
import { type Change, NAME_OF_SITE } from "./change.ts";
import { IDENTITY_CHANGES } from "./identity.ts";
import { MADE_BEFORE } from "./made.ts";
import { respectAll } from "./respect.ts";

const CHANGES: readonly Change[] = [...IDENTITY_CHANGES, ...MANUAL_CHANGES, ...MADE_BEFORE];

/** How many changes come together, how often by default, and how often with `--full`. */
const TOGETHER = 3;
const FEW = 3;
const MANY = 60;
/** As many changes as fit together. */
const WIDE = 10;

export const RESPECT_CASES: readonly Case[] = [
  ...CHANGES.map((change): Case => caseOf([change])),
  ...Array.from({ length: WIDE }, (_, i): Case => ({
    ...caseOf(combination(CHANGES.length, i)),
    name: `with a target, many changes at once, ${i + 1}`,
    ...(i === 0 ? { isForAll: true } : { isBig: true }),
  })),
  ...Array.from({ length: MANY }, (_, i): Case => ({
    ...caseOf(combination(TOGETHER, i + 1)),
    ...(i >= FEW && { isBig: true }),
  })),
];

function caseOf(changes: readonly Change[]): Case {
  return {
    holds: "9",
    name: `with a target, ${changes.map(({ name }) => name).join("; ")}`,
    run: (trial) => {
      if (changes.length > TOGETHER) trial.remarks.push(...changes.map(({ name }) => name));
      return respectAll(trial, changes);
    },
  };
}

/** At most `count` changes that touch different things; the same ones for the same seed. */
function combination(count: number, seed: number): Change[] {
  const combined: Change[] = [];
  for (const change of shuffled(CHANGES, numbersFrom(seed))) {
    const isFree = combined.every((other) => !isConflict(change, other));
    if (isFree && change.isAlternating === undefined) combined.push(change);
  }
  return combined.slice(0, count);
}

function isConflict(a: Change, b: Change): boolean {
  return a.on.some((part) => b.on.includes(part)) || needsOtherName(a, b) || needsOtherName(b, a);
}

function needsOtherName({ isAtSite }: Change, { on }: Change): boolean {
  return isAtSite === true && on.includes(NAME_OF_SITE);
}
