/** What a capture came to: the gaps by what they come from, and what to do about each kind. */
import { type Cause, CAUSES, type Incomplete } from "../snapshot/incomplete.ts";
import type { Manifest } from "../snapshot/schema.ts";
import { privilegesFor } from "./endpoints.ts";
import { grantsFor, privilegesIn } from "./grants.ts";
import type { Token } from "./token.ts";

export interface CaptureSummary {
  readonly manifest: Manifest;
  /** In the order of the table of causes; empty when the capture is complete. */
  readonly gaps: readonly GapGroup[];
}

export interface GapGroup {
  readonly cause: Cause;
  readonly count: number;
  /** The first of them. */
  readonly example: Incomplete;
  readonly whatToDo: readonly string[];
}

/** TABLE: what mends a kind of gap; all of them end in `capture --resume`. */
const REMEDIES: Readonly<Record<Exclude<Cause, "denied" | "filtered">, string>> = {
  unreachable: "Bring the node back",
  overloaded: "Ask more gently: a lower PROXMOX_CONCURRENCY",
  dropped: "Look at pveproxy's log on the node, and at what stands between",
  "timed-out": "Look at the node's load and storages, or allow more time: PROXMOX_API_TIMEOUT",
  moved: "Wait until migrations are over",
  depends: "Mend the others",
  failed: "Read what Proxmox VE says of it",
};

export function summarize(
  manifest: Manifest,
  { token, major }: { readonly token: Token; readonly major: number },
): CaptureSummary {
  const byCause = Map.groupBy(manifest.incomplete, ({ cause }) => (cause ?? "failed") as Cause);
  const gaps = (Object.keys(CAUSES) as Cause[]).flatMap((cause): GapGroup[] => {
    const group = byCause.get(cause) ?? [];
    const [example] = group;
    if (example === undefined) return [];
    const whatToDo = cause === "denied" || cause === "filtered"
      ? grantsFor(group.flatMap((gap) => privilegesOf(gap, major)), token)
      : [REMEDIES[cause]];
    return [{ cause, count: group.length, example, whatToDo }];
  });
  return { manifest, gaps };
}

/** What Proxmox VE names, else what this release is known to want; of several the first would do. */
function privilegesOf({ path, reason }: Incomplete, major: number): readonly string[] {
  const named = privilegesIn(reason);
  return (named.length > 0 ? named : privilegesFor(path, major)).slice(0, 1);
}
