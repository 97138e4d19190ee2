/** Several snapshots in one run, and --bootstrap, which takes none. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import { AppError } from "../../../src/base/errors.ts";
import { bootstrap } from "../../../src/transform/transform.ts";
import { type Outcome, transformed } from "../../helpers/in-memory.ts";
import { type Lab, lab } from "../../helpers/lab.ts";

const ALPHA: Lab = {
  cluster: "alpha",
  host: "b.example",
  capturedAt: "2026-01-01T00:00:00Z",
  nodes: { pve1: { network: [{ iface: "vmbr0", cidr: "10.0.0.2/24" }] } },
  guests: [{ vmid: 101, row: { name: "web", tags: "prod" }, config: { net0: "virtio,tag=7" } }],
};
const BETA: Lab = {
  ...ALPHA,
  cluster: "beta",
  host: "a.example",
  capturedAt: "2026-03-01T00:00:00Z",
};

function together(...labs: readonly Lab[]): Promise<Outcome> {
  return transformed(labs.map((each, i) => lab(each, `run${i}`)));
}

function hostsOf(tags: readonly { readonly name: string }[]): string[] {
  return tags.map(({ name }) => name).filter((name) => name.endsWith(".example"));
}

test("a node in NODE_SITE_MAP that no snapshot lists is noted once, with the answer that was searched", async () => {
  const inputs = [ALPHA, BETA].map((each, i) => lab(each, `run${i}`));
  const { notes } = await transformed(inputs, { NODE_SITE_MAP: "pve1:London,pve9:Leeds" });
  const unknown = notes.filter(({ code }) => code === "unknown-node");
  expect(unknown).toHaveLength(1);
  expect(unknown[0]).toMatchObject({
    what: "node/pve9",
    answer: { file: "pve/cluster.json", path: "/nodes", snapshot: "run0" },
  });
});

describe("objects that several clusters share", () => {
  test("are sent once, with the host tags of all their clusters, sorted", async () => {
    const outcome = await together(BETA, ALPHA);
    const hosts = ["proxmox-a.example", "proxmox-b.example"];
    for (const step of ["cluster-type", "platform", "vlan", "prefix"] as const) {
      expect(outcome.of(step).map(({ tags }) => hostsOf(tags)), step).toEqual([hosts]);
    }
    expect(outcome.of("tag").map(({ name }) => name))
      .toEqual(["discovered", "prod", ...hosts, "proxmox-ve"]);
    expect(outcome.of("custom-field")).toHaveLength(7);
  });

  test("have one host tag if only one cluster uses them", async () => {
    const guests = [{ vmid: 101, config: { net0: "virtio,tag=9" } }];
    const outcome = await together(ALPHA, { ...BETA, guests });
    expect(outcome.of("vlan").map(({ vid, tags }) => [vid, ...hostsOf(tags)]))
      .toEqual([["7", "proxmox-b.example"], ["9", "proxmox-a.example"]]);
  });

  test("have the newest capture time of their clusters", async () => {
    const outcome = await together(ALPHA, { ...BETA, guests: [] });
    const times = (step: string): string[] =>
      outcome.all.filter((each) => each.step === step).map(({ capturedAt }) =>
        capturedAt.slice(5, 7)
      );
    expect(times("cluster-type")).toEqual(["03"]);
    expect(times("cluster")).toEqual(["01", "03"]);
    expect(times("platform")).toEqual(["03"]);
    expect(times("vlan")).toEqual(["01"]);
    expect(times("virtual-machine")).toEqual(["01"]);
    expect(times("device")).toEqual(["01", "03"]);
  });

  test("have the newer time if a guest tag equals a host tag", async () => {
    const guests = [{ vmid: 101, row: { tags: "proxmox-b.example" } }];
    const outcome = await together(ALPHA, { ...BETA, guests });
    const [tag] = outcome.all.filter(({ step, entity }) =>
      step === "tag" && "name" in entity && entity.name === "proxmox-b.example"
    );
    expect(tag?.capturedAt.slice(5, 7)).toBe("03");
  });

  test("have one host tag if both snapshots have the same host", async () => {
    const outcome = await together(ALPHA, { ...BETA, host: "b.example" });
    expect(outcome.of("cluster-type").map(({ tags }) => tags.length)).toEqual([3]);
  });
});

describe("clusters in one run", () => {
  test("may have guests of the same name, since NetBox names VMs within a cluster", async () => {
    const outcome = await together(ALPHA, BETA);
    expect(outcome.of("virtual-machine").map(({ name, cluster }) => [cluster.name, name]))
      .toEqual([["alpha", "web"], ["beta", "web"]]);
  });

  test("in the same site rename duplicate nodes: later ones get their cluster name appended", async () => {
    const outcome = await together(BETA, ALPHA);
    expect(outcome.of("device").map(({ name }) => name)).toEqual(["pve1", "pve1 (beta)"]);
    expect(outcome.codesOf("node/pve1")).toEqual(["renamed"]);
  });

  test("in different sites keep duplicate node names", async () => {
    const recorded = { SITE_NAME: "Elsewhere" };
    const outcome = await together(ALPHA, { ...BETA, recorded });
    expect(outcome.of("device").map(({ name }) => name)).toEqual(["pve1", "pve1"]);
  });

  test("with long names still give each node a unique name of at most 64 characters", async () => {
    const nodes = { pve1: {}, pve2: {}, [`n${"x".repeat(62)}`]: {} };
    const cluster = `beta-${"y".repeat(120)}`;
    const outcome = await together({ ...ALPHA, nodes }, { ...BETA, nodes, cluster });
    const names = outcome.of("device").map(({ name }) => name);
    expect(names.filter((name) => [...name].length > 64)).toEqual([]);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(6);
    expect(names.filter((name) => name.startsWith("pve2")).length).toBe(2);
  });

  test("assign a duplicate address once: the record names the first interface and its snapshot", async () => {
    const outcome = await together(ALPHA, BETA);
    expect(outcome.of("ip-address").map(({ assigned_object_interface: on }) => on?.device.name))
      .toEqual(["pve1"]);
    const [record] = outcome.leftOut.filter(({ reason }) => reason === "duplicate-address");
    expect(record).toMatchObject({
      what: "node/pve1/vmbr0/10.0.0.2/24",
      sentence: expect.stringContaining("node/pve1/vmbr0 of run0"),
      answer: { snapshot: "run1" },
    });
  });

  test("are written in natural order, whatever the order of the runs", async () => {
    const [one, other] = await Promise.all([together(ALPHA, BETA), together(BETA, ALPHA)]);
    expect(other.all).toEqual(one.all);
  });

  test("are rejected if two snapshots contain the same cluster", async () => {
    const twice = together(ALPHA, { ...BETA, cluster: "alpha" });
    await expect(twice).rejects.toThrow(AppError);
    await expect(twice).rejects.toMatchObject({ message: expect.stringContaining('"alpha"') });
  });

  test("use the settings that each manifest recorded", async () => {
    const outcome = await together(
      { ...ALPHA, recorded: { CLUSTER_NAME: "one", SITE_NAME: "North" } },
      { ...BETA, cluster: "alpha", recorded: { CLUSTER_NAME: "two", SITE_NAME: "South" } },
    );
    expect(outcome.of("cluster").map(({ name, scope_site }) => [name, scope_site?.name]))
      .toEqual([["one", "North"], ["two", "South"]]);
  });

  test("with a common network get one prefix, without a scope if their sites differ", async () => {
    const same = await together(ALPHA, BETA);
    expect(same.of("prefix").map(({ scope_site }) => scope_site?.name)).toEqual(["Proxmox"]);
    const apart = await together(ALPHA, { ...BETA, recorded: { SITE_NAME: "Elsewhere" } });
    expect(apart.of("prefix").map(({ scope_site }) => scope_site?.name)).toEqual([undefined]);
  });
});

describe("--bootstrap", () => {
  const made = [...bootstrap("2026-01-01T00:00:00Z")].flatMap((batch) => batch.made);

  test("writes two tags, seven custom fields and the cluster type, but no host tag", () => {
    expect(made.map(({ step, entity }) => [step, "name" in entity ? entity.name : ""])).toEqual([
      ["tag", "discovered"],
      ["tag", "proxmox-ve"],
      ["custom-field", "proxmox_cpu_count"],
      ["custom-field", "proxmox_ha_state"],
      ["custom-field", "proxmox_memory_mb"],
      ["custom-field", "proxmox_node"],
      ["custom-field", "proxmox_storage_pool"],
      ["custom-field", "proxmox_vm_type"],
      ["custom-field", "proxmox_vmid"],
      ["cluster-type", "Proxmox"],
    ]);
    expect(made.at(-1)?.entity).toEqual({
      name: "Proxmox",
      slug: "proxmox",
      tags: [
        { name: "proxmox-ve" },
        { name: "discovered" },
      ],
    });
  });

  test("writes the custom fields of the mapping document: label, type and object types", () => {
    const fields = made.flatMap(({ step, entity }) => (step === "custom-field" ? [entity] : []));
    const table = fields.map(({ name, label, type, object_types: objects }) =>
      [name, label, type, ...objects].join(" | ")
    );
    expect(table).toEqual([
      "proxmox_cpu_count | Proxmox CPU Count | integer | dcim.device",
      "proxmox_ha_state | Proxmox HA State | text | virtualization.virtualmachine",
      "proxmox_memory_mb | Proxmox Memory (MB) | integer | dcim.device",
      "proxmox_node | Proxmox Node | text | virtualization.virtualmachine",
      "proxmox_storage_pool | Proxmox Storage Pool | text | virtualization.virtualdisk",
      "proxmox_vm_type | Proxmox VM Type | text | virtualization.virtualmachine",
      "proxmox_vmid | Proxmox VM ID | text | virtualization.virtualmachine",
    ]);
    const purposes = fields.map(({ description }) => description);
    expect(purposes[6]).toBe(
      "The unique numeric ID assigned to this VM or container by Proxmox VE",
    );
    expect(purposes[2]).toBe(
      "Total physical memory installed on this Proxmox VE node, in megabytes",
    );
  });

  test("writes what a complete run also writes, except the host tag", async () => {
    const outcome = await transformed(lab({}));
    for (const { step, entity } of made.filter(({ step }) => step !== "cluster-type")) {
      expect(outcome.of(step)).toContainEqual(entity);
    }
  });
});
