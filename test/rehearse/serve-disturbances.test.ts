/** A cluster that changes, hides guests and slows down during a capture. */
import { describe, expect, test } from "vitest";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { parseMove } from "../../src/rehearse/serve/cluster.ts";
import {
  type GrantedPrivileges,
  parseDenial,
  TokenRights,
} from "../../src/rehearse/serve/rights.ts";
import type { RequestEntry, Served } from "../../src/rehearse/serve/serve.ts";
import { ask, dataOf } from "../helpers/pve-client.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";

type Row = Readonly<Record<string, unknown>>;

const PVE8 = "test/fixtures/pve8";

async function rowsAt(server: Served, path: string): Promise<Row[]> {
  return dataOf(await ask(server, path)) as Row[];
}

async function guestRow(server: Served, vmid: number): Promise<Row | undefined> {
  return (await rowsAt(server, PATHS.resources)).find((row) => row["vmid"] === vmid);
}

async function statusAt(server: Served, path: string): Promise<[number, string]> {
  const { status, reason } = await ask(server, path);
  return [status, reason];
}

function denials(...texts: readonly string[]) {
  return { denials: texts.map(parseDenial) };
}

function forbidden(what: string): [number, string] {
  return [403, `Permission check failed (${what})`];
}

describe("serve with --deny: a token without", () => {
  test("VM.Audit gets an empty listing with status 200", async () => {
    const server = await served(EXAMPLE, denials("VM.Audit"));
    const answer = await ask(server, PATHS.resources);
    expect([answer.status, dataOf(answer)]).toEqual([200, []]);
    expect(await statusAt(server, "/nodes/pve1/qemu/101/config"))
      .toEqual(forbidden("/vms/101, VM.Audit"));
    expect(await statusAt(server, "/nodes/pve1/lxc/112/interfaces"))
      .toEqual(forbidden("/vms/112, VM.Audit"));
  });

  test("VM.Audit on one guest gets a listing without that guest", async () => {
    const server = await served(EXAMPLE, denials("VM.Audit:/vms/104"));
    expect(await guestRow(server, 104)).toBeUndefined();
    expect(await guestRow(server, 101)).toBeDefined();
    expect(await statusAt(server, "/nodes/pve1/qemu/104/config"))
      .toEqual(forbidden("/vms/104, VM.Audit"));
    expect(await statusAt(server, "/nodes/pve1/qemu/101/config")).toEqual([200, "OK"]);
  });

  test("Pool.Audit gets guests without their pools", async () => {
    const server = await served(EXAMPLE, denials("Pool.Audit:/pool/infra"));
    expect(await guestRow(server, 100)).not.toHaveProperty("pool");
    expect(await guestRow(server, 101)).toMatchObject({ pool: "production" });
  });

  test("Sys.Audit on a node gets only the name and state of the node", async () => {
    const server = await served(EXAMPLE, denials("Sys.Audit:/nodes/pve2"));
    const rows = await rowsAt(server, "/nodes");
    const keys = rows.map((row) => Object.keys(row).sort());
    const hidden = rows.findIndex(({ node }) => node === "pve2");
    expect(keys[hidden]).toEqual(["id", "level", "node", "ssl_fingerprint", "status", "type"]);
    expect(keys[rows.findIndex(({ node }) => node === "pve1")]).toContain("maxmem");
    expect(await statusAt(server, "/nodes/pve2/status"))
      .toEqual(forbidden("/nodes/pve2, Sys.Audit"));
    expect(await statusAt(server, "/cluster/status")).toEqual([200, "OK"]);
  });

  test("Sys.Audit on / gets no cluster status", async () => {
    const server = await served(EXAMPLE, denials("Sys.Audit"));
    expect(await statusAt(server, "/cluster/status")).toEqual(forbidden("/, Sys.Audit"));
  });

  test("SDN.Audit gets no bridges since PVE 8", async () => {
    const bridges = async (server: Served, node: string) =>
      (await rowsAt(server, PATHS.network(node))).filter(({ type }) =>
        type === "bridge" || type === "OVSBridge"
      ).map(({ iface }) => iface).sort();
    const without = await served(EXAMPLE, denials("SDN.Audit"));
    expect(await bridges(without, "pve3")).toEqual([]);
    expect((await rowsAt(without, PATHS.network("pve3"))).length).toBeGreaterThan(10);
    const partly = await served(EXAMPLE, denials("SDN.Audit:/sdn/zones/localnetwork/vmbr1"));
    expect(await bridges(partly, "pve2")).toEqual(["vmbr0", "vmbr3"]);
    const older = await served("test/fixtures/pve7", denials("SDN.Audit"));
    expect((await bridges(older, "alder")).length).toBeGreaterThan(0);
  });

  test.each([
    [PVE8, "hv1", "VM.Monitor", "VM.Monitor"],
    [EXAMPLE, "pve1", "VM.GuestAgent.Audit", "VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted"],
  ])(
    "the agent privilege gets 403 from agents: %s, node %s, %s",
    async (folder, node, privilege, named) => {
      const server = await served(folder, denials(privilege));
      const agent = PATHS.osinfo({ node, kind: "qemu", vmid: 101 });
      expect(await statusAt(server, agent)).toEqual(forbidden(`/vms/101, ${named}`));
      expect(await statusAt(server, agent.replace("get-osinfo", "network-get-interfaces")))
        .toEqual(forbidden(`/vms/101, ${named}`));
    },
  );

  test("VM.Audit gets 403 also for an offline node", async () => {
    const server = await served(EXAMPLE, { ...denials("VM.Audit"), offline: ["pve1"] });
    expect(await statusAt(server, "/nodes/pve1/qemu/101/config"))
      .toEqual(forbidden("/vms/101, VM.Audit"));
    expect(await statusAt(server, "/nodes/pve1/status")).toEqual([595, "No route to host"]);
  });

  test.each([
    [
      "VM.Audit",
      (listing: GrantedPrivileges) => expect(JSON.stringify(listing)).not.toContain("VM.Audit"),
    ],
    ["VM.Audit:/vms/104", (listing: GrantedPrivileges) => {
      expect(listing["/vms"]).toHaveProperty(["VM.Audit"], 1);
      expect(listing["/vms/104"]).toHaveProperty(["Sys.Audit"], 1);
      expect(listing["/vms/104"]).not.toHaveProperty(["VM.Audit"]);
    }],
    ["VM.Audit:/*", (listing: GrantedPrivileges) => {
      expect(listing["/"]).toHaveProperty(["VM.Audit"], 0);
      expect(listing["/"]).toHaveProperty(["Sys.Audit"], 1);
      expect(listing["/vms"]).not.toHaveProperty(["VM.Audit"]);
    }],
  ])("%s finds the denial in /access/permissions", async (text, check) => {
    const server = await served(EXAMPLE, denials(text));
    check(dataOf(await ask(server, "/access/permissions")) as GrantedPrivileges);
  });

  test("VM.Audit below / gets an empty listing", async () => {
    const server = await served(EXAMPLE, denials("VM.Audit:/*"));
    expect(await rowsAt(server, PATHS.resources)).toEqual([]);
  });

  test.each(["VM.Monitor", "VM.Adit"])(
    "%s, which the recorded token never had, is rejected",
    async (name) => {
      await expect(served(EXAMPLE, denials(name))).rejects
        .toMatchObject({ kind: "usage", message: expect.stringContaining(name) as string });
    },
  );

  test.each([
    "",
    "vm.audit",
    "VM",
    "VM.Audit:",
    "VM.Audit:vms",
    "VM.Audit:/vms/",
    "VM.Audit:/vms*",
  ])(
    "%j is rejected as not a privilege",
    (text) => expect(() => parseDenial(text)).toThrow(`Cannot deny "${text}"`),
  );
});

