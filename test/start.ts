/**
 * `npm start`: the whole pipeline over real sockets, only on this machine. `serve` answers as the
 * cluster of snapshots/example, `receive` replaces Diode, and `run` captures, transforms and pushes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { ROOT } from "./helpers/golden.ts";
import { startProcess } from "./helpers/run-process.ts";

const RUN = "snapshots/rehearsal";
const RECEIVED = "snapshots/rehearsal-received";
/** Exit code of a partial capture: some guests of the example do not answer. */
const INCOMPLETE = 4;

for (const folder of [RUN, RECEIVED]) {
  await rm(join(ROOT, folder), { recursive: true, force: true });
}
const servers = [
  startProcess(["serve", "snapshots/example"]),
  startProcess(["receive", "--out", RECEIVED]),
];
try {
  const exported = await Promise.all([servers[0]?.lines(6), servers[1]?.lines(3)]);
  const env = Object.fromEntries(
    exported.flatMap((lines) => lines ?? []).map((line) => {
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
  const run = spawn(process.execPath, [program, "run", "--out", RUN], {
    stdio: "inherit",
    env: { ...process.env, ...env, ...shortWaits },
  });
  const [code] = await once(run, "exit") as [number | null];
  process.stdout.write(
    `Files are in ${RUN}; what the Diode of this rehearsal was sent is in ${RECEIVED}\n`,
  );
  process.exitCode = code === INCOMPLETE ? 0 : code ?? 1;
} finally {
  await Promise.all(servers.map((server) => server.stop("SIGINT")));
}
