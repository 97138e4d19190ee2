/** What a capture came to: the gaps by what they come from, and what to do about each kind. */
import { type Cause, CAUSES, type Incomplete, refusedIn } from "../proxmox/answers.ts";
import {
  ENDPOINT_NAMES,
  type EndpointName,
  endpointOf,
  type GuestKind,
  parsePath,
} from "../proxmox/endpoints.ts";
import type { Manifest } from "../run-folder/snapshot.ts";
import { accessTo, grantsFor, type Lack, lacksOf, type Setting } from "./access.ts";
import { type ClientRun, connect } from "./client.ts";
import { type Inventory, readOverviewOnce, refuseEmpty, warningsOf } from "./overview.ts";
import type { CaptureOptions } from "./settings.ts";
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
  readonly token: ApiToken;
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
  const endpoint = parsePath(path)?.endpoint;
  if (refused === undefined && rights !== undefined && endpoint !== undefined) {
    return lacksOf(accessTo(endpoint, { ...asker, rights }));
  }
  const [privilege] = refused?.privileges ?? endpointOf(path)?.needs?.privileges(asker.major) ?? [];
  return privilege === undefined ? [] : [{ privilege, path: refused?.path ?? "/" }];
}

/** What a capture would ask, in numbers, from the listings alone. */

export interface PlanRow {
  readonly endpoint: EndpointName;
  readonly calls: number;
  /** The configs decide how many it will be. */
  readonly isAtMost: boolean;
}

/** Asks for the listings and nothing else. @throws AppError "remote". */
export async function planCapture(options: CaptureOptions, asking: ClientRun): Promise<PlanRow[]> {
  const connection = await connect(options, asking);
  try {
    const overview = await readOverviewOnce(connection, options);
    refuseEmpty(overview, options);
    for (const warning of warningsOf(overview, options)) asking.onWarning(warning);
    return planOf(overview.inventory, options);
  } finally {
    await connection.client.close();
  }
}

/** Of a cluster where all is as the listings have it, and every call is answered. */
export function planOf(
  { nodes }: Inventory,
  { hasLiveAddresses }: Pick<CaptureOptions, "hasLiveAddresses">,
): PlanRow[] {
  const asked = nodes.filter(({ isInScope }) => isInScope);
  const online = asked.filter(({ isOnline }) => isOnline);
  const guests = online.flatMap((node) => node.guests.filter(({ isTemplate }) => !isTemplate));
  const running = (kind: GuestKind): number =>
    guests.filter((guest) => guest.kind === kind && guest.status === "running").length;
  const calls: Partial<Record<EndpointName, number>> = {
    // A node that is listed as offline is asked once, for its own word.
    nodeStatus: asked.length,
    network: online.length,
    config: guests.length,
    osinfo: running("qemu"),
    agentInterfaces: running("qemu"),
    lxcInterfaces: hasLiveAddresses ? running("lxc") : 0,
  };
  return ENDPOINT_NAMES.map((endpoint) => ({
    endpoint,
    calls: calls[endpoint] ?? 1,
    isAtMost: AT_MOST.has(endpoint),
  }));
}

const AT_MOST: ReadonlySet<EndpointName> = new Set<EndpointName>([
  "osinfo",
  "agentInterfaces",
  "lxcInterfaces",
]);