describe("the rights of the served token", () => {
  const listing = {
    "/": { "Sys.Audit": 1, "VM.Audit": 0 },
    "/vms": { "VM.Audit": 1, "VM.Monitor": 1 },
    "/vms/104": { "VM.Audit": 1 },
  };

  test.each([
    ["VM.Audit", "/", true],
    ["VM.Audit", "/vms/101", true],
    ["VM.Audit", "/nodes/pve1", false],
    ["Sys.Audit", "/nodes/pve1", true],
    ["Sys.Audit", "/vms/101", false],
    ["VM.Monitor", "/vms/104", false],
  ])("%s on %s can be denied: %s", (privilege, path, expected) => {
    const rights = new TokenRights(listing, [{ privilege }]);
    expect(rights.lost([privilege], path)).toBe(expected);
    expect(new TokenRights(listing, []).lost([privilege], path)).toBe(false);
  });

  test("are sufficient with one of several privileges", () => {
    const both = { "/": { "SDN.Audit": 1, "SDN.Use": 1 } };
    const oneLeft = new TokenRights(both, [{ privilege: "SDN.Audit" }]);
    expect(oneLeft.lost(["SDN.Audit", "SDN.Use"], "/sdn")).toBe(false);
    const noneLeft = new TokenRights(both, [{ privilege: "SDN.Audit" }, { privilege: "SDN.Use" }]);
    expect(noneLeft.lost(["SDN.Audit", "SDN.Use"], "/sdn")).toBe(true);
  });

  test("list no path without privileges", () => {
    const rights = new TokenRights({ "/vms": { "VM.Audit": 1 } }, [{ privilege: "VM.Audit" }]);
    expect(rights.listing()).toEqual({});
  });
});

