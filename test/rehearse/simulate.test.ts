/** `simulate`: the same bytes for the same seed, a valid snapshot, and the variety of its content. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { simulate, type SimulateOptions } from "../../src/rehearse/simulate/simulate.ts";
import { networkOf } from "../../src/base/ip-address.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { readSdn } from "../../src/proxmox/sdn.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { Manifest } from "../../src/run-folder/snapshot.ts";

type Row = Record<string, unknown>;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "simulate-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The digest of each file of a folder, by path. */
async function contentsOf(store: Store): Promise<Record<string, string>> {
  const keys = (await store.keys()).sort();
  const entries = keys.map(async (key) => [key, digest((await store.read(key)) ?? "")]);
  return Object.fromEntries(await Promise.all(entries));
}

async function simulated(name: string, options: SimulateOptions): Promise<Store> {
  const store = await openStore(join(folder, name));
  await simulate(store, options);
  return store;
}

/** Every answer of a snapshot, read and validated. */
async function answersOf(store: Store): Promise<Map<string, Answer>> {
  const snapshot = await openSnapshot(store);
  const all = new Map<string, Answer>();
  for (const entry of snapshot.manifest.files) {
    const node = /^pve\/nodes\/(.+)\.json$/.exec(entry.path)?.[1];
    const answers = node === undefined ? await snapshot.cluster() : await snapshot.node(node);
    if (answers === undefined) throw new Error(`Cannot find the answers of ${entry.path}`);
    for (const path of answers.paths()) {
      const answer = answers.get(path);
      if (answer !== undefined) all.set(path, answer);
    }
  }
  return all;
}

function rowsOf(answers: ReadonlyMap<string, Answer>, path: string): Row[] {
  const answer = answers.get(path);
  return answer !== undefined && "data" in answer ? (answer.data as Row[]) : [];
}

describe("simulate", () => {
  test("writes the same site for the same seed", async () => {
    const options = { nodes: 3, guests: 120, seed: 42 };
    const first = await contentsOf(await simulated("a", options));
    const second = await contentsOf(await simulated("b", options));
    expect(second).toEqual(first);
  });

  test("writes another site for another seed", async () => {
    const first = await contentsOf(await simulated("c", { nodes: 2, guests: 50, seed: 1 }));
    const second = await contentsOf(await simulated("d", { nodes: 2, guests: 50, seed: 2 }));
    expect(Object.keys(second)).toEqual(Object.keys(first));
    for (const [path, hash] of Object.entries(first)) expect(second[path]).not.toBe(hash);
  });

  test("writes the same bytes on Node and Deno", async () => {
    const store = await simulated("e", { nodes: 2, guests: 300, seed: 3 });
    const { manifest } = await openSnapshot(store);
    // A new value here is a new version of the generator in simulate.ts.
    expect(digest(manifest.files.map((entry) => entry.sha256).join())).toBe(
      "d6d075df9bf4c81619406ce0a8f8668d6420c9330daf283dd939456744ef3f62",
    );
  });

  test("removes old files when a smaller site replaces a larger one", async () => {
    await simulated("f", { nodes: 5, guests: 40, seed: 1 });
    const store = await simulated("f", { nodes: 2, guests: 10, seed: 1 });
    expect((await store.keys()).sort()).toEqual([
      "manifest.json",
      "pve/cluster.json",
      "pve/nodes/pve-0001.json",
      "pve/nodes/pve-0002.json",
    ]);
    expect((await answersOf(store)).size).toBeGreaterThan(10);
  });

  test("keeps other files of the run folder", async () => {
    const store = await openStore(join(folder, "g"));
    await store.write("notes.txt", new Uint8Array([33]));
    await simulate(store, { nodes: 1, guests: 0, seed: 1 });
    expect(await store.keys()).toContain("notes.txt");
  });
});

