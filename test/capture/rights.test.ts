/** Missing rights of the token are reported with the privilege and the command that grants it. */
import { describe, expect, test } from "vitest";
import { accessTo, grantsFor, type Lack } from "../../src/capture/access.ts";
import { ApiToken } from "../../src/capture/token.ts";
import { missingPrivilegesIn } from "../../src/proxmox/answers.ts";
import { type EndpointName, ENDPOINTS, parsePath, PATHS } from "../../src/proxmox/endpoints.ts";
import { Rights } from "../../src/proxmox/rights.ts";
import { parseDenial } from "../../src/rehearse/serve/rights.ts";
import { AUDITOR, captured, listing, liveLab } from "../helpers/capturing.ts";
import type { Lab } from "../helpers/lab.ts";
import { served } from "../helpers/serving.ts";
import { ok } from "../helpers/snapshot-builder.ts";

const token = new ApiToken("netbox@pve", "sync", "secret");
const WHO = "--users 'netbox@pve' --tokens 'netbox@pve!sync'";

/** Without the access control list. */
function rights(listed: Record<string, Record<string, number>>): Rights {
  return Rights.of(ok(listed), undefined)!;
}

describe("the rights of a token", () => {
  test("are inherited from the parent path, unless the path has its own entry", () => {
    const given = rights({
      "/": { "VM.Audit": 1, "Sys.Audit": 0 },
      "/vms": { "VM.Audit": 1 },
      "/vms/107": { "VM.Monitor": 0 },
    });
    expect(given.has(["VM.Audit"], "/vms/101")).toBe(true);
    expect(given.has(["VM.Audit"], "/mapping/pci")).toBe(true);
    expect(given.has(["VM.Audit"], "/vms/107")).toBe(false);
    expect(given.has(["Sys.Audit"], "/")).toBe(true);
    expect(given.has(["Sys.Audit"], "/nodes/pve1")).toBe(false);
    expect(given.has(["VM.Audit", "VM.Monitor"], "/vms/107")).toBe(true);
  });

  test("apply everywhere only when no path below lacks them", () => {
    expect(rights({ "/vms": { "VM.Audit": 1 } }).hasEverywhere(["VM.Audit"], "/vms")).toBe(true);
    // Proxmox VE lists /vms unless the token has no rights there.
    expect(rights({ "/": { "VM.Audit": 1 } }).hasEverywhere(["VM.Audit"], "/vms")).toBe(false);
    expect(rights({ "/vms": { "VM.Audit": 0 } }).hasEverywhere(["VM.Audit"], "/vms")).toBe(false);
    expect(rights({ "/vms/101": { "VM.Audit": 1 } }).hasEverywhere(["VM.Audit"], "/vms")).toBe(
      false,
    );
    const all = { "/": { "VM.Audit": 1 }, "/vms": { "VM.Audit": 1 } };
    expect(rights({ ...all, "/vms/7": { "X.Y": 1 } }).hasEverywhere(["VM.Audit"], "/vms")).toBe(
      false,
    );
    expect(rights({ ...all, "/vmsx": { "X.Y": 1 } }).hasEverywhere(["VM.Audit"], "/vms")).toBe(
      true,
    );
  });

  test("are unknown when they could not be read, and none when the list is empty", () => {
    expect(Rights.of({ status: 501, error: "no" }, ok([]))).toBeUndefined();
    expect(Rights.of(ok([]), ok([]))).toBeUndefined();
    expect(rights({}).isEmpty).toBe(true);
    expect(rights({ "/": {} }).isEmpty).toBe(true);
    expect(rights({ "/": { "VM.Audit": 0 } }).isEmpty).toBe(false);
  });
});

