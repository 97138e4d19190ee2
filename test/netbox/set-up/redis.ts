/** A Redis of our own: no port, no persistence, a socket in a folder of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, start } from "./program.ts";

export interface Redis {
  readonly socket: string;
  /** Forgets everything. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), "proxmox-diode-redis-"));
  const socket = join(folder, "redis.sock");
  const options = { port: "0", unixsocket: socket, save: "", appendonly: "no", dir: folder };
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
      await rm(folder, { recursive: true, force: true });
    },
  };
}
