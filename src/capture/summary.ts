/** The result of a capture: gaps by cause, and what to do about each. */
import { type Cause, CAUSES, type Incomplete, refusedIn } from "../proxmox/answers.ts";
import {
  ENDPOINT_NAMES,
  type EndpointName,
  endpointOf,
  type GuestKind,
  parsePath,
} from "../proxmox/endpoints.ts";
import type { Manifest } from "../run-folder/snapshot.ts";
import { type AccessContext, accessTo, grantsFor, type Lack, lacksOf } from "./access.ts";
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

/** TABLE: cause of a gap → what to do before `capture --resume`. */
const REMEDIES: Readonly<Record<Exclude<Cause, "denied" | "filtered">, string>> = {
  unreachable: "Bring the node back online",
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
  const refused = refusedIn(reason);
  const endpoint = parsePath(path)?.endpoint;
  if (refused === undefined && rights !== undefined && endpoint !== undefined) {
    return lacksOf(accessTo(endpoint, { ...context, rights }));
  }
  const [privilege] = refused?.privileges ?? endpointOf(path)?.needs?.privileges(context.major) ??
    [];
  return privilege === undefined ? [] : [{ privilege, path: refused?.path ?? "/" }];
}

export interface PlanRow {
  readonly endpoint: EndpointName;
  readonly calls: number;
  /** The exact number depends on the configs of the guests. */
  readonly isAtMost: boolean;
}

/** How many calls a capture would make. Asks the cluster-wide questions only. @throws AppError "remote". */
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

/** If the cluster is as it is listed, and every call succeeds. */
function planOf(
  { nodes }: Inventory,
  { hasLiveAddresses }: Pick<CaptureOptions, "hasLiveAddresses">,
): PlanRow[] {
  const asked = nodes.filter(({ isInScope }) => isInScope);
  const online = asked.filter(({ isOnline }) => isOnline);
  const guests = online.flatMap((node) => node.guests.filter(({ isTemplate }) => !isTemplate));
  const running = (kind: GuestKind): number =>
    guests.filter((guest) => guest.kind === kind && guest.status === "running").length;
  const calls: Partial<Record<EndpointName, number>> = {
    // A node that is listed as offline is asked once, since it may be online after all.
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
