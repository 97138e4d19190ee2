/** What a capture would ask, in numbers, from the listings alone. */
import { type Asking, connect } from "./connect.ts";
import { type EndpointName, ENDPOINTS } from "./endpoints.ts";
import type { Guest, Inventory } from "./inventory.ts";
import type { CaptureOptions } from "./options.ts";
import { refuseNothing, warningsOf } from "./overview.ts";
import { surveyOnce } from "./survey.ts";

export interface PlanRow {
  readonly endpoint: EndpointName;
  readonly calls: number;
  /** The configs decide how many it will be. */
  readonly isAtMost: boolean;
}

/** Asks for the listings and nothing else. @throws AppError "remote". */
export async function planCapture(options: CaptureOptions, asking: Asking): Promise<PlanRow[]> {
  const connection = await connect(options, asking);
  try {
    const overview = await surveyOnce(connection, options);
    refuseNothing(overview, options);
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
  const running = (kind: Guest["kind"]): number =>
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
  return (Object.keys(ENDPOINTS) as EndpointName[]).map((endpoint) => ({
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
