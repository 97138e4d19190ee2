/** What the token may not read is reported, with the privilege and the command that grants it. */
import { describe, expect, test } from "vitest";
import { accessTo, grantsFor, type Lack } from "../../src/capture/access.ts";
import { ApiToken } from "../../src/capture/token.ts";
import { refusedIn } from "../../src/proxmox/answers.ts";
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

describe("rights", () => {
  test("are inherited from above, unless the path itself has an entry", () => {
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

  test("cover everything only when no path below lacks them", () => {
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

  test("that could not be read are unknown, and an empty list means none", () => {
    expect(Rights.of({ status: 501, error: "no" }, ok([]))).toBeUndefined();
    expect(Rights.of(ok([]), ok([]))).toBeUndefined();
    expect(rights({}).isEmpty).toBe(true);
    expect(rights({ "/": {} }).isEmpty).toBe(true);
    expect(rights({ "/": { "VM.Audit": 0 } }).isEmpty).toBe(false);
  });
});

describe("what a token may read of each endpoint", () => {
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

  test("with PVEAuditor on / is everything since 9; before, agents need VM.Monitor", () => {
    const monitor = listing({ ...AUDITOR, "VM.Monitor": 1 });
    expect(may(listing(AUDITOR), 9)).toEqual({});
    expect(may(listing(AUDITOR), 8)).toEqual({ osinfo: "none", agentInterfaces: "none" });
    expect(may(monitor, 8)).toEqual({});
    // Up to 8.0.5 of access-control, "/pools" stands for "/pool", and up to 7.1-6 there is no "/sdn".
    const { "/pool": pool = {}, "/sdn": __, ...older } = monitor;
    expect(may({ ...older, "/pools": pool }, 7)).toEqual({});
  });

  test("without SDN.Audit or SDN.Use lacks bridges, since 8", () => {
    const { "SDN.Audit": _, ...others } = AUDITOR;
    expect(may(listing(others), 9)).toEqual({ network: "none" });
    expect(may(listing({ ...others, "VM.Monitor": 1 }), 7)).toEqual({});
    expect(may(listing({ ...others, "SDN.Use": 1 }), 9)).toEqual({});
    const bridge = { "/sdn/zones/localnetwork/vmbr0": { "SDN.Audit": 1 } };
    expect(may({ ...listing(others), ...bridge }, 9)).toEqual({ network: "part" });
  });

  test("is missing where another role replaces the inherited one", () => {
    const inTheWay = rights({
      ...listing(AUDITOR),
      "/vms/104": { "VM.Console": 1 },
      "/nodes/pve2": { "Sys.Console": 1 },
    });
    const access = (endpoint: EndpointName) =>
      accessTo(endpoint, { rights: inTheWay, major: 9, nodes });
    expect(access("config")).toMatchObject({ may: "part", on: [{ path: "/vms/104" }] });
    expect(access("nodeStatus")).toMatchObject({ may: "part", on: [{ path: "/nodes/pve2" }] });
    const never = accessTo("config", { rights: rights({ "/x": {} }), major: 9, nodes });
    expect(never).toMatchObject({ may: "none", on: [{ path: "/vms", isBelow: true }] });
  });

  test("is not known while the access control list is not read", () => {
    const unread = accessTo("acl", { rights: rights(listing(AUDITOR)), major: 9, nodes });
    expect(unread).toEqual({ endpoint: "acl", may: "none", lacks: [], on: [] });
  });

  test("on one node, or on some guests, is a part", () => {
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
      lxcInterfaces: "part",
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

describe("the commands that grant it, without the access control list", () => {
  test("list the entries where one is in the way of what / propagates", () => {
    const lack = { privilege: "VM.Audit", path: "/vms/104" };
    const commands = grantsFor([lack], token, rights(listing(AUDITOR)));
    expect(commands.map(({ text }) => text)).toEqual([
      "pveum acl list # look for an entry on /vms/104 that takes VM.Audit away",
    ]);
  });

  test("say that a role on / must propagate", () => {
    const here = rights({ "/": { "VM.Audit": 0 } });
    const [command] = grantsFor([{ privilege: "VM.Audit", path: "/vms" }], token, here);
    expect(command?.text).toBe(`pveum acl modify / --roles PVEAuditor --propagate 1 ${WHO}`);
  });

  test("give PVEAuditor on / to the user and to the token", () => {
    expect(grants(["VM.Audit", "Sys.Audit", "VM.GuestAgent.Audit"].map(onTop))).toEqual([
      `pveum acl modify / --roles PVEAuditor ${WHO}`,
    ]);
  });

  test("create a role for VM.Monitor, on / as well: on /vms it would replace the inherited PVEAuditor", () => {
    expect(grants([onTop("VM.Monitor")])).toEqual([
      "pveum role add GuestAgentMonitor --privs VM.Monitor",
      `pveum acl modify / --roles GuestAgentMonitor ${WHO}`,
    ]);
  });

  test("leave root@pam alone, who may do everything, and quote for a shell", () => {
    expect(grants([onTop("VM.Audit")], new ApiToken("root@pam", "sync", "x"))).toEqual([
      "pveum acl modify / --roles PVEAuditor --tokens 'root@pam!sync'",
    ]);
    expect(grants([onTop("VM.Audit")], new ApiToken("o'hara@pve", "sync", "x")).join())
      .toContain("'o'\\''hara@pve!sync'");
    expect(grants([])).toEqual([]);
  });

  test("use the path and the privilege that Proxmox VE names", () => {
    expect(refusedIn("403 Permission check failed (/vms/100, VM.Audit)"))
      .toEqual({ path: "/vms/100", privileges: ["VM.Audit"] });
    expect(refusedIn("403 Permission check failed (/, A.B|C.D)"))
      .toEqual({ path: "/", privileges: ["A.B", "C.D"] });
    expect(refusedIn("403 Permission check failed")).toBeUndefined();
  });
});

test("every path that is asked has a row in the table", () => {
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

describe("a list of which the token sees only a part makes the capture partial", () => {
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
    ["Sys.Audit missing on a node", "Sys.Audit:/nodes/pve2", [PATHS.nodes], "modify /nodes/pve2"],
    ["no SDN.Audit", "SDN.Audit", networks, "modify / --roles PVEAuditor"],
    ["NoAccess on a guest", "NoAccess:/vms/101", [PATHS.resources], "delete /vms/101"],
    ["NoAccess on all guests", "NoAccess:/vms", [PATHS.resources], "delete /vms"],
    ["NoAccess on the networks", "NoAccess:/sdn", networks, "delete /sdn"],
  ])("%s", async (_, denial, filtered, command) => {
    const denials = [parseDenial(denial)];
    const { summary } = await captured(await served(liveLab(parts), { denials }));
    expect(summary.manifest.outcome).toBe("partial");
    const found = summary.manifest.incomplete.filter(({ reason }) => reason === "filtered");
    expect(found.map(({ path }) => path)).toEqual(filtered);
    const group = summary.gaps.find(({ cause }) => cause === "filtered");
    expect(group?.whatToDo[0]).toContain(`pveum acl ${command} `);
    expect(group?.whatToDo[0]).toContain("--tokens 'rehearsal@pve!capture'");
  });

  test("and is complete after the right is granted and the capture resumed", async () => {
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

describe("a call that is denied names the privilege of the release", () => {
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

test("no guest and no right at all is an error, not an empty snapshot", async () => {
  const server = await served(liveLab({ guests: [{ vmid: 101 }] }), {
    denials: Object.keys(AUDITOR).map(parseDenial),
  });
  await expect(captured(server)).rejects.toMatchObject({
    kind: "remote",
    message: expect.stringContaining("rehearsal@pve!capture has no rights"),
    hint: expect.stringContaining("pveum acl modify / --roles PVEAuditor"),
  });
});

test("a cluster without quorum, and rights that cannot be read, cause warnings", async () => {
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

describe("a token that is refused stops the run", () => {
  test("at once, with what to check", async () => {
    const server = await served(liveLab({}), { refusalMs: 0 });
    await expect(captured(server, { settings: { PROXMOX_TOKEN_NAME: "other" } })).rejects
      .toMatchObject({ kind: "remote", message: expect.stringContaining("pve!other") });
    expect(server.traffic.requests).toBe(1);
  });

  test("in the middle of it, and what was read is kept for --resume", async () => {
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
