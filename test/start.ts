/**
 * `npm start`: the stages as a user runs them, over real sockets. A served snapshot plays the cluster:
 * serve snapshots/example → capture → transform, into snapshots/rehearsal.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUN = "snapshots/rehearsal";
/** Two calls of the example are never answered: nobody shall wait half a minute for each. */
const SETTINGS = { PROXMOX_API_TIMEOUT: "2", SITE_NAME: "Brightwater HQ" };
/** Of a capture that could not read everything, as that of the example. */
const INCOMPLETE = 4;

type Environment = Readonly<Record<string, string>>;

function start(args: readonly string[], env: Environment, stdout: "inherit" | "pipe") {
  process.stdout.write(`\n$ proxmox-diode ${args.join(" ")}\n`);
  return spawn(process.execPath, ["src/cli.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", stdout, "inherit"],
  });
}

async function run(args: readonly string[], env: Environment): Promise<number | null> {
  const [code] = (await once(start(args, env, "inherit"), "close")) as [number | null];
  return code;
}

const server = start(["serve", "snapshots/example", "--json"], {}, "pipe");
// Without a line, its own error says why.
server.on("close", (code) => process.exit(code ?? 1));
const [line] = (await once(server.stdout ?? server, "data")) as [Buffer];
const said = JSON.parse(line.toString()) as Record<string, string | number>;
const cluster: Environment = {
  PROXMOX_HOST: String(said["host"]),
  PROXMOX_PORT: String(said["port"]),
  PROXMOX_USER: String(said["user"]),
  PROXMOX_TOKEN_NAME: String(said["token_name"]),
  PROXMOX_TOKEN_VALUE: String(said["token_value"]),
  PROXMOX_FINGERPRINT: String(said["fingerprint"]),
};
const captured = await run(["capture", "--out", RUN], { ...cluster, ...SETTINGS });
const isCaptured = captured === 0 || captured === INCOMPLETE;
process.exitCode = isCaptured ? (await run(["transform", RUN], {})) ?? 1 : captured ?? 1;
server.removeAllListeners("close");
server.kill("SIGINT");
