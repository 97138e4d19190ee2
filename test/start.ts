/**
 * `npm start`: the whole pipeline over real sockets, only on this machine. `serve` answers as the
 * cluster of snapshots/example, `serve-netbox` as a NetBox that people work in, and `receive` replaces Diode.
 * `run` surveys, captures, transforms and pushes, and `compare` shows what NetBox had of it before the push.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { EXAMPLE_NETBOX } from "./helpers/example-netbox.ts";
import { ROOT } from "./helpers/golden.ts";
import { startProcess } from "./helpers/run-process.ts";

const RUN = "snapshots/rehearsal";
/** Where `run` puts its survey. */
const SURVEYED = `${RUN}-netbox`;
const RECEIVED = `${RUN}-received`;
/** Exit code of a partial capture: some guests of the example do not answer. */
const INCOMPLETE = 4;

for (const folder of [RUN, SURVEYED, RECEIVED]) {
  await rm(join(ROOT, folder), { recursive: true, force: true });
}
const servers = [
  startProcess(["serve", "snapshots/example"]),
  startProcess(["receive", "--out", RECEIVED]),
  startProcess(["serve-netbox", EXAMPLE_NETBOX]),
];
/** Variables that each of them prints. */
const LINES = [6, 3, 2];
try {
  const exported = await Promise.all(servers.map((server, i) => server.lines(LINES[i] ?? 0)));
  const env = Object.fromEntries(
    exported.flat().map((line) => {
      const [, name = "", value = ""] = /^export (\w+)=(.*)$/.exec(line) ?? [];
      return [name, value];
    }),
  );
  // Nothing is applied here, and one guest of the example never answers.
  const shortWaits = {
    PUSH_BOOTSTRAP_WAIT: "0",
    PROXMOX_API_TIMEOUT: "1",
    SITE_NAME: "Brightwater HQ",
  };
  const program = relative(process.cwd(), join(ROOT, "src/cli.ts"));
  const start = async (...args: readonly string[]): Promise<number> => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: "inherit",
      env: { ...process.env, ...env, ...shortWaits },
    });
    const [code] = await once(child, "exit") as [number | null];
    return code ?? 1;
  };
  const code = await start("run", "--survey", "--out", RUN);
  if (code === 0 || code === INCOMPLETE) {
    process.stdout.write("\nNetBox before the push, of the steps cluster and device alone:\n");
    await start("compare", RUN, "--target", SURVEYED, "--only", "cluster,device");
  }
  process.stdout.write(
    `Files are in ${RUN}, the survey in ${SURVEYED}; what the Diode of this rehearsal was sent is in ${RECEIVED}\n`,
  );
  process.exitCode = code === INCOMPLETE ? 0 : code;
} finally {
  await Promise.all(servers.map((server) => server.stop("SIGINT")));
}
