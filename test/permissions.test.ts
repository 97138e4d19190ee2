/** The Deno task of each command has the least permissions that it needs. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { textsFor } from "./helpers/capturing.ts";
import { SITE_ENTITIES } from "./helpers/sample-site.ts";
import { smallNetBox } from "./helpers/comparing.ts";
import { call, statusOf, tokenOf } from "./helpers/diode-client.ts";
import { buildSet } from "./helpers/entity-set.ts";
import { ROOT } from "./helpers/golden.ts";
import { receiver } from "./helpers/pushing.ts";
import { ask } from "./helpers/pve-client.ts";
import { served } from "./helpers/serving.ts";
import { requestBytes, tag } from "./helpers/receiving.ts";
import { TOKEN } from "./helpers/small-netbox.ts";
import { surveyedNetBox } from "./helpers/surveying.ts";
import { RENAME, startTidyNetBox, writePlan } from "./helpers/tidying.ts";

const DENO = join(ROOT, "node_modules/.bin/deno");

/** Below snapshots/, the only folder that the task may write to. */
let run = "";

beforeAll(async () => {
  run = await mkdtemp(join(ROOT, "snapshots/permissions-"));
  for (const part of ["manifest.json", "pve"]) {
    await cp(join(ROOT, "snapshots/example", part), join(run, part), { recursive: true });
  }
});

afterAll(() => rm(run, { recursive: true, force: true }));

interface TaskResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function task(...args: string[]): Promise<TaskResult> {
  return taskOf("transform", args);
}

