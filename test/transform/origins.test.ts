/** The answers and objects that an entity was made from. */
import { expect, test } from "vitest";
import { parsePolicy } from "../../src/transform/policy.ts";
import { type Made, transform, type TransformOptions } from "../../src/transform/transform.ts";
import { lab } from "../helpers/lab.ts";

const SNAPSHOT = lab({
  nodes: { pve1: { network: [{ iface: "vmbr0", cidr: "10.0.0.2/24" }] } },
  guests: [101, 102].map((vmid) => ({
    vmid,
    row: { tags: "web" },
    config: { net0: "virtio,tag=10", ostype: "l26", scsi0: "local:x,size=1G" },
  })),
});

async function madeWith(options?: TransformOptions): Promise<Made[]> {
  const policy = parsePolicy({ PROXMOX_HOST: "pve1.example.net" });
  const made: Made[] = [];
  for await (const batch of transform([{ snapshot: SNAPSHOT, policy }], options)) {
    made.push(...batch.made);
  }
  return made;
}

/** "tag web" → the objects that use it. */
async function originsWith(options?: TransformOptions) {
  return (await madeWith(options)).flatMap(({ step, source }) =>
    "origins" in source
      ? source.origins.map(({ subject, key }) => `${step} ${subject.what} ${key ?? ""}`.trim())
      : []
  );
}

test("with keepOrigins, shared objects list all objects that use them", async () => {
  expect(await originsWith({ keepOrigins: true })).toEqual([
    "tag vm/101",
    "tag vm/102",
    "platform vm/101",
    "platform vm/102",
    "platform node/pve1",
    "vlan vm/101/net0 net0",
    "vlan vm/102/net0 net0",
    "prefix node/pve1/vmbr0",
  ]);
});

test("without keepOrigins, no origins are kept, to save memory", async () => {
  expect(await originsWith()).toEqual([]);
  expect(await originsWith({ keepOrigins: false })).toEqual([]);
});

test("every other source names its object and the answers it was read from", async () => {
  const objects = (await madeWith()).flatMap(({ source }) =>
    "subject" in source ? [[source.subject.what, Object.keys(source.places).sort().join(" ")]] : []
  );
  expect(Object.fromEntries(objects)).toEqual({
    "cluster/lab": "clusterStatus",
    "node/pve1": "clusterStatus nodeStatus nodes",
    "node/pve1/vmbr0": "network",
    "node/pve1/vmbr0/10.0.0.2/24": "network",
    "vm/101": "config osinfo resources",
    "vm/101/net0": "config",
    "vm/101/scsi0": "config",
    "vm/102": "config osinfo resources",
    "vm/102/net0": "config",
    "vm/102/scsi0": "config",
  });
});
