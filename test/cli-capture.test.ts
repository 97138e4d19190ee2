/** The commands capture and doctor: exit codes, output, and secrets that are never printed. */
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digest } from "../src/base/digest.ts";
import { answersIn, type Server } from "./helpers/capturing.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { rawServer, SECRET } from "./helpers/raw-server.ts";
import { type Finished, runCli } from "./helpers/run-cli.ts";
import { parseDenial } from "../src/rehearse/serve/rights.ts";
import { served } from "./helpers/serving.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const COMPLETE = "test/fixtures/pve9";
const PARTIAL = "test/fixtures/standalone-no-sys-audit";
const TOKEN = { user: "netbox@pve", name: "sync", value: SECRET };

/** Only lines of progress, which a slow machine prints. */
const ONLY_PROGRESS: unknown = expect.stringMatching(/^(?:ℹ [^\n]*\n)*$/);

const { fresh } = cliFolders();

function environment({ host, port, fingerprint, token }: Server): Record<string, string> {
  return {
    PROXMOX_HOST: host,
    PROXMOX_PORT: String(port),
    PROXMOX_USER: token.user,
    PROXMOX_TOKEN_NAME: token.name,
    PROXMOX_TOKEN_VALUE: token.value,
    PROXMOX_FINGERPRINT: fingerprint,
    PROXMOX_API_TIMEOUT: "5",
  };
}