function taskOf(
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<TaskResult> {
  const options = { cwd: ROOT, env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    execFile(DENO, ["task", name, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

async function commandOf(name: string): Promise<string> {
  const config: unknown = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
  return (config as { tasks: Record<string, string> }).tasks[name] ?? "";
}

test("the task transform has no network, prompts for nothing and writes only below snapshots/", async () => {
  expect((await commandOf("transform")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--deny-net",
  ]);
});

test("the task transform transforms a run folder", async () => {
  const { code, stderr } = await task(run, "--quiet");
  expect(code, stderr).toBe(0);
  expect(await readdir(join(run, "netbox"))).toContain("manifest.json");
});

test("the task transform cannot write elsewhere, and reports it without a stack trace", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "elsewhere-"));
  const { code, stderr } = await task(run, "--out", elsewhere);
  expect(code).toBe(2);
  expect(stderr).toContain("Cannot write");
  expect(stderr).not.toContain("    at ");
  expect(await readdir(elsewhere)).toEqual([]);
  await rm(elsewhere, { recursive: true });
});

test("the task transform cannot reach a network", async () => {
  const { code, stderr } = await task("redis://127.0.0.1:6379/0/lab");
  expect(code).not.toBe(0);
  expect(stderr).toContain("Requires net access");
});

test("the task push works with the network and write access below snapshots/", async () => {
  const [command = "", ...args] = (await commandOf("push")).split(" ");
  expect(args.filter((arg) => arg.startsWith("--"))).toEqual([
    "--v8-flags=--heap-growing-percent=50",
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--allow-net",
  ]);
  const files = join(run, "push");
  await cp(join(ROOT, "snapshots/example/netbox"), join(files, "netbox"), { recursive: true });
  for (const isTls of [false, true]) {
    const diode = await receiver({ isTls });
    const given = isTls ? ["--skip-tls-verify"] : [];
    const child = spawn(join(ROOT, command), [...args, files, "--bootstrap-wait=0", ...given], {
      cwd: ROOT,
      env: {
        ...process.env,
        DIODE_TARGET: diode.target,
        DIODE_CLIENT_ID: diode.client.id,
        DIODE_CLIENT_SECRET: diode.client.secret,
      },
      stdio: "ignore",
    });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(diode.requests).toHaveLength(13);
  }
  expect((await readdir(join(files, "push"))).length).toBe(2);
});

test("the task compare works with the network and without write access", async () => {
  expect((await commandOf("compare")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-net",
    "--deny-write",
  ]);
  const files = join(run, "compare");
  await buildSet(files, SITE_ENTITIES);
  for (const isTls of [false, true]) {
    const netbox = await smallNetBox({ isTls });
    const given = isTls ? ["--skip-tls-verify"] : [];
    const { code, stderr } = await taskOf("compare", [files, "--exit-code", ...given], {
      NETBOX_URL: netbox.url,
      NETBOX_TOKEN: TOKEN,
    });
    expect(code, stderr).toBe(0);
  }
});

test("the task compare needs no network with --target", async () => {
  const { code, stderr } = await taskOf("compare", [
    "snapshots/example",
    "--target",
    "snapshots/example-netbox",
  ], {});
  expect(code, stderr).toBe(0);
});

test("the task survey works with the network and write access below snapshots/", async () => {
  expect((await commandOf("survey")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--allow-net",
  ]);
  const netbox = await surveyedNetBox();
  const out = join(run, "surveyed");
  const { code, stderr } = await taskOf("survey", ["--out", out], {
    NETBOX_URL: netbox.url,
    NETBOX_TOKEN: TOKEN,
  });
  expect(code, stderr).toBe(0);
  expect(await readdir(out)).toEqual(["manifest.json", "target"]);
});

test("the task tidy works with the network and write access below snapshots/", async () => {
  expect((await commandOf("tidy")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--allow-net",
  ]);
  const netbox = await startTidyNetBox();
  onTestFinished(() => netbox.close());
  await writePlan(join(run, "tidied"), netbox.url, [RENAME]);
  const { code, stderr } = await taskOf("tidy", [join(run, "tidied"), "--apply"], {
    NETBOX_URL: netbox.url,
    NETBOX_TOKEN: TOKEN,
  });
  expect(code, stderr).toBe(0);
  expect(await readdir(join(run, "tidied", "tidy"))).toHaveLength(1);
});

test("the task serve works with read access to this folder and the loopback interface", async () => {
  const [command = "", ...args] = (await commandOf("serve")).split(" ");
  expect(args.filter((arg) => arg.startsWith("--"))).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-net=127.0.0.1",
  ]);
  const child = spawn(join(ROOT, command), [...args, run, "--json"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const { url, certificate, user, token_name: name, token_value: value } = JSON.parse(String(line));
  const answer = await ask(
    { url, certificatePem: certificate, token: { user, name, value } },
    "/nodes",
  );
  expect(answer.status).toBe(200);
});

test("the task serve-netbox works with write access below snapshots/ and the loopback interface", async () => {
  const [command = "", ...args] = (await commandOf("serve-netbox")).split(" ");
  expect(args.filter((arg) => arg.startsWith("--"))).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--allow-net=127.0.0.1",
  ]);
  const certificateFile = join(run, "netbox.pem");
  const child = spawn(join(ROOT, command), [
    ...args,
    "snapshots/example-netbox",
    "--json",
    "--tls",
    certificateFile,
  ], { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const { url, token } = JSON.parse(String(line));
  const out = join(run, "surveyed-example");
  const { code, stderr } = await taskOf("survey", ["--out", out, "--cert-file", certificateFile], {
    NETBOX_URL: url,
    NETBOX_TOKEN: token,
  });
  expect(code, stderr).toBe(0);
});

test("the task receive works with write access below snapshots/ and the loopback interface", async () => {
  const [command = "", ...args] = (await commandOf("receive")).split(" ");
  expect(args.filter((arg) => arg.startsWith("--"))).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--allow-net=127.0.0.1",
  ]);
  const child = spawn(join(ROOT, command), [...args, "--json", "--out", join(run, "received")], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const { target, client_id: id, client_secret: secret } = JSON.parse(String(line));
  const peer = { target, client: { id, secret }, certificatePem: undefined };
  const answer = await call(peer, requestBytes([tag("x")]), { token: await tokenOf(peer) });
  expect(statusOf(answer)).toBe("0");
  const ended = once(child, "close");
  process.kill(child.pid ?? 0, "SIGINT");
  expect((await ended)[0]).toBe(0);
  expect(await readdir(join(run, "received/netbox"))).toContain("manifest.json");
});

test("the task capture reaches only PROXMOX_HOST, writes only below snapshots/ and prompts for nothing", async () => {
  expect((await commandOf("capture")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--allow-net=$PROXMOX_HOST",
  ]);
  const server = await served("test/fixtures/pve9");
  const env = Object.fromEntries(
    Object.entries(textsFor(server)).map(([name, text]) => [name, text ?? ""]),
  );
  const out = await mkdtemp(join(ROOT, "snapshots/captured-"));
  onTestFinished(() => rm(out, { recursive: true, force: true }));
  const captured = await taskOf("capture", ["--out", out], env);
  expect(captured.code, captured.stderr).toBe(0);
  expect((await readdir(out)).sort()).toEqual(["manifest.json", "pve"]);

  const named = ["--out", `${out}-2`, "--proxmox-host", "localhost"];
  const unreached = await taskOf("capture", named, env);
  expect([unreached.code, unreached.stderr]).toEqual([6, expect.stringContaining("was refused")]);
  expect(server.traffic.methods).toEqual(new Map([["GET", server.traffic.requests]]));
});

test("the task doctor reaches only PROXMOX_HOST and has no write access", async () => {
  expect((await commandOf("doctor")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-net=$PROXMOX_HOST",
  ]);
});

test.each([
  ["inspect", ["snapshots/example"], "snapshot"],
  ["explain", ["snapshots/example", "vm/101"], "virtual-machine git"],
  ["diff", ["snapshots/example", "snapshots/example"], "snapshot"],
  ["log", ["test/golden/history"], "folder removed"],
  ["verify", ["snapshots/example"], "snapshot"],
])(
  "the task %s reads this folder, without network and write access",
  async (name, operands, shown) => {
    expect((await commandOf(name)).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
      "--no-prompt",
      "--allow-read=.",
      "--allow-env",
      "--deny-net",
      "--deny-write",
    ]);
    const { code, stdout, stderr } = await taskOf(name, operands);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(shown);
    const elsewhere = operands.map((operand) =>
      operand.includes("/") && !operand.startsWith("vm/") ? "redis://127.0.0.1:6379/0/lab" : operand
    );
    const remote = await taskOf(name, elsewhere);
    expect(remote.code).not.toBe(0);
    expect(remote.stderr).toContain("Requires net access");
  },
);

test("the task report works with read access to this folder and write access below snapshots/", async () => {
  expect((await commandOf("report")).match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--deny-net",
  ]);
  const { code, stderr } = await taskOf("report", [run, "--quiet"]);
  expect(code, stderr).toBe(0);
  expect(await readdir(run)).toContain("report.html");
  const elsewhere = await taskOf("report", [run, "--out", join(tmpdir(), "report.html")]);
  expect(elsewhere.code, elsewhere.stderr).toBe(2);
  expect(elsewhere.stderr).not.toContain("    at ");
});
