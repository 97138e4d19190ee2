/** SDN and the host names of guest agents: read only with their settings, counted by --plan, checked by doctor. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planCapture } from "../../src/capture/command/capture.ts";
import { doctor } from "../../src/capture/command/doctor.ts";
import type { CaptureTexts } from "../../src/capture/settings.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import { hiddenRows } from "../../src/proxmox/answers.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { readSdn } from "../../src/proxmox/sdn.ts";
import { parseDenial } from "../../src/rehearse/serve/rights.ts";
import type { ServeOptions } from "../../src/rehearse/serve/serve.ts";
import { AUDITOR, captured, listing, liveLab, optionsFor } from "../helpers/capturing.ts";
import { expectError } from "../helpers/cli-folders.ts";
import { ask } from "../helpers/pve-client.ts";
import type { Lab, LabGuest } from "../helpers/lab.ts";
import { runCli } from "../helpers/run-cli.ts";
import { served } from "../helpers/serving.ts";
import { ok } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const FULL = { NETWORK_DEPTH: "full" };
const NAMES = { AGENT_HOST_NAMES: "true" };
const FIXTURE = "test/fixtures/sdn";
const run = { signal: new AbortController().signal, onWarning: () => undefined };

const SITE: Record<string, Answer> = {
  [PATHS.sdnZones]: ok([{ zone: "dc1", type: "vlan" }, { zone: "dc2", type: "evpn" }]),
  [PATHS.sdnVnets]: ok([{ vnet: "web", zone: "dc1", tag: 10 }, { vnet: "db", zone: "dc2" }]),
  [PATHS.sdnSubnets("web")]: ok([{ subnet: "dc1-10.0.0.0-24", vnet: "web" }]),
  [PATHS.sdnSubnets("db")]: ok([]),
};
const SDN_PATHS = Object.keys(SITE).sort();

interface Given {
  readonly more?: Record<string, Answer>;
  readonly settings?: CaptureTexts;
  readonly options?: ServeOptions;
  readonly parts?: Lab;
}

async function captureSdn({ more = {}, settings = FULL, options = {}, parts = {} }: Given = {}) {
  const snapshot = liveLab({ ...parts, more: { ...SITE, ...more } });
  const server = await served(snapshot, options);
  const outcome = await captured(server, { settings });
  const sdn = outcome.paths.filter((path) => path.includes("/sdn/")).sort();
  return { ...outcome, server, sdn };
}

function askedPaths({ traffic }: { traffic: { asked: ReadonlyMap<string, number> } }): string[] {
  return [...traffic.asked.keys()].filter((path) => /sdn|host-name/.test(path)).sort();
}

describe("SDN is read", () => {
  test("with NETWORK_DEPTH=full, each call once, and the setting is recorded", async () => {
    const { server, sdn, summary } = await captureSdn();
    expect(sdn).toEqual(SDN_PATHS);
    expect(askedPaths(server)).toEqual(SDN_PATHS);
    expect(new Set(server.traffic.asked.values())).toEqual(new Set([1]));
    expect(summary.manifest).toMatchObject({ outcome: "complete", settings: FULL });
  });

  test.each<[string, CaptureTexts]>([["no setting", {}], ["the default", {
    NETWORK_DEPTH: "mapped",
    AGENT_HOST_NAMES: "false",
  }]])("not with %s: then not one more request is made", async (_, settings) => {
    const server = await served(FIXTURE);
    const { paths, summary } = await captured(server, { settings });
    expect(askedPaths(server)).toEqual([]);
    expect(paths.filter((path) => /sdn|host-name/.test(path))).toEqual([]);
    expect(summary.manifest.outcome).toBe("complete");
  });

  test("as not there on a release without it, which is not a gap", async () => {
    const absent = (path: string): Answer => ({
      status: 501,
      error: `Method 'GET ${path}' not implemented`,
    });
    const { summary, sdn, answer } = await captureSdn({
      more: {
        [PATHS.sdnZones]: absent("/cluster/sdn/zones"),
        [PATHS.sdnVnets]: absent("/cluster/sdn/vnets"),
      },
      options: { denials: [parseDenial("SDN.Audit:/sdn/zones/dc1")] },
    });
    expect(sdn).toEqual([PATHS.sdnVnets, PATHS.sdnZones]);
    expect(answer(PATHS.sdnVnets)).toMatchObject({ status: 501 });
    expect(summary.gaps).toEqual([]);
  });

  test("in a cluster without zones", async () => {
    const { summary, sdn } = await captureSdn({
      more: { [PATHS.sdnZones]: ok([]), [PATHS.sdnVnets]: ok([]) },
    });
    expect(sdn).toEqual([PATHS.sdnVnets, PATHS.sdnZones]);
    expect(summary.gaps).toEqual([]);
  });

  test("but not of a name that no VNet can have", async () => {
    const vnets = ["../nodes", "a/b", "x", "waytoolong", "a?b=1", "web"];
    const { server } = await captureSdn({
      more: { [PATHS.sdnVnets]: ok(vnets.map((vnet) => ({ vnet, zone: "dc1" }))) },
    });
    expect(askedPaths(server).filter((path) => path.includes("subnets"))).toEqual([
      PATHS.sdnSubnets("web"),
    ]);
  });

  test("with a gap for the subnets of a VNet that was deleted, but not applied", async () => {
    const { [PATHS.sdnSubnets("db")]: _db, ...others } = SITE;
    const snapshot = liveLab({
      more: {
        ...others,
        [PATHS.sdnSubnets("db")]: { status: 500, error: "sdn vnet 'db' does not exist" },
      },
    });
    const { summary } = await captured(await served(snapshot), { settings: FULL });
    expect(summary.gaps).toMatchObject([{
      cause: "failed",
      count: 1,
      example: { path: PATHS.sdnSubnets("db"), reason: "500 sdn vnet 'db' does not exist" },
    }]);
  });
});

describe("a token that may not read all of SDN", () => {
  test.each<[string, string, string[], string[]]>([
    ["no SDN.Audit on a zone", "SDN.Audit:/sdn/zones/dc2", ["dc1"], ["web"]],
    ["no rights on a zone", "NoAccess:/sdn/zones/dc2", ["dc1"], ["web"]],
    ["no SDN.Audit", "SDN.Audit", [], []],
    ["no SDN.Audit on the VNets of a zone", "SDN.Audit:/sdn/zones/dc2/*", ["dc1", "dc2"], ["web"]],
    ["no SDN.Audit on a VNet", "SDN.Audit:/sdn/zones/dc1/web", ["dc1", "dc2"], ["db"]],
  ])("gives a partial snapshot: %s", async (_, denial, zones, vnets) => {
    const { summary, answer } = await captureSdn({ options: { denials: [parseDenial(denial)] } });
    const { manifest } = summary;
    const sdn = readSdn({ get: answer })!;
    expect([[...sdn.zones.keys()], [...sdn.vnets.keys()]]).toEqual([zones, vnets]);
    const isShort = (path: string): boolean => hiddenRows(manifest, path)?.reason === "denied";
    expect([isShort(PATHS.sdnZones), isShort(PATHS.sdnVnets)])
      .toEqual([zones.length < 2, vnets.length < 2]);
    const group = summary.gaps.find(({ cause }) => cause === "filtered");
    expect(group?.whatToDo[0]).toMatch(/^pveum acl /);
  });

  test("up to 8.0, on paths of its VNets", async () => {
    const more = { [PATHS.version]: ok({ version: "7.4-16", release: "7.4" }) };
    const denials = [parseDenial("SDN.Audit:/sdn/vnets/web")];
    const { summary, answer } = await captureSdn({ more, options: { denials } });
    expect([...readSdn({ get: answer })!.vnets.keys()]).toEqual(["db"]);
    expect(summary.manifest.incomplete.map(({ path }) => path))
      .toEqual([PATHS.sdnSubnets("db"), PATHS.sdnVnets]);
  });

  test("until it is granted and the capture resumed", async () => {
    const denials = [parseDenial("SDN.Audit:/sdn/zones/dc2")];
    const { server, folder, sdn } = await captureSdn({ options: { denials } });
    expect(sdn).toEqual(SDN_PATHS.filter((path) => !path.includes("/db/")));
    server.disturb({});
    const { summary, paths } = await captured(server, {
      folder,
      settings: FULL,
      run: { isResumed: true },
    });
    expect(summary.gaps).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(SDN_PATHS));
  });

  test("is unknown if the rights cannot be read", async () => {
    const { summary } = await captureSdn({
      more: { [PATHS.permissions]: { status: 501, error: "not implemented" } },
    });
    expect(hiddenRows(summary.manifest, PATHS.sdnZones)?.detail).toContain("may list only a part");
    expect(hiddenRows(summary.manifest, PATHS.sdnVnets)?.reason).toBe("failed");
  });
});

test("serve refuses the subnets of a VNet that the token may not read, and of one that is unknown", async () => {
  const denials = [parseDenial("SDN.Audit:/sdn/zones/dc2")];
  const server = await served(liveLab({ more: SITE }), { denials });
  const asked = async (vnet: string) => {
    const { status, reason } = await ask(server, PATHS.sdnSubnets(vnet));
    return `${status} ${reason}`;
  };
  expect(await Promise.all(["web", "db", "other"].map(asked))).toEqual([
    "200 OK",
    "403 Permission check failed (/sdn/zones/dc2/db, SDN.Audit|SDN.Allocate)",
    "500 sdn vnet 'other' does not exist",
  ]);
  expect((await ask(server, "/cluster/sdn/zones?running=maybe")).status).toBe(400);
});

describe("capture --plan", () => {
  test("counts the calls for SDN and for host names, only with the settings", async () => {
    const server = await served(FIXTURE);
    const plan = async (settings: CaptureTexts) => {
      const rows = await planCapture(optionsFor(server, settings), run);
      return Object.fromEntries(rows.map(({ endpoint, calls }) => [endpoint, calls]));
    };
    const full = await plan({ ...FULL, ...NAMES });
    expect(full).toMatchObject({ sdnZones: 1, sdnVnets: 1, sdnSubnets: 15, agentHostName: 6 });
    expect(server.traffic.requests).toBe(8);
    const { sdnZones, sdnVnets, sdnSubnets, agentHostName, ...others } = full;
    expect(await plan({})).toEqual(others);
    expect(server.traffic.requests).toBe(14);
    const fresh = await served(FIXTURE);
    await captured(fresh, { settings: { ...FULL, ...NAMES } });
    const total = Object.values(full).reduce((sum, calls) => sum + calls, 0);
    expect(fresh.traffic.requests).toBe(total);
    expect([sdnZones, sdnVnets, sdnSubnets, agentHostName]).not.toContain(undefined);
  });
});

describe("doctor", () => {
  const denials = [parseDenial("SDN.Audit:/sdn/zones/dc2")];
  const found = async (settings: CaptureTexts) => {
    const server = await served(liveLab({ more: SITE }), { denials });
    return await doctor(optionsFor(server, settings), run);
  };

  test("names the privilege, the zone and the command", async () => {
    const { access, grants } = await found(FULL);
    const short = access?.filter(({ may }) => may !== "all");
    expect(short?.map(({ endpoint, may, lacks, on }) => [endpoint, may, lacks[0], on[0]?.path]))
      .toEqual([
        ["sdnZones", "part", "SDN.Audit", "/sdn/zones/dc2"],
        ["sdnVnets", "part", "SDN.Audit", "/sdn/zones/dc2"],
        ["sdnSubnets", "part", "SDN.Audit", "/sdn/zones/dc2"],
      ]);
    expect(grants).toEqual([
      "pveum acl modify /sdn/zones/dc2 --roles PVEAuditor --tokens 'rehearsal@pve!capture'",
    ]);
  });

  test("says nothing about SDN without the setting", async () => {
    const { access, grants } = await found({});
    expect(access?.filter(({ endpoint }) => /sdn|HostName/.test(endpoint))).toEqual([]);
    expect(grants).toEqual([]);
  });
});

describe("a capture is resumed only with the same", () => {
  test.each<[string, CaptureTexts, CaptureTexts]>([
    ["NETWORK_DEPTH", FULL, {}],
    ["NETWORK_DEPTH", {}, FULL],
    ["AGENT_HOST_NAMES", NAMES, { AGENT_HOST_NAMES: "no" }],
  ])("%s: %j, %j", async (name, first, second) => {
    const { folder, server } = await captureSdn({ settings: first });
    await expect(captured(server, { folder, settings: second, run: { isResumed: true } })).rejects
      .toMatchObject({ kind: "usage", message: expect.stringContaining(`started with ${name}`) });
  });

  test("NETWORK_DEPTH, written in another way", async () => {
    const { folder, server } = await captureSdn({ settings: { NETWORK_DEPTH: "" } });
    const settings = { NETWORK_DEPTH: "mapped", AGENT_HOST_NAMES: "off" };
    const { summary } = await captured(server, { folder, settings, run: { isResumed: true } });
    expect(summary.gaps).toEqual([]);
  });
});

describe("the host name of a guest agent", () => {
  const timeout = {
    status: 500,
    error: "VM 101 qga command 'guest-get-osinfo' failed - got timeout",
  };
  const dead = { status: 500, error: "QEMU guest agent is not running" };
  const at = { node: "pve1", kind: "qemu", vmid: 101 } as const;
  const path = PATHS.agentHostName(at);
  const name = ok({ result: { "host-name": "web.example.net" } });

  const asked = async (
    osinfo: LabGuest["osinfo"],
    interfaces: LabGuest["interfaces"],
    config: LabGuest["config"] = { agent: "1" },
  ) => {
    const parts: Lab = {
      guests: [{ vmid: 101, config, osinfo: osinfo ?? {}, interfaces: interfaces ?? [] }],
      nodes: { pve1: { more: { [path]: name } } },
    };
    return await captureSdn({ settings: NAMES, parts });
  };

  test("is asked last, and recorded", async () => {
    const { server, answer, summary } = await asked({}, []);
    const calls = [...server.traffic.asked.keys()].filter((each) => each.includes("/agent/"));
    expect(calls).toEqual([PATHS.osinfo(at), PATHS.agentInterfaces(at), path]);
    expect(answer(path)).toEqual(name);
    expect(summary.manifest).toMatchObject({ outcome: "complete", settings: NAMES });
  });

  test.each<[string, Parameters<typeof asked>, string, number]>([
    ["is not running", [dead, dead], "agent-not-running", 1],
    ["was slow twice", [timeout, timeout], "agent-not-running", 2],
    ["was slow for the addresses", [{}, timeout], "agent-not-running", 2],
    ["is off", [{}, [], {}], "agent-off", 0],
  ])(
    "is not asked of an agent that %s",
    async (_, [osinfo, interfaces, config], skipped, calls) => {
      const { server, answer, summary } = await asked(osinfo, interfaces, config);
      expect(answer(path)).toEqual({ skipped });
      const agent = [...server.traffic.asked.keys()].filter((each) => each.includes("/agent/"));
      expect(agent).toHaveLength(calls);
      expect(summary.gaps).toEqual([]);
    },
  );

  test("is asked of an agent that was slow once, and has answered since", async () => {
    expect((await asked(timeout, [])).answer(path)).toEqual(name);
  });

  test("is out of scope with its node", async () => {
    const { answer } = await captureSdn({
      settings: { ...NAMES, nodes: "pve2" },
      parts: { nodes: { pve1: {}, pve2: {} }, guests: [{ vmid: 101, config: { agent: "1" } }] },
    });
    expect(answer(path)).toEqual({ skipped: "out-of-scope" });
  });

  test("needs the privilege of the guest agent", async () => {
    const more = { [PATHS.permissions]: ok(listing({ ...AUDITOR })) };
    const { summary } = await captureSdn({
      settings: NAMES,
      more,
      options: { denials: [parseDenial("VM.GuestAgent.Audit")] },
      parts: { guests: [{ vmid: 101, config: { agent: "1" }, osinfo: {}, interfaces: [] }] },
    });
    expect(summary.gaps).toMatchObject([{ cause: "denied", count: 3 }]);
  });
});

test("the commands have the settings", async () => {
  const server = await served(FIXTURE);
  const { PROXMOX_API_TIMEOUT: _, ...texts } = {
    PROXMOX_HOST: server.host,
    PROXMOX_PORT: String(server.port),
    PROXMOX_USER: server.token.user,
    PROXMOX_TOKEN_NAME: server.token.name,
    PROXMOX_TOKEN_VALUE: server.token.value,
    PROXMOX_FINGERPRINT: server.fingerprint,
    PROXMOX_API_TIMEOUT: "3",
  };
  const out = join(await tempFolder(), "lab");
  const args = ["--network-depth=full", "--agent-host-names"];
  const plan = await runCli(["capture", "--plan", ...args], { env: texts });
  expect(plan.stdout).toMatch(/\/cluster\/sdn\/vnets\/\{vnet\}\/subnets\?running=1 +15/);
  expect(plan.stdout).toMatch(/get-host-name +6 +at most/);
  const checked = await runCli(["doctor", ...args], { env: texts });
  expect(checked.code, checked.stderr).toBe(0);
  expect(checked.stdout).toMatch(/\/cluster\/sdn\/zones\?running=1 +all/);
  const { code, stderr } = await runCli(["capture", ...args, "--out", out], { env: texts });
  expect(code, stderr).toBe(0);
  const wrong = await runCli(["capture", "--network-depth=deep"], { env: texts });
  expectError(wrong, 2, "NETWORK_DEPTH (--network-depth) must be mapped or full");
});
