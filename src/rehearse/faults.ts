/** Faults by chance: how `--fail` names them, and which attempts they hit. */
import { usageError } from "../base/errors.ts";

export interface Fault<Name extends string> {
  readonly name: Name;
  /** Share of all attempts, 0 to 1. */
  readonly share?: number;
  /** The first attempts: how many. */
  readonly first?: number;
  /** Only these paths; "*" matches any text. */
  readonly path?: string;
}

const FAULT_REGEXP = /^([a-z0-9-]+?)(?::(0?\.\d+|[01](?:\.0+)?)|x(\d{1,6}))(?:@(\/\S*))?$/;

/**
 * A reader of "503:0.05", of "503x2" for the first two attempts and, with `hasPaths`, of
 * "503x2@/nodes/pve1/*". It throws AppError "usage" for a fault that is not in the table.
 */
export function faultReader<Name extends string>(
  table: Readonly<Record<Name, unknown>>,
  { hint, hasPaths = false }: { readonly hint: string; readonly hasPaths?: boolean },
): (text: string) => Fault<Name> {
  const isName = (text: string): text is Name => Object.hasOwn(table, text);
  return (text) => {
    const [, name = "", share, first, path] = FAULT_REGEXP.exec(text) ?? [];
    if (!isName(name) || (path !== undefined && !hasPaths)) {
      throw usageError(`Invalid fault "${text}"`, {
        hint: `Write one of ${Object.keys(table).join(", ")} and its share, ${hint}`,
      });
    }
    return {
      name,
      ...(share === undefined ? {} : { share: Number(share) }),
      ...(first === undefined ? {} : { first: Number(first) }),
      ...(path === undefined ? {} : { path }),
    };
  };
}

/** At most one fault. `attempt`: 1, 2, 3 …; `drawn`: a random number, 0 ≤ drawn < 1. */
export function drawFault<Name extends string>(
  faults: readonly Fault<Name>[],
  attempt: number,
  drawn: number,
): Name | undefined {
  const early = faults.find(({ first = 0 }) => attempt <= first);
  if (early !== undefined) return early.name;
  let rest = drawn;
  for (const { name, share = 0 } of faults) {
    if (rest < share) return name;
    rest -= share;
  }
  return undefined;
}
