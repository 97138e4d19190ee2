/** Does it connect, is the token good, and what may it read? Asks the cluster-wide questions only. */
import { type Access, accessTo } from "./access.ts";
import type { Certificate } from "./certificate.ts";
import { type Asking, connect } from "./connect.ts";
import { type EndpointName, ENDPOINTS } from "./endpoints.ts";
import { grantsFor, type Lack } from "./grants.ts";
import type { CaptureOptions, Endpoint } from "./options.ts";
import { refuseScope, warningsOf } from "./overview.ts";
import { surveyOnce } from "./survey.ts";

export interface Diagnosis {
  readonly host: Endpoint;
  readonly certificate: Certificate | undefined;
  readonly trust: CaptureOptions["trust"]["kind"];
  readonly tokenId: string;
  readonly version: string | undefined;
  /** undefined: a node that stands alone, or the token may not read it. */
  readonly clusterName: string | undefined;
  readonly nodes: readonly string[];
  /** One per endpoint; undefined when the token's rights could not be read. */
  readonly access: readonly Access[] | undefined;
  /** Commands that grant what is missing. */
  readonly grants: readonly string[];
}

/** @throws AppError "remote" when nobody answers or the token is refused. */
export async function doctor(options: CaptureOptions, asking: Asking): Promise<Diagnosis> {
  const connection = await connect(options, asking);
  try {
    const overview = await surveyOnce(connection, options);
    refuseScope(overview.inventory.nodes, options.nodes);
    for (const warning of warningsOf(overview, options)) asking.onWarning(warning);
    const { inventory, rights, major, version, clusterName } = overview;
    const nodes = inventory.nodes.filter(({ isInScope }) => isInScope).map(({ node }) => node);
    const access = rights && (Object.keys(ENDPOINTS) as EndpointName[])
      .map((endpoint) => accessTo(endpoint, { rights, major, nodes }));
    return {
      host: connection.client.host(),
      certificate: connection.client.certificate(),
      trust: options.trust.kind,
      tokenId: options.token.id,
      version,
      clusterName,
      nodes,
      access,
      grants: grantsFor((access ?? []).flatMap(lackOf), options.token),
    };
  } finally {
    await connection.client.close();
  }
}

/** Of several privileges the first would do. */
function lackOf({ lacks: [privilege], mendOn }: Access): Lack[] {
  return privilege === undefined ? [] : mendOn.map((path) => ({ privilege, path }));
}
