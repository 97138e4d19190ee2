/** The result of a capture: gaps by cause, and what to do about each. */
import { type Cause, CAUSES, type Incomplete, missingPrivilegesIn } from "../proxmox/answers.ts";
import { endpointOf, parsePath } from "../proxmox/endpoints.ts";
import type { Manifest } from "../run-folder/snapshot.ts";
import { type AccessContext, accessTo, grantsFor, type Lack, lacksOf } from "./access.ts";
import type { ApiToken } from "./token.ts";

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

/** TABLE: cause of a gap → what to do before `capture --resume`. */
const REMEDIES: Readonly<Record<Exclude<Cause, "denied" | "filtered">, string>> = {
  unreachable:
    "Bring the node back online; if the reason is dns, refused or tls, check PROXMOX_HOST",
  overloaded: "Lower PROXMOX_CONCURRENCY (--proxmox-concurrency)",
  dropped: "Check the log of pveproxy on the node, and firewalls on the way",
  "timed-out": "Check load and storages of the node, or allow more time with PROXMOX_API_TIMEOUT",
  moved: "Wait until migrations have finished",
  depends: "Fix the causes above first",
  failed: "Read the error of Proxmox VE in the manifest",
};

interface GrantContext extends Omit<AccessContext, "rights"> {
  readonly token: ApiToken;
  /** undefined: not known. */
  readonly rights: AccessContext["rights"] | undefined;
}

export function groupGaps({ incomplete }: Manifest, context: GrantContext): GapGroup[] {
  const byCause = Map.groupBy(incomplete, ({ cause }) => (cause ?? "failed") as Cause);
  return (Object.keys(CAUSES) as Cause[]).flatMap((cause): GapGroup[] => {
    const group = byCause.get(cause) ?? [];
    const [example] = group;
    if (example === undefined) return [];
    const whatToDo = cause === "denied" || cause === "filtered"
      ? [
        ...grantsFor(group.flatMap((gap) => lacksAt(gap, context)), context.token, context.rights)
          .map(({ text }) => text),
        "If that does not help, run doctor: it shows which privilege is missing on which path",
      ]
      : [REMEDIES[cause]];
    return [{ cause, count: group.length, example, whatToDo }];
  });
}

/** What Proxmox VE names, else what the token's rights show. */
function lacksAt({ path, reason }: Incomplete, context: GrantContext): Lack[] {
  const { rights } = context;
  const refused = missingPrivilegesIn(reason);
  const endpoint = parsePath(path)?.endpoint;
  if (refused === undefined && rights !== undefined && endpoint !== undefined) {
    return lacksOf(accessTo(endpoint, { ...context, rights }));
  }
  const [privilege] = refused?.privileges ?? endpointOf(path)?.needs?.privileges(context.major) ??
    [];
  return privilege === undefined ? [] : [{ privilege, path: refused?.path ?? "/" }];
}
