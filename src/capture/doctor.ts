/** Does it connect, is the token good, and what may it read? Asks the cluster-wide questions only. */
import { type Access, accessTo, lacksOf } from "./access.ts";
import type { Certificate } from "./certificate.ts";
import { type Asking, connect } from "./connect.ts";
import { type EndpointName, ENDPOINTS } from "./endpoints.ts";
import { type Command, grantsFor } from "./grants.ts";
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
  readonly access: readonly Diagnosed[] | undefined;
  /** Commands that grant what is missing. */
  readonly grants: readonly string[];
}

export interface Diagnosed extends Access {
  /** Commands that grant what is missing. */
  readonly grants: readonly Command[];
}

/** @throws AppError "remote" when nobody answers or the token is refused. */
export async function doctor(options: CaptureOptions, asking: Asking): Promise<Diagnosis> {
  const connection = await connect(options, asking);
  try {
    const overview = await surveyOnce(connection, options);
    refuseScope(overview.inventory.nodes, options.nodes);
    for (const warning of warningsOf(overview, options)) asking.onWarning(warning);
    const { nodes, rights, major, version, clusterName } = overview;
    const access = rights && (Object.keys(ENDPOINTS) as EndpointName[])
      .map((endpoint): Diagnosed => {
        const found = accessTo(endpoint, { rights, major, nodes });
        return { ...found, grants: grantsFor(lacksOf(found), options.token, rights) };
      });
    return {
      host: connection.client.host(),
      certificate: connection.client.certificate(),
      trust: options.trust.kind,
      tokenId: options.token.id,
      version,
      clusterName,
      nodes,
      access,
      grants: grantsFor((access ?? []).flatMap(lacksOf), options.token, rights)
        .map(({ text }) => text),
    };
  } finally {
    await connection.client.close();
  }
}