describe("a node of serve --offline", () => {
  test("is listed as offline and answers 595", async () => {
    const server = await served(EXAMPLE, { offline: ["pve2"] });
    const [nodes, members] = [
      await rowsAt(server, "/nodes"),
      await rowsAt(server, "/cluster/status"),
    ];
    expect(nodes.find(({ node }) => node === "pve2")).toMatchObject({ status: "offline" });
    expect(nodes.find(({ node }) => node === "pve2")).not.toHaveProperty("maxcpu");
    expect(nodes.find(({ node }) => node === "pve1")).toMatchObject({ status: "online" });
    expect(members.find(({ name }) => name === "pve2")).toMatchObject({ online: 0 });
    for (const path of ["/status", "/network", "/qemu/102/config", "/nonsense"]) {
      expect(await statusAt(server, `/nodes/pve2${path}`)).toEqual([595, "No route to host"]);
    }
    expect((await statusAt(server, "/nodes/pve1/status"))[0]).toBe(200);
  });

  test("has guests without name and size", async () => {
    const server = await served(EXAMPLE, { offline: ["pve2"] });
    expect(await guestRow(server, 102)).toEqual({
      id: "qemu/102",
      vmid: 102,
      node: "pve2",
      type: "qemu",
      status: "unknown",
      pool: "infra",
      tags: expect.any(String) as string,
    });
    expect(await guestRow(server, 101)).toHaveProperty("name");
  });

  test("must be a node of the cluster", async () => {
    await expect(served(EXAMPLE, { offline: ["pve9"] })).rejects
      .toMatchObject({ kind: "usage", message: expect.stringContaining("pve9") as string });
  });
});

describe("a guest of serve --move", () => {
  const GONE = "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist";

  test("leaves its node after the first listing and appears on its new node in the next one", async () => {
    const server = await served(EXAMPLE, { moves: [parseMove("101:pve2")] });
    expect(await statusAt(server, "/nodes/pve1/qemu/101/config")).toEqual([200, "OK"]);
    expect(await statusAt(server, "/nodes/pve2/qemu/101/config")).toEqual([
      500,
      GONE.replace("pve1", "pve2"),
    ]);
    expect(await guestRow(server, 101)).toMatchObject({ node: "pve1" });
    for (const path of ["config", "agent/get-osinfo"]) {
      expect(await statusAt(server, `/nodes/pve1/qemu/101/${path}`)).toEqual([500, GONE]);
      expect(await statusAt(server, `/nodes/pve2/qemu/101/${path}`)).toEqual([200, "OK"]);
    }
    expect(await guestRow(server, 101)).toMatchObject({ node: "pve2" });
  });

  test("keeps its config", async () => {
    const server = await served(EXAMPLE, { moves: [parseMove("110:pve3")] });
    const before = dataOf(await ask(server, "/nodes/pve1/lxc/110/config"));
    await ask(server, PATHS.resources);
    expect(dataOf(await ask(server, "/nodes/pve3/lxc/110/config"))).toEqual(before);
    expect(await statusAt(server, "/nodes/pve1/lxc/110/config"))
      .toEqual([500, "Configuration file 'nodes/pve1/lxc/110.conf' does not exist"]);
  });

  test("can be removed instead", async () => {
    const server = await served(EXAMPLE, { moves: [parseMove("101")] });
    expect(await guestRow(server, 101)).toBeDefined();
    expect(await statusAt(server, "/nodes/pve1/qemu/101/config")).toEqual([500, GONE]);
    expect(await guestRow(server, 101)).toBeUndefined();
  });

  test.each(["101:nowhere", "999:pve1"])(
    "must exist, and move to an existing node: %s",
    async (text) => {
      await expect(served(EXAMPLE, { moves: [parseMove(text)] })).rejects
        .toMatchObject({ kind: "usage" });
    },
  );

  test.each(["", "x", "101:", "101:pve2:pve3", "12:pve2"])(
    "is rejected when written as %j",
    (text) => {
      expect(() => parseMove(text)).toThrow(`Cannot move "${text}"`);
    },
  );

  test("is served from its last node when the snapshot recorded it as moved", async () => {
    const server = await served("test/fixtures/pve7");
    expect(await statusAt(server, "/nodes/birch/qemu/206/config"))
      .toEqual([500, "Configuration file 'nodes/birch/qemu-server/206.conf' does not exist"]);
  });
});

