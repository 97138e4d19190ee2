/**
 * `npm start`: the whole pipeline over real sockets, only on this machine. `serve` answers as the cluster of
 * snapshots/example. A NetBox that people work in, and a Diode that applies to it what it is sent, are simulated.
 * `run` surveys, captures, transforms, pushes and confirms; `compare` shows what NetBox had of it before the push.
 * A second run of the history has nothing to send, and `log` lists both.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { REHEARSAL_NETBOX_TOKEN } from "../src/rehearse/settings.ts";
import { EXAMPLE_NETBOX } from "./helpers/example-netbox.ts";
import { ROOT } from "./helpers/golden.ts";
import { startDiodeAndNetBox } from "./helpers/lossy-diode.ts";
import { modelOf } from "./helpers/model-of-target.ts";
import { startProcess } from "./helpers/run-process.ts";

const HISTORY = "snapshots/rehearsal";
/** Exit code of a partial capture: some guests of the example do not answer. */
const INCOMPLETE = 4;

await rm(join(ROOT, HISTORY), { recursive: true, force: true });
const cluster = startProcess(["serve", "snapshots/example"]);
/** Variables that it prints. */
const LINES = 6;
const both = await startDiodeAndNetBox({ model: await modelOf(EXAMPLE_NETBOX) });
try {
  const exported = (await cluster.lines(LINES)).map((line) => {
    const [, name = "", value = ""] = /^export (\w+)=(.*)$/.exec(line) ?? [];
    return [name, value];
  });
  const env = {
    ...Object.fromEntries(exported),
    DIODE_TARGET: both.receiver.target,
    DIODE_CLIENT_ID: both.receiver.client.id,
    DIODE_CLIENT_SECRET: both.receiver.client.secret,
    NETBOX_URL: both.netbox.url,
    NETBOX_TOKEN: REHEARSAL_NETBOX_TOKEN,
  };
  // One guest of the example never answers.
  const settings = { PROXMOX_API_TIMEOUT: "1", SITE_NAME: "Brightwater HQ" };
  const program = relative(process.cwd(), join(ROOT, "src/cli.ts"));
  const start = async (...args: readonly string[]): Promise<number> => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: "inherit",
      env: { ...process.env, ...env, ...settings },
    });
    const [code] = await once(child, "exit") as [number | null];
    return code ?? 1;
  };
  const run = (...options: readonly string[]): Promise<number> =>
    start("run", "--history", HISTORY, "--survey", ...options);
  let code = await run();
  if (code === 0 || code === INCOMPLETE) {
    process.stdout.write("\nNetBox before the push, of the steps cluster and device alone:\n");
    const target = `${HISTORY}@latest-netbox`;
    await start("compare", `${HISTORY}@latest`, "--target", target, "--only", "cluster,device");
    process.stdout.write("A second run, which has nothing to send:\n");
    code = await run("--quiet");
    await start("log", HISTORY);
  }
  process.stdout.write(`Runs and surveys are in ${HISTORY}\n`);
  process.exitCode = code === INCOMPLETE ? 0 : code;
} finally {
  await Promise.all([cluster.stop("SIGINT"), both.close()]);
}