describe("read access to the endpoints", () => {
  const nodes = ["pve1", "pve2"];
  const may = (listed: Record<string, Record<string, number>>, major: number) =>
    Object.fromEntries(
      (Object.keys(ENDPOINTS) as EndpointName[])
        .map((name) => {
          const known = Rights.of(ok(listed), ok([]))!;
          return [name, accessTo(name, { rights: known, major, nodes }).may];
        })
        .filter(([, verdict]) => verdict !== "all"),
    );

  test("is complete with PVEAuditor on / since 9, and lacks guest agents without VM.Monitor before", () => {
    const monitor = listing({ ...AUDITOR, "VM.Monitor": 1 });
    expect(may(listing(AUDITOR), 9)).toEqual({});
    expect(may(listing(AUDITOR), 8)).toEqual({
      osinfo: "none",
      agentInterfaces: "none",
      agentHostName: "none",
    });
    expect(may(monitor, 8)).toEqual({});
    // Up to access-control 8.0.5, the path is "/pools" instead of "/pool"; up to 7.1-6, "/sdn" is missing.
    const { "/pool": pool = {}, "/sdn": __, ...older } = monitor;
    expect(may({ ...older, "/pools": pool }, 7)).toEqual({});
  });

  const noSdn = { sdnZones: "none", sdnVnets: "none", sdnSubnets: "none" };

  test("lacks bridges without SDN.Audit or SDN.Use since 8, and all of SDN without SDN.Audit", () => {
    const { "SDN.Audit": _, ...others } = AUDITOR;
    expect(may(listing(others), 9)).toEqual({ network: "none", ...noSdn });
    expect(may(listing({ ...others, "VM.Monitor": 1 }), 7)).toEqual(noSdn);
    expect(may(listing({ ...others, "SDN.Use": 1 }), 9)).toEqual(noSdn);
    expect(may(listing({ ...others, "SDN.Use": 1, "SDN.Allocate": 1 }), 9)).toEqual({});
    const bridge = { "/sdn/zones/localnetwork/vmbr0": { "SDN.Audit": 1 } };
    expect(may({ ...listing(others), ...bridge }, 9)).toEqual({ network: "part", ...noSdn });
  });

  test("is partial with SDN.Audit on one zone, on one VNet, or on all but one", () => {
    const { "SDN.Audit": _, ...others } = AUDITOR;
    const audit = { "SDN.Audit": 1 };
    const mayWith = (more: Record<string, Record<string, number>>, base = others, major = 9) =>
      may({ ...listing(base as Record<string, number>), ...more }, major);
    const network = "none";
    expect(mayWith({ "/sdn/zones/dc1": audit })).toEqual({
      network,
      sdnZones: "part",
      sdnVnets: "part",
      sdnSubnets: "part",
    });
    expect(mayWith({ "/sdn/zones/dc1/web": audit, "/sdn/zones/dc1": {} })).toEqual({
      network,
      sdnZones: "part",
      sdnVnets: "part",
      sdnSubnets: "part",
    });
    expect(mayWith({ "/sdn/zones/dc1": { "X.Y": 1 } }, AUDITOR)).toEqual({ sdnZones: "part" });
    expect(mayWith({ "/sdn/zones/dc1/web": { "X.Y": 1 } }, AUDITOR)).toEqual({
      sdnVnets: "part",
      sdnSubnets: "part",
    });
    // Up to 7, the zone says nothing about its VNets.
    const older = { ...AUDITOR, "VM.Monitor": 1 };
    expect(mayWith({ "/sdn/zones/dc1/web": { "X.Y": 1 } }, older, 7)).toEqual({});
    expect(mayWith({ "/sdn/vnets/web": { "X.Y": 1 } }, older, 7)).toEqual({
      sdnVnets: "part",
      sdnSubnets: "part",
    });
  });

  test("is missing where another role replaces the inherited one", () => {
    const overridden = rights({
      ...listing(AUDITOR),
      "/vms/104": { "VM.Console": 1 },
      "/nodes/pve2": { "Sys.Console": 1 },
    });
    const access = (endpoint: EndpointName) =>
      accessTo(endpoint, { rights: overridden, major: 9, nodes });
    expect(access("config")).toMatchObject({ may: "part", on: [{ path: "/vms/104" }] });
    expect(access("nodeStatus")).toMatchObject({ may: "part", on: [{ path: "/nodes/pve2" }] });
    const never = accessTo("config", { rights: rights({ "/x": {} }), major: 9, nodes });
    expect(never).toMatchObject({ may: "none", on: [{ path: "/vms", isBelow: true }] });
  });

  test("is unknown without the access control list", () => {
    const unread = accessTo("acl", { rights: rights(listing(AUDITOR)), major: 9, nodes });
    expect(unread).toEqual({ endpoint: "acl", may: "none", lacks: [], on: [] });
  });

  test("is partial with rights on one node or on some guests", () => {
    expect(may({ "/nodes/pve1": { "Sys.Audit": 1 }, "/vms/101": { "VM.Audit": 1 } }, 9)).toEqual({
      acl: "part",
      clusterStatus: "none",
      nodes: "part",
      resources: "part",
      nodeStatus: "part",
      network: "none",
      config: "part",
      osinfo: "none",
      agentInterfaces: "none",
      agentHostName: "none",
      lxcInterfaces: "part",
      ...noSdn,
    });
  });
});

function onTop(privilege: string) {
  return { privilege, path: "/" };
}