describe("the delay of serve", () => {
  async function took(work: () => Promise<unknown>): Promise<number> {
    const since = performance.now();
    await work();
    return performance.now() - since;
  }

  test("by --latency applies to every answer, also to errors", async () => {
    const server = await served(EXAMPLE, { latencyMs: 150 });
    for (const path of ["/version", "/nonsense"]) {
      expect(await took(() => ask(server, path))).toBeGreaterThan(145);
    }
  });

  test("by --slow-agent blocks one of three workers of the node", async () => {
    const ended: RequestEntry[] = [];
    const slow = { slowAgentMs: 250, onRequest: (entry: RequestEntry) => ended.push(entry) };
    const server = await served(EXAMPLE, slow);
    const agents = [100, 101, 104, 121].map((vmid) => `/nodes/pve1/qemu/${vmid}/agent/get-osinfo`);
    const others = ["/nodes/pve2/qemu/102/agent/get-osinfo", "/nodes/pve1/qemu/100/config"];
    await Promise.all([...agents, ...others].map((path) => ask(server, path)));
    expect(ended[0]?.path).toBe(others[1]);
    expect(agents).toContain(ended.at(-1)?.path);
    // Two turns, minus the delay before its request.
    expect(ended.at(-1)?.tookMs).toBeGreaterThan(300);
  });

  test("by --slow-agent does not apply to a denied call", async () => {
    const disturbances = { slowAgentMs: 5000, ...denials("VM.GuestAgent.Audit") };
    const server = await served(EXAMPLE, disturbances);
    expect(await took(() => ask(server, "/nodes/pve1/qemu/100/agent/get-osinfo"))).toBeLessThan(
      2000,
    );
  });
});

describe("the traffic of serve", () => {
  test("is counted by path, method, status and parallel requests", async () => {
    const server = await served(EXAMPLE, { latencyMs: 100, slowAgentMs: 50 });
    const agent = (vmid: number) => PATHS.osinfo({ node: "pve1", kind: "qemu", vmid });
    const paths = ["/nodes", "/nodes", agent(100), agent(101), "/nodes/pve1/status", "/nonsense"];
    await Promise.all(paths.map((path) => ask(server, path)));
    await ask(server, "/nodes/pve2/status", { method: "DELETE" });
    const { traffic } = server;
    expect(traffic.requests).toBe(7);
    expect(traffic.connections).toBe(7);
    expect(traffic.asked.get("/nodes")).toBe(2);
    expect(traffic.asked.get(agent(100))).toBe(1);
    expect(traffic.methods).toEqual(new Map([["GET", 6], ["DELETE", 1]]));
    expect(traffic.most).toBe(6);
    expect(traffic.mostByNode).toEqual(new Map([["pve1", 3], ["pve2", 1]]));
    expect(traffic.mostAgentsByNode).toEqual(new Map([["pve1", 2]]));
    expect(traffic.answered).toEqual(new Map([[200, 5], [501, 2]]));
  });

  test("is reported for each request", async () => {
    const reported: unknown[] = [];
    const server = await served(EXAMPLE, { onRequest: (entry) => reported.push(entry) });
    await ask(server, "/nodes/pve4/status?_dc=17");
    expect(reported).toEqual([{
      method: "GET",
      path: "/nodes/pve4/status",
      status: 595,
      tookMs: expect.any(Number) as number,
    }]);
  });
});
