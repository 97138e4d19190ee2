/** Where a source was read from. */
import { expect, test } from "vitest";
import { parsePolicy } from "../../src/transform/settings.ts";
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

/** "tag web" → the things that it was seen on. */
async function originsWith(options?: TransformOptions) {
  return (await madeWith(options)).flatMap(({ step, source }) =>
    "origins" in source
      ? source.origins.map(({ subject, key }) => `${step} ${subject.what} ${key ?? ""}`.trim())
      : []
  );
}

test("what a shared object was seen on is kept when it is asked for", async () => {
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

test("without keepOrigins it is not kept, which saves memory", async () => {
  expect(await originsWith()).toEqual([]);
  expect(await originsWith({ keepOrigins: false })).toEqual([]);
});

test("every other source names its thing and the answers that are asked about it", async () => {
  const things = (await madeWith()).flatMap(({ source }) =>
    "subject" in source ? [[source.subject.what, Object.keys(source.places).sort().join(" ")]] : []
  );
  expect(Object.fromEntries(things)).toEqual({
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