describe("simulate --networks full", () => {
  const options = { nodes: 24, guests: 2000, seed: 7 };
  let plain: ReadonlyMap<string, Answer>;
  let full: ReadonlyMap<string, Answer>;
  let manifest: Manifest;
  let text: string;

  beforeAll(async () => {
    plain = await answersOf(await simulated("plain", { ...options, networks: "mapped" }));
    const store = await simulated("full", { ...options, networks: "full" });
    full = await answersOf(store);
    manifest = (await openSnapshot(store)).manifest;
    text = [...full].map(([path, answer]) => `${path} ${JSON.stringify(answer)}`).join("\n");
  });

  test("records the settings that it would have been captured with", () => {
    expect(manifest.settings).toEqual({ NETWORK_DEPTH: "full", AGENT_HOST_NAMES: "true" });
  });

  test("has all answers of the site without it, and those of SDN and host names", () => {
    const more = [...full.keys()].filter((path) => !plain.has(path));
    expect(more.every((path) => /^\/cluster\/sdn\/|\/agent\/get-host-name$/.test(path))).toBe(true);
    expect([...plain.keys()].filter((path) => !full.has(path))).toEqual([]);
  });

  test("changes no answer but configs, addresses, networks of nodes and locks", () => {
    const changed = [...plain].filter(([path, answer]) =>
      JSON.stringify(full.get(path)) !== JSON.stringify(answer)
    ).map(([path]) => path.replace(/.*\/(?=network|config|agent)/, "").replace(/\?.*/, ""));
    expect([...new Set(changed)].sort()).toEqual([
      "/cluster/resources",
      "config",
      "network",
      "network-get-interfaces",
    ]);
  });

  test("has zones of each kind, whose rows can all be read", () => {
    const sdn = readSdn(full)!;
    expect(sdn.unread).toEqual([]);
    expect([...sdn.gaps]).toEqual([]);
    const kinds = new Set([...sdn.zones.values()].map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["evpn", "qinq", "simple", "vlan", "vxlan"]);
    const vnets = [...sdn.vnets.values()];
    expect(vnets.filter(({ kind }) => kind === undefined)).toHaveLength(1);
    for (const { name } of vnets) expect(text).toContain(`bridge=${name},`);
  });

  test("has addresses of guests in the subnets of their VNets", () => {
    const { vnets } = readSdn(full)!;
    const nics = [
      ...text.matchAll(/"net0":"([^"]*bridge=([a-z]\w+),[^"]*,ip=([\d.]+)\/22[^"]*)"/g),
    ];
    const onVnets = nics.flatMap(([, , vnet = "", host = ""]) => {
      const found = vnets.get(vnet);
      return found === undefined || found.subnets.length === 0 ? [] : [[found, host] as const];
    });
    expect(onVnets.length).toBeGreaterThan(50);
    for (const [{ subnets }, host] of onVnets) {
      expect(subnets.map(({ cidr }) => cidr)).toContain(networkOf(host, 22));
    }
  });

  test.each([
    ["a serial number", /"smbios1":"uuid=[^,]+,serial=SIM-[0-9A-F]{8}"/],
    ["an encoded serial number", /,serial=[A-Za-z0-9+/=]+,base64=1/],
    ["cloud-init of two NICs", /"ipconfig1":"ip=10\./],
    ["cloud-init with IPv6", /"ipconfig0":"[^"]*,ip6=2001:db8:/],
    ["a suspended guest", /"lock":"suspended"/],
    ["its lock in the listing", /"lock":"suspended"[^}]*"status":"stopped"/],
    ["listed VLANs of a bridge", /"bridge_vids":"10 20 100-139/],
    ["a trunk of Open vSwitch", /"ovs_options":"trunks=10,20,100,3500/],
    ["a port of Open vSwitch with a VLAN", /"type":"OVSPort"/],
    ["comments of interfaces", /"comments":"rack 7, port \d+\\n"/],
    ["alternative names", /"altnames":\["enx/],
    ["a VLAN inside of a VNet", /bridge=hosting,[^"]*tag=5/],
    ["a host name", /get-host-name .*"host-name":"[a-z0-9.-]+\.sim\.example"/],
    [
      "an agent that is not asked for the host name",
      /get-host-name \{"skipped":"agent-not-running"/,
    ],
    ["the network of an EVPN zone in another one", /"id":"fabric2-10\.200\./],
    ["DHCP ranges", /"dhcp-range":\[\{"end-address"/],
  ])("contains %s", (_what, pattern) => {
    expect(text).toMatch(pattern);
  });

  test("has more trunks", () => {
    const trunks = (answers: ReadonlyMap<string, Answer>): number =>
      [...answers.values()].filter((answer) => JSON.stringify(answer).includes("trunks=")).length;
    expect(trunks(full)).toBeGreaterThan(trunks(plain) * 2);
  });

  test("writes the same bytes on Node and Deno", async () => {
    const store = await simulated("full-e", { nodes: 2, guests: 300, seed: 3, networks: "full" });
    const { files } = (await openSnapshot(store)).manifest;
    expect(digest(files.map((entry) => entry.sha256).join())).toBe(
      "4cba6d6cb4c35790d7821e1b3917c80d48d0f06fb1b7ca813f41865f442c2d3e",
    );
  });
});

describe("simulate of a small site", () => {
  test("writes one node without guests as a complete standalone node", async () => {
    const store = await simulated("h", { nodes: 1, guests: 0, seed: 5 });
    const answers = await answersOf(store);
    expect(rowsOf(answers, PATHS.resources)).toEqual([]);
    expect(rowsOf(answers, PATHS.clusterStatus).map((row) => row["type"])).toEqual(["node"]);
    expect(rowsOf(answers, PATHS.network("pve-0001")).length).toBeGreaterThan(5);
    const { manifest } = await openSnapshot(store);
    expect(manifest).toMatchObject({ outcome: "complete", incomplete: [] });
  });

  test.each([
    { nodes: 0, guests: 1, seed: 1 },
    { nodes: 1, guests: -1, seed: 1 },
    { nodes: 1.5, guests: 1, seed: 1 },
    { nodes: 1, guests: 2_000_001, seed: 1 },
    { nodes: 1, guests: 1, seed: Number.NaN },
  ])("rejects numbers outside their range: %o", async (options) => {
    const store = await openStore(join(folder, "refused"));
    await expect(simulate(store, options)).rejects.toMatchObject({ kind: "usage" });
    expect(await store.keys()).toEqual([]);
  });
});

describe("a simulated site of 2,000 guests on 24 nodes", () => {
  const nodes = 24;
  const guests = 2000;
  let answers: ReadonlyMap<string, Answer>;
  let manifest: Manifest;
  let resources: readonly Row[];
  let text: string;

  beforeAll(async () => {
    const store = await simulated("fleet", { nodes, guests, seed: 7 });
    answers = await answersOf(store);
    manifest = (await openSnapshot(store)).manifest;
    resources = rowsOf(answers, PATHS.resources);
    text = [...answers].map(([path, answer]) => `${path} ${JSON.stringify(answer)}`).join("\n");
  });

  function agentResults(): Row[] {
    return [...answers].flatMap(([path, answer]) =>
      path.includes("/agent/network") && "data" in answer ? [answer.data as Row] : []
    );
  }

  /** Every address in configs and agent answers, with duplicates, without those of docker. */
  function guestAddresses(): string[] {
    return [...text.matchAll(/(?:,ip=|"ip-address":")(10\.[\d.]+)/g)].map((match) =>
      match[1] ?? ""
    );
  }

  test("has the requested numbers of nodes and guests", () => {
    expect(rowsOf(answers, PATHS.nodes)).toHaveLength(nodes);
    expect(resources).toHaveLength(guests);
    expect(new Set(resources.map((row) => row["vmid"])).size).toBe(guests);
    expect(manifest.counts.nodes).toBe(nodes);
    expect(manifest.counts.answers).toBe(answers.size);
  });

  test("has an answer for every call of a capture", () => {
    for (const row of resources) {
      const { node, vmid, type } = row as { node: string; vmid: number; type: "qemu" | "lxc" };
      const address = { node, vmid, kind: type };
      expect(answers.has(PATHS.config(address))).toBe(true);
      expect(answers.has(PATHS.osinfo(address))).toBe(type === "qemu");
      expect(answers.has(PATHS.agentInterfaces(address))).toBe(type === "qemu");
    }
  });

  test("has agent answers only where a capture would call the agent", () => {
    for (const row of resources) {
      if (row["type"] !== "qemu") continue;
      const address = {
        node: String(row["node"]),
        vmid: Number(row["vmid"]),
        kind: "qemu",
      } as const;
      const config = answers.get(PATHS.config(address)) ?? { failed: "reset" };
      const isRead = "data" in config;
      const agent = isRead ? String((config.data as Row)["agent"] ?? "0") : "0";
      const wasAsked = !("skipped" in (answers.get(PATHS.osinfo(address)) ?? {}));
      expect(wasAsked).toBe(row["status"] === "running" && /^(1|enabled=1)/.test(agent));
    }
  });

  test("is partial and lists its failed answers", () => {
    const isDependent = ["unreachable", "config-not-read"];
    const failed = [...answers].filter(([path, answer]) =>
      "failed" in answer || ("skipped" in answer && isDependent.includes(answer.skipped)) ||
      ("status" in answer && answer.status >= 400 && !path.includes("/agent/"))
    );
    expect(manifest.outcome).toBe("partial");
    expect(manifest.incomplete.map((entry) => entry.path).sort())
      .toEqual(failed.map(([path]) => path).sort());
  });

  test("has realistic shares of types, states, templates and tags", () => {
    const share = (found: (row: Row) => boolean): number => resources.filter(found).length / guests;
    expect(share((row) => row["type"] === "qemu")).toBeCloseTo(0.65, 1);
    expect(share((row) => row["status"] === "running")).toBeCloseTo(0.8, 1);
    expect(share((row) => row["template"] === 1)).toBeCloseTo(0.02, 2);
    expect(share((row) => row["tags"] !== undefined)).toBeCloseTo(0.65, 1);
  });

  test("has answers of realistic sizes", () => {
    const mean = (of: RegExp): number => {
      const sizes = [...answers].filter(([path, answer]) => of.test(path) && "data" in answer)
        .map(([, answer]) => JSON.stringify((answer as { data: unknown }).data).length);
      return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    };
    expect(mean(/\/qemu\/\d+\/config\?current=1$/)).toBeGreaterThan(400);
    expect(mean(/\/qemu\/\d+\/config\?current=1$/)).toBeLessThan(1200);
    expect(mean(/^\/nodes\/[^/]+\/status$/)).toBeGreaterThan(1900);
    expect(mean(/^\/nodes\/[^/]+\/status$/)).toBeLessThan(3000);
    expect(JSON.stringify(resources).length / guests).toBeLessThan(375);
  });

  test("has duplicate guest names, and names that are too long for NetBox", () => {
    const names = resources.flatMap((row) => typeof row["name"] === "string" ? [row["name"]] : []);
    const distinct = new Set(names.map((name) => name.toLowerCase()));
    expect(names.length - distinct.size).toBeGreaterThanOrEqual(5);
    expect(names.some((name) => name.length > 64)).toBe(true);
    expect(names.some((name) => /^VM \d+$/.test(name))).toBe(true);
    expect(names.some((name) => /^CT\d+$/.test(name))).toBe(true);
  });

  test("has distinct addresses, except a few duplicates", () => {
    const addresses = guestAddresses();
    const duplicates = addresses.length - new Set(addresses).size;
    expect(addresses.length).toBeGreaterThan(1000);
    expect(duplicates).toBeGreaterThanOrEqual(1);
    expect(duplicates).toBeLessThan(addresses.length * 0.01);
  });

  test("has the same host-only bridge address on every online node", () => {
    const online = rowsOf(answers, PATHS.nodes).filter((row) => row["status"] === "online");
    expect(online).toHaveLength(nodes - 1);
    expect(text.match(/"cidr":"192\.168\.100\.1\/24"/g)).toHaveLength(online.length);
  });

  test("has agents that fail in every known way", () => {
    const results = agentResults().map((data) => data["result"]);
    expect(results.filter(Array.isArray).length).toBeGreaterThan(200);
    expect(results.some((result) => !Array.isArray(result))).toBe(true);
    expect(text).toContain("QEMU guest agent is not running");
    expect(text).toContain("failed - got timeout");
    for (
      const reason of ["agent-off", "guest-stopped", "template", "config-not-read", "unreachable"]
    ) {
      expect(text).toContain(`{"skipped":"${reason}"}`);
    }
  });

  test.each([
    ["PVE 8.4", /pve-manager\/8\.4/],
    ["PVE 9", /pve-manager\/9\./],
    ["an offline node", /"status":"offline"/],
    ["a guest with unknown status", /"status":"unknown"/],
    ["a config that was denied", /config\?current=1 \{"error":"Permission check failed/],
    [
      "a config that timed out",
      /config\?current=1 \{("failed":"timeout"|"error":"Connection timed out")/,
    ],
    ["a config of an offline node", /config\?current=1 \{"skipped":"unreachable"\}/],
    ["a paused machine", /"status":"paused"/],
    ["an HA state", /"hastate":"started"/],
    ["a pool", /"pool":"customers\/alpha"/],
    ["tags whose slugs collide", /"tags":"[^"]*c\+\+/],
    ["tags with an old separator", /"tags":"[^";]+,[^"]+"/],
    ["a description with lines and other letters", /"description":"東京[^"]*\\n/],
    ["a long description", /"description":"(?:[^"\\]|\\.){1500}/],
    ["a template", /"template":1/],
    ["a config of a template", /config\?current=1 \{"skipped":"template"\}/],
    ["trunks", /trunks=2;5-7/],
    ["a link that is down", /link_down=1/],
    ["an MTU", /mtu=9000/],
    ["an untagged NIC", /"net0":"virtio=[^,]+,bridge=vmbr0"/],
    ["three NICs", /"net2":"/],
    ["a MAC in lower case", /"net0":"\w+=bc:24/],
    ["a CD drive", /"ide2":"none,media=cdrom"/],
    ["cloud-init", /vm-\d+-cloudinit/],
    ["firmware state", /"efidisk0":/],
    ["TPM state", /"tpmstate0":/],
    ["a detached volume", /"unused0":/],
    ["a disk passed through", /"\/dev\/disk\/by-id\//],
    ["four disks", /"scsi3":/],
    ["a bind mount", /"\/srv\/shared,mp=/],
    ["a linked clone", /base-9000-disk-0\/vm-/],
    ["a container with DHCP", /ip=dhcp/],
    ["a container with IPv6", /ip6=2001:db8:/],
    ["half a CPU", /"maxcpu":0\.5,/],
    ["raw lines of a container", /"lxc":\[\[/],
    ["a string outside the grammar", /bogus,,=|tag=five|size=twelve|",,,"|300\/99|size=\?|"eth8"/],
    ["a docker bridge", /"name":"docker0"/],
    ["a veth", /"name":"veth/],
    ["a Windows guest", /"name":"Ethernet"/],
    ["an address with a zone", /fe80::[0-9a-f:]+%\d/],
    ["an agent without a system name", /FreeBSD 13\.1/],
    ["a bond", /"bond_mode":"802\.3ad"/],
    ["a VLAN on a bridge", /"iface":"vmbr0\.20"/],
    ["a VLAN with a name of its own", /"iface":"vlan30"/],
    ["IPv6 on a node", /"cidr6":"2001:db8:/],
    ["a storage network", /"cidr":"10\.251\./],
  ])("contains %s", (_what, pattern) => {
    expect(pattern.test(text)).toBe(true);
  });
});
