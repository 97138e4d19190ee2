/** A Redis for one test on a loopback port, without persistence; undefined when it is not installed. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { env } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

const PATH = (env["PATH"] ?? "").split(delimiter);
const PROGRAM = PATH.map((folder) => join(folder, "redis-server")).find((file) => existsSync(file));

export const hasRedis = PROGRAM !== undefined;

/** `password`: of the user "default"; without one, everybody may do everything. */
export async function startRedis(folder: string, password = ""): Promise<RedisServer> {
  if (PROGRAM === undefined) throw new Error("Cannot find redis-server on the PATH");
  const port = await freePort();
  const options = {
    port,
    bind: "127.0.0.1",
    save: "",
    appendonly: "no",
    dir: folder,
    requirepass: password,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(PROGRAM, args, { stdio: "ignore" });
  await untilReady(child, port);
  return {
    port,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    },
  };
}

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("Cannot find a free port");
  return address.port;
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    if (await isOpen(port)) return;
    await sleep(25);
  }
  child.kill();
  throw new Error("redis-server did not open its port in 5 seconds");
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
