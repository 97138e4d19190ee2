/** A temporary Redis: no port, no persistence, a socket in its own folder. */
import { join } from "node:path";
import { run, start } from "./program.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface Redis {
  readonly socket: string;
  /** Deletes all data. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<Redis> {
  const folder = await temporaryFolder("redis");
  const socket = join(folder.path, "redis.sock");
  const options = { port: "0", unixsocket: socket, save: "", appendonly: "no", dir: folder.path };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const server = start("redis-server", args);
  await server.line(/ready to accept connections/i);
  return {
    socket,
    async flush() {
      await run("redis-cli", ["-s", socket, "flushall"]);
    },
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}
