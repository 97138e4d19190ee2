/** Diode's `/auth/introspect`, which its plugin requests for every new token. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Introspect {
  /** The plugin's setting `diode_target`. */
  readonly target: string;
  /** The one token that is active. */
  readonly token: string;
  stop(): Promise<void>;
}

const SCOPE = "netbox:read netbox:write";

/** Source: netbox_diode_plugin/api/authentication.py. */
export async function startIntrospect(): Promise<Introspect> {
  const token = randomUUID();
  const server = createServer((request, response) => {
    const isKnown = request.url === "/diode/auth/introspect";
    const isActive = request.headers.authorization === `Bearer ${token}`;
    response.statusCode = isKnown ? 200 : 404;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(isActive ? { active: true, scope: SCOPE } : { active: false }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    target: `grpc://127.0.0.1:${port}/diode`,
    token,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
