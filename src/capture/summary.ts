/** What a capture came to: the gaps by what they come from, and what to do about each kind. */
import { type Cause, CAUSES, type Incomplete } from "../snapshot/incomplete.ts";
import type { Manifest } from "../snapshot/schema.ts";
import { accessTo, type Lack, lacksOf, type Setting } from "./access.ts";
import { endpointOf, privilegesFor } from "./endpoints.ts";
import { grantsFor, refusedIn } from "./grants.ts";
import type { Token } from "./token.ts";

export interface CaptureSummary {
  readonly manifest: Manifest;
  /** Guests that were asked about, and their nodes. */
  readonly guests: number;
  readonly nodes: number;
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

export interface Asker extends Omit<Setting, "rights"> {
  readonly token: Token;
  /** undefined: not known. */
  readonly rights: Setting["rights"] | undefined;
}

export function groupGaps({ incomplete }: Manifest, asker: Asker): GapGroup[] {
  const byCause = Map.groupBy(incomplete, ({ cause }) => (cause ?? "failed") as Cause);
  return (Object.keys(CAUSES) as Cause[]).flatMap((cause): GapGroup[] => {
    const group = byCause.get(cause) ?? [];
    const [example] = group;
    if (example === undefined) return [];
    const whatToDo = cause === "denied" || cause === "filtered"
      ? [
        ...grantsFor(group.flatMap((gap) => lacksAt(gap, asker)), asker.token, asker.rights)
          .map(({ text }) => text),
        "If that does not help, run doctor: it shows which paths lack which privilege",
      ]
      : [REMEDIES[cause]];
    return [{ cause, count: group.length, example, whatToDo }];
  });
}

/** What Proxmox VE names, else what the token's rights show; of several privileges the first would do. */
function lacksAt({ path, reason }: Incomplete, asker: Asker): Lack[] {
  const { rights } = asker;
  const refused = refusedIn(reason);
  const endpoint = endpointOf(path);
  if (refused === undefined && rights !== undefined && endpoint !== undefined) {
    return lacksOf(accessTo(endpoint, { ...asker, rights }));
  }
  const [privilege] = refused?.privileges ?? privilegesFor(path, asker.major);
  return privilege === undefined ? [] : [{ privilege, path: refused?.path ?? "/" }];
}
