/** Does it connect, is the token good, and what may it read? Asks the cluster-wide questions only. */
import { records, text } from "../snapshot/scalar.ts";
import type { Answer } from "../snapshot/schema.ts";
import { type Access, accessTo, versionOf } from "./access.ts";
import type { Certificate } from "./certificate.ts";
import { type Asking, connect } from "./connect.ts";
import { type EndpointName, ENDPOINTS } from "./endpoints.ts";
import { grantsFor } from "./grants.ts";
import type { CaptureOptions, Endpoint } from "./options.ts";
import { warningsOf } from "./overview.ts";
import { surveyOnce } from "./survey.ts";

export interface Diagnosis {
  readonly host: Endpoint;
  readonly certificate: Certificate | undefined;
  readonly trust: CaptureOptions["trust"]["kind"];
  readonly tokenId: string;
  readonly version: string | undefined;
  /** undefined: a node that stands alone, or the token may not read it. */
  readonly cluster: string | undefined;
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
    const found = await surveyOnce(connection, options);
    for (const warning of warningsOf(found, options)) asking.onWarning(warning);
    const { answers, overview: { inventory, rights, major } } = found;
    const nodes = inventory.nodes.filter(({ isInScope }) => isInScope).map(({ node }) => node);
    const access = rights && (Object.keys(ENDPOINTS) as EndpointName[])
      .map((endpoint) => accessTo(endpoint, { rights, major, nodes }));
    return {
      host: connection.client.host(),
      certificate: connection.client.certificate(),
      trust: options.trust.kind,
      tokenId: options.token.id,
      version: versionOf(answers.version),
      cluster: clusterOf(answers.clusterStatus),
      nodes,
      access,
      grants: grantsFor((access ?? []).flatMap(({ lacks }) => lacks.slice(0, 1)), options.token),
    };
  } finally {
    await connection.client.close();
  }
}

function clusterOf(status: Answer): string | undefined {
  const rows = "data" in status ? records(status.data) : [];
  return text(rows.find(({ type }) => type === "cluster")?.["name"]);
}
