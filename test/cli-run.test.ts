/** The command run: the three stages between a simulated cluster and a simulated Diode. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Receiver } from "../src/rehearse/receive/receive.ts";
import type { Served } from "../src/rehearse/serve/serve.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { received } from "./helpers/receiving.ts";
import { runCli } from "./helpers/run-cli.ts";
import { served } from "./helpers/serving.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const SITE = "test/fixtures/pve9";

function settings({ host, port, fingerprint, token }: Served, diode: Receiver) {
  return {
    PROXMOX_HOST: host,
    PROXMOX_PORT: String(port),
    PROXMOX_USER: token.user,
    PROXMOX_TOKEN_NAME: token.name,
    PROXMOX_TOKEN_VALUE: token.value,
    PROXMOX_FINGERPRINT: fingerprint,
    DIODE_TARGET: diode.target,
    DIODE_CLIENT_ID: diode.client.id,
    DIODE_CLIENT_SECRET: diode.client.secret,
    PUSH_BOOTSTRAP_WAIT: "0",
  };
}

interface RunResult {
  readonly transform: { readonly counts: Readonly<Record<string, number>> };
  readonly push: object;
}

test("run captures, transforms and pushes a cluster, and prints one JSON object with --json", async () => {
  const [cluster, diode] = await Promise.all([served(SITE), received()]);
  const out = join(await tempFolder(), "lab");
  const env = settings(cluster, diode);
  const { code, stdout, stderr } = await runCli(["run", "--json", "--out", out], { env });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as RunResult;
  expect(Object.keys(result)).toEqual(["capture", "transform", "push"]);
  const made = Object.values(result.transform.counts).reduce((sum, count) => sum + count, 0);
  expect(made).toBeGreaterThan(0);
  expect(diode.entities()).toHaveLength(made);
});

test("run reports missing settings of a stage before the first request", async () => {
  const [cluster, diode] = await Promise.all([served(SITE), received()]);
  const env = { ...settings(cluster, diode), DIODE_TARGET: "" };
  const refused = await runCli(["run", "--out", await tempFolder()], { env });
  expectError(refused, 2, "DIODE_TARGET (--target) is required");
  const guard = { ...settings(cluster, diode), PUSH_MAX_CHANGED: "20%" };
  const guarded = await runCli(["run", "--out", await tempFolder()], { env: guard });
  expectError(guarded, 2, "PUSH_MAX_CHANGED", "--since");
  expect(cluster.traffic.requests).toBe(0);
});

test("run with BOOTSTRAP pushes the static entities without a request to a cluster", async () => {
  const [cluster, diode] = await Promise.all([served(SITE), received()]);
  const env = { ...settings(cluster, diode), BOOTSTRAP: "true" };
  const { code } = await runCli(["run", "--out", await tempFolder()], { env });
  expect(code).toBe(0);
  expect(cluster.traffic.requests).toBe(0);
  expect(diode.entities().map((entity) => Object.keys(entity)[1])).toContain("custom_field");
});

test("run pushes an incomplete capture, except with --require-complete", async () => {
  const [cluster, diode] = await Promise.all([
    served(SITE, { offline: ["cedar1"] }),
    received(),
  ]);
  const env = settings(cluster, diode);
  const folder = await tempFolder();
  const strict = ["run", "--require-complete", "--out", join(folder, "strict")];
  expect(await runCli(strict, { env })).toMatchObject({ code: 4 });
  expect(diode.requests).toEqual([]);
  expect(await runCli(["run", "--out", join(folder, "lab")], { env })).toMatchObject({ code: 4 });
  expect(diode.requests).not.toEqual([]);
});

test("run that is stopped during the capture names the command that resumes all stages", async () => {
  const [cluster, diode] = await Promise.all([
    served(SITE, { expireTokenAfter: 8, refusalMs: 0 }),
    received(),
  ]);
  const out = join(await tempFolder(), "my lab");
  const env = settings(cluster, diode);
  const stopped = await runCli(["run", "--out", out], { env });
  expect(stopped.code).toBe(6);
  expect(stopped.stderr).toContain(`resume with: proxmox-diode run --resume --out '${out}'`);
  cluster.disturb({});
  expect(await runCli(["run", "--resume", "--out", out], { env })).toMatchObject({ code: 0 });
  expect(diode.requests).not.toEqual([]);
});
