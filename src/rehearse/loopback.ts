/** Where servers of a rehearsal listen: on this machine, for nobody else. */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { reasonOf, usageError } from "../base/errors.ts";

export const HOST = "127.0.0.1";

/** Answers the port; 0 asks for any that is free. @throws AppError "usage" when it is taken. */
export async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, HOST);
    await once(server, "listening");
  } catch (cause) {
    throw usageError(`Cannot listen on ${HOST}:${port}: ${reasonOf(cause)}`, {
      hint: "Name another port, or 0 for any that is free",
      cause,
    });
  }
  return (server.address() as AddressInfo).port;
}