/** Without the access control list. */
function grants(lacks: readonly Lack[], who = token): string[] {
  return grantsFor(lacks, who, undefined).map(({ text }) => text);
}

describe("the suggested pveum commands", () => {
  test("list the entries when one overrides a role that / propagates", () => {
    const lack = { privilege: "VM.Audit", path: "/vms/104" };
    const commands = grantsFor([lack], token, rights(listing(AUDITOR)));
    expect(commands.map(({ text }) => text)).toEqual([
      "pveum acl list # look for an entry on /vms/104 that takes VM.Audit away",
    ]);
  });

  test("propagate a role on /", () => {
    const here = rights({ "/": { "VM.Audit": 0 } });
    const [command] = grantsFor([{ privilege: "VM.Audit", path: "/vms" }], token, here);
    expect(command?.text).toBe(`pveum acl modify / --roles PVEAuditor --propagate 1 ${WHO}`);
  });

  test("grant PVEAuditor on / to the user and to the token", () => {
    expect(grants(["VM.Audit", "Sys.Audit", "VM.GuestAgent.Audit"].map(onTop))).toEqual([
      `pveum acl modify / --roles PVEAuditor ${WHO}`,
    ]);
  });

  test("create a role for VM.Monitor on /, since on /vms it would replace the inherited PVEAuditor", () => {
    expect(grants([onTop("VM.Monitor")])).toEqual([
      "pveum role add GuestAgentMonitor --privs VM.Monitor",
      `pveum acl modify / --roles GuestAgentMonitor ${WHO}`,
    ]);
  });

  test("grant nothing to root@pam, which has all rights, and are quoted for a shell", () => {
    expect(grants([onTop("VM.Audit")], new ApiToken("root@pam", "sync", "x"))).toEqual([
      "pveum acl modify / --roles PVEAuditor --tokens 'root@pam!sync'",
    ]);
    expect(grants([onTop("VM.Audit")], new ApiToken("o'hara@pve", "sync", "x")).join())
      .toContain("'o'\\''hara@pve!sync'");
    expect(grants([])).toEqual([]);
  });

  test("use the path and the privilege that Proxmox VE names", () => {
    expect(missingPrivilegesIn("403 Permission check failed (/vms/100, VM.Audit)"))
      .toEqual({ path: "/vms/100", privileges: ["VM.Audit"] });
    expect(missingPrivilegesIn("403 Permission check failed (/, A.B|C.D)"))
      .toEqual({ path: "/", privileges: ["A.B", "C.D"] });
    expect(missingPrivilegesIn("403 Permission check failed")).toBeUndefined();
  });
});

test("every requested path has a row in the table of endpoints", () => {
  const guest = { node: "pve-1.x", kind: "lxc", vmid: 101 } as const;
  const paths = Object.entries(PATHS).map(([name, path]) => [
    name,
    typeof path === "string" ? path : (path as (at: unknown) => string)(
      /node|net/.test(name) ? guest.node : guest,
    ),
  ]);
  for (const [name, path] of paths) expect(parsePath(path ?? "")?.endpoint, path).toBe(name);
  expect(parsePath("/nodes/pve1/qemu/101/pending")).toBeUndefined();
});

describe("a capture is partial", () => {
  const parts: Lab = {
    nodes: { pve1: {}, pve2: {} },
    guests: [{ vmid: 101, config: {} }, { vmid: 102, config: {}, node: "pve2" }],
  };

  const networks = [PATHS.network("pve1"), PATHS.network("pve2")];

  test.each<[string, string, string[], string]>([
    [
      "VM.Audit that does not propagate",
      "VM.Audit:/vms/*",
      [PATHS.resources],
      "modify /vms --roles PVEAuditor --propagate 1",
    ],
    ["no Sys.Audit on a node", "Sys.Audit:/nodes/pve2", [PATHS.nodes], "modify /nodes/pve2"],
    ["no SDN.Audit", "SDN.Audit", networks, "modify / --roles PVEAuditor"],
    ["NoAccess on a guest", "NoAccess:/vms/101", [PATHS.resources], "delete /vms/101"],
    ["NoAccess on all guests", "NoAccess:/vms", [PATHS.resources], "delete /vms"],
    ["NoAccess on the networks", "NoAccess:/sdn", networks, "delete /sdn"],
  ])("with %s", async (_, denial, filtered, command) => {
    const denials = [parseDenial(denial)];
    const { summary } = await captured(await served(liveLab(parts), { denials }));
    expect(summary.manifest.outcome).toBe("partial");
    const found = summary.manifest.incomplete.filter(({ reason }) => reason === "filtered");
    expect(found.map(({ path }) => path)).toEqual(filtered);
    const group = summary.gaps.find(({ cause }) => cause === "filtered");
    expect(group?.whatToDo[0]).toContain(`pveum acl ${command} `);
    expect(group?.whatToDo[0]).toContain("--tokens 'rehearsal@pve!capture'");
  });

  test("until the right is granted and the capture resumed", async () => {
    const server = await served(liveLab(parts), { denials: [parseDenial("VM.Audit")] });
    const first = await captured(server);
    expect(first.paths.filter((path) => path.endsWith("/config?current=1"))).toEqual([]);
    server.disturb({});
    const { folder } = first;
    const { summary, paths } = await captured(server, { folder, run: { isResumed: true } });
    expect(summary.gaps).toEqual([]);
    expect(paths.filter((path) => path.endsWith("/config?current=1"))).toHaveLength(2);
  });
});