describe("capture", () => {
  test("exits with 0 and prints one sentence when nothing is missing", async () => {
    const out = fresh();
    const env = environment(await served(COMPLETE, { token: TOKEN }));
    const finished = await runCli(["capture", "--out", out], { env });
    expect(finished).toEqual({
      code: 0,
      stderr: ONLY_PROGRESS,
      stdout: `Captured 4 guests on 1 node: 16 answers in ${out}, complete\n`,
    });
    expect(await answersIn(out)).toHaveProperty(["pve/nodes/cedar1.json"]);
  });

  test("exits with 4 when answers are missing, and prints each cause with what to do", async () => {
    const out = fresh();
    const env = environment(await served("snapshots/example", { token: TOKEN }));
    const { code, stdout } = await runCli(["capture", "--out", out], { env });
    expect(code).toBe(4);
    const words = [
      "partial",
      "denied           3  The API token may not read it",
      "403 Permission check failed (/vms/107, VM.Monitor)",
      "pveum role add GuestAgentMonitor --privs VM.Monitor",
      "unreachable      9  No connection to its node, or to the API host",
      `proxmox-diode capture --resume --out ${out}`,
    ];
    for (const word of words) expect(stdout).toContain(word);
  });

  test("prints JSON with --json, and nothing with --quiet", async () => {
    const env = environment(await served(PARTIAL, { token: TOKEN }));
    const [json, quiet] = await Promise.all([
      runCli(["capture", "--out", fresh(), "--json"], { env }),
      runCli(["capture", "--out", fresh(), "--quiet"], { env }),
    ]);
    expect([json.code, json.stderr]).toEqual([4, ONLY_PROGRESS]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      outcome: "partial",
      counts: { nodes: 1 },
      gaps: expect.arrayContaining([expect.objectContaining({ cause: "denied", count: 4 })]),
    });
    expect(quiet).toEqual({ code: 4, stdout: "", stderr: "" });
  });

  test("accepts the variable names of other tools, a token from a file, and a policy file", async () => {
    const server = await served(COMPLETE, { token: TOKEN });
    const { host, port, fingerprint } = server;
    const folder = await tempFolder();
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const value = await write("value", `${SECRET}\n`);
    const whole = await write("whole", `netbox@pve!sync=${SECRET}\n`);
    const policy = await write(
      "policy.yaml",
      `config:\n  PROXMOX_HOST: ${host}:${port}\n  PROXMOX_TOKEN_NAME: netbox@pve!sync\n` +
        `  PROXMOX_FINGERPRINT: "${fingerprint}"\nscope:\n  nodes: [cedar1]\n`,
    );
    const pin = { PVE_FINGERPRINT: fingerprint };
    const ways: readonly [string[], Record<string, string>][] = [
      [[], {
        ...pin,
        PVE_HOST: `${host}:${port}`,
        PVE_USER: "netbox@pve",
        PVE_TOKEN_NAME: "sync",
        PVE_TOKEN_VALUE: SECRET,
      }],
      [[], {
        ...pin,
        PROXMOX_VE_ENDPOINT: `https://${host}:${port}/`,
        PROXMOX_VE_API_TOKEN: `netbox@pve!sync=${SECRET}`,
      }],
      [[], {
        ...pin,
        PM_API_URL: `https://${host}:${port}/api2/json`,
        PM_API_TOKEN_ID: "netbox@pve!sync",
        PM_API_TOKEN_SECRET: SECRET,
      }],
      [["--proxmox-token-file", whole], { ...pin, PROXMOX_HOST: host, PVE_PORT: String(port) }],
      [["--config", policy, "--proxmox-token-value-file", value], {}],
      [["--config", policy], { PROXMOX_TOKEN_VALUE_FILE: value }],
    ];
    const finished = await Promise.all(
      ways.map(([args, env]) => runCli(["capture", "--out", fresh(), ...args], { env })),
    );
    expect(finished.map(({ code, stderr }) => [code, stderr]))
      .toEqual(ways.map(() => [0, ONLY_PROGRESS]));
  });

  test("exits with 0 with BOOTSTRAP, without any call or other setting", async () => {
    const out = fresh();
    const finished = await runCli(["capture", "--out", out], { env: { BOOTSTRAP: "true" } });
    expect([finished.code, finished.stdout]).toEqual([0, ""]);
    await expect(readdir(out)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("prints the planned calls with --plan, and writes nothing", async () => {
    const out = fresh();
    const server = await served("snapshots/example", { token: TOKEN });
    const env = environment(server);
    const [text, json] = await Promise.all([
      runCli(["capture", "--plan", "--out", out], { env }),
      runCli(["capture", "--plan", "--json"], { env }),
    ]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toContain(
      "/nodes/{node}/{qemu|lxc}/{vmid}/config?current=1           36\n",
    );
    expect(text.stdout).toMatch(/get-osinfo +13 +at most\n/);
    expect(JSON.parse(json.stdout)).toMatchObject({ total: 75 });
    expect(server.traffic.requests).toBe(12);
    await expect(readdir(out)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("rejects a folder that it cannot resume from, or that contains another run", async () => {
    const env = environment(await served(COMPLETE, { token: TOKEN }));
    const example = fresh("example");
    await cp(join(ROOT, "snapshots/example"), example, { recursive: true });
    const [uri, nothing, foreign, missing] = await Promise.all([
      runCli(["capture", "--out", "s3://bucket/lab"], { env }),
      runCli(["capture", "--out", fresh(), "--resume"], { env }),
      runCli(["capture", "--out", example], { env }),
      runCli(["capture", "--out", fresh()], { env: { PROXMOX_HOST: "pve1" } }),
    ]);
    expectError(uri, 2, "s3://", "folder on this machine");
    expectError(nothing, 2, "nothing to resume");
    expectError(foreign, 2, '"pve1.example.net"', "--out");
    expectError(missing, 2, "PROXMOX_TOKEN_NAME (--proxmox-token-name) is required");
    expect(await answersIn(example)).toEqual(await answersIn(join(ROOT, "snapshots/example")));
  });

  test("rejects --resume for another host or another scope", async () => {
    const env = environment(await served(COMPLETE, { token: TOKEN }));
    const out = fresh();
    expect((await runCli(["capture", "--out", out], { env })).code).toBe(0);
    const args = ["capture", "--out", out, "--resume"];
    const [host, scope] = await Promise.all([
      runCli(args, { env: { ...env, PROXMOX_HOST: "localhost" } }),
      runCli([...args, "--nodes", "cedar1"], { env }),
    ]);
    expectError(host, 2, 'PROXMOX_HOST "127.0.0.1", not "localhost"');
    expectError(scope, 2, 'PROXMOX_NODES "*", not "cedar1"');
  });

  test("exits with 5 when --resume finds a journal of an unknown format, or a damaged one", async () => {
    const env = environment(await served(COMPLETE, { token: TOKEN }));
    const [newer, damaged] = [fresh(), fresh()];
    const head = '{"format":3,"started_at":"2026-01-02T03:04:05Z"}';
    await writeJournal(newer, head);
    await writeJournal(damaged, '{"format":1}');
    const [format, line] = await Promise.all(
      [newer, damaged].map((out) => runCli(["capture", "--out", out, "--resume"], { env })),
    );
    expectError(format!, 5, "journal format 3", "reads format 1 and 2", "without --resume");
    expectError(line!, 5, "line 1 is damaged", "without --resume");
    expect((await runCli(["capture", "--out", newer], { env })).code).toBe(0);
  });
});

async function writeJournal(folder: string, json: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "capture.journal"), `["${digest(json).slice(0, 8)}",${json}]\n`);
}

describe("doctor", () => {
  test("exits with 0 and prints its findings when the token can read everything", async () => {
    const server = await served("snapshots/example", { token: TOKEN });
    const { code, stdout, stderr } = await runCli(["doctor"], { env: environment(server) });
    expect([code, stderr]).toEqual([0, ""]);
    const words = [
      "9.2.4",
      "brightwater: pve1, pve2, pve3, pve4",
      server.fingerprint,
      "CN=localhost",
    ];
    for (const word of [...words, "netbox@pve!sync is accepted", "pinned"]) {
      expect(stdout).toContain(word);
    }
    expect(stdout).not.toContain("pveum");
    expect(server.traffic.requests).toBe(6);
  });

  test("rejects a scope that matches no node, as capture does", async () => {
    const server = await served("snapshots/example", { token: TOKEN });
    const refused = await runCli(["doctor", "--nodes=pve8"], { env: environment(server) });
    expectError(refused, 2, '"pve8"', "pve1, pve2, pve3, pve4");
  });

  test("exits with 4 and prints what the token cannot read, with commands that fix it", async () => {
    const server = await served(PARTIAL, { token: TOKEN });
    const env = environment(server);
    const [text, json] = await Promise.all([
      runCli(["doctor"], { env }),
      runCli(["doctor", "--json", "--quiet"], { env }),
    ]);
    expect([text.code, json.code]).toEqual([4, 4]);
    expect(text.stdout).toMatch(/\/cluster\/status +nothing +Sys\.Audit +\/\n/);
    expect(text.stdout).toMatch(/\/nodes\/\{node\}\/network +nothing +SDN\.Audit or SDN\.Use/);
    expect(text.stdout).toContain("pveum acl modify / --roles PVEAuditor --users 'netbox@pve'");
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: "8.4.14",
      token: "netbox@pve!sync",
      certificate: { trust: "pinned", fingerprint: server.fingerprint },
      access: expect.arrayContaining([{
        endpoint: "osinfo",
        path: "/nodes/{node}/qemu/{vmid}/agent/get-osinfo",
        may: "none",
        lacks: ["VM.Monitor"],
        on: ["/vms"],
        mend_on: ["/"],
      }]),
      grants: expect.arrayContaining(["pveum role add GuestAgentMonitor --privs VM.Monitor"]),
    });
  });
});

describe("NoAccess on a guest, which hides the guest,", () => {
  test("is reported by capture and by doctor, with the command that deletes it", async () => {
    const denials = [parseDenial("NoAccess:/vms/101")];
    const env = environment(await served("snapshots/example", { token: TOKEN, denials }));
    const command = "pveum acl delete /vms/101 --roles NoAccess --tokens 'netbox@pve!sync'";
    const [doctor, capture] = await Promise.all([
      runCli(["doctor"], { env }),
      runCli(["capture", "--out", fresh()], { env }),
    ]);
    expect([doctor.code, capture.code]).toEqual([4, 4]);
    expect(doctor.stdout).toMatch(/\/cluster\/resources\?type=vm +a part +VM\.Audit +\/vms\/101\n/);
    for (const { stdout } of [doctor, capture]) {
      expect(stdout).toContain(command);
      expect(stdout).not.toContain("PVEAuditor");
    }
  });
});

describe("the token's secret never appears", () => {
  async function textsIn(folder: string): Promise<string[]> {
    const found = await readdir(folder, { recursive: true, withFileTypes: true })
      .catch((): never[] => []);
    const files = found.filter((entry) => entry.isFile());
    return await Promise.all(
      files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")),
    );
  }

  async function expectNoSecret(finished: Finished, folder: string): Promise<void> {
    const texts = [finished.stdout, finished.stderr, ...(await textsIn(folder))];
    for (const text of texts) expect(text).not.toContain(SECRET);
  }

  test("in files and output of capture, also when a server echoes it or the capture fails", async () => {
    const good = environment(await served(COMPLETE, { token: TOKEN }));
    const echo = environment(
      await rawServer((request, response) => {
        const header = request.headers["authorization"] ?? "";
        const rows = [{ node: "pve1", status: "online", header }];
        const isList = request.url?.endsWith("/nodes") === true;
        if (isList) response.end(JSON.stringify({ data: rows }));
        else response.writeHead(500, header).end(JSON.stringify({ message: header, data: null }));
      }),
    );
    const refused = environment(
      await served(COMPLETE, { token: { ...TOKEN, value: "another" }, refusalMs: 0 }),
    );
    const cases: readonly [Record<string, string>, number][] = [
      [good, 0],
      [{ ...echo }, 4],
      [{ ...refused, PROXMOX_TOKEN_VALUE: SECRET }, 6],
      [{ ...good, PROXMOX_FINGERPRINT: "", PROXMOX_SSL_VERIFY: "true" }, 6],
      [{ ...good, PROXMOX_HOST: "absent.invalid" }, 6],
      [{ ...good, PROXMOX_TOKEN_VALUE: `${SECRET} x` }, 2],
      [{ ...good, PROXMOX_TOKEN_NAME: `x=${SECRET}` }, 2],
      [{ ...good, PROXMOX_CA_FILE: "/nowhere", PROXMOX_FINGERPRINT: "" }, 2],
    ];
    for (const [i, [env, code]] of cases.entries()) {
      const out = fresh();
      const format = i % 2 === 0 ? "text" : "json";
      const args = ["capture", "--out", out, "--verbose", "--log-format", format];
      const finished = await runCli(args, { env });
      expect(finished.code, finished.stderr).toBe(code);
      expect(finished.stderr).not.toContain("is a bug");
      await expectNoSecret(finished, out);
    }
  });

  test("in the output of doctor", async () => {
    const env = environment(await served(COMPLETE, { token: TOKEN }));
    const finished = await runCli(["doctor", "--verbose", "--json"], { env });
    await expectNoSecret(finished, await tempFolder());
  });
});