describe("a denied call is reported with the privilege of the release", () => {
  const guests = [{ vmid: 101, config: { agent: "1" }, osinfo: {}, interfaces: [] }];
  const at = (version: string, privilege: string): Lab["more"] => ({
    [PATHS.version]: ok({ version, release: version.slice(0, 3) }),
    [PATHS.permissions]: ok(listing({ ...AUDITOR, [privilege]: 1 })),
  });

  test.each([
    ["7.4-16", "VM.Monitor", "pveum role add GuestAgentMonitor --privs VM.Monitor"],
    ["8.4.1", "VM.Monitor", "pveum role add GuestAgentMonitor --privs VM.Monitor"],
    ["9.1.4", "VM.GuestAgent.Audit", "pveum acl modify / --roles PVEAuditor"],
  ])("%s: %s", async (version, privilege, command) => {
    const server = await served(liveLab({ guests, more: at(version, privilege)! }), {
      denials: [parseDenial(privilege)],
    });
    const { summary } = await captured(server);
    const [group] = summary.gaps;
    expect(group).toMatchObject({ cause: "denied", count: 2 });
    expect(group?.example.reason).toContain(`403 Permission check failed (/vms/101, ${privilege}`);
    expect(group?.whatToDo[0]).toContain(command);
    expect(group?.whatToDo).toHaveLength(privilege === "VM.Monitor" ? 3 : 2);
    expect(group?.whatToDo.at(-1)).toContain("doctor");
  });
});

test("capture with a token without rights is an error, not an empty snapshot", async () => {
  const server = await served(liveLab({ guests: [{ vmid: 101 }] }), {
    denials: Object.keys(AUDITOR).map(parseDenial),
  });
  await expect(captured(server)).rejects.toMatchObject({
    kind: "remote",
    message: expect.stringContaining("rehearsal@pve!capture has no rights"),
    hint: expect.stringContaining("pveum acl modify / --roles PVEAuditor"),
  });
});

test("capture warns about a cluster without quorum and about rights that it cannot read", async () => {
  const status = [{ type: "cluster", id: "cluster", name: "lab", quorate: 0 }];
  const { warnings } = await captured(
    await served(liveLab({
      clusterStatus: ok(status),
      more: { [PATHS.permissions]: { status: 501, error: "not implemented" } },
    })),
  );
  expect(warnings).toEqual([
    expect.stringContaining("no quorum"),
    expect.stringContaining("rights could not be read"),
  ]);
});

describe("a refused token stops the capture", () => {
  test("at once, with a hint", async () => {
    const server = await served(liveLab({}), { refusalMs: 0 });
    await expect(captured(server, { settings: { PROXMOX_TOKEN_NAME: "other" } })).rejects
      .toMatchObject({ kind: "remote", message: expect.stringContaining("pve!other") });
    expect(server.traffic.requests).toBe(1);
  });

  test("when it expires, and the answers are kept for --resume", async () => {
    const guests = Array.from({ length: 30 }, (_, i) => ({ vmid: 101 + i, config: {} }));
    const server = await served(liveLab({ guests }), { expireTokenAfter: 15, refusalMs: 0 });
    const folder = `${(await captured(await served(liveLab({})))).folder}-expired`;
    await expect(captured(server, { folder })).rejects.toMatchObject({
      kind: "remote",
      hint: expect.stringContaining(`capture --resume --out ${folder}`),
    });
    const before = server.traffic.requests;
    server.disturb({});
    const { summary } = await captured(server, { folder, run: { isResumed: true } });
    expect(summary.manifest.outcome).toBe("complete");
    expect(server.traffic.requests - before).toBeLessThan(30);
  });
});
