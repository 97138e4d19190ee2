/** VRFs, VLAN groups and L2VPNs: one object each, whatever names it first, and sent again nothing changes. */
import type { Entities } from "../../../src/netbox/types/order.ts";
import type { StepName } from "../../../src/netbox/types/steps.ts";
import { buildSet, type SetParts } from "../../helpers/entity-set.ts";
import { labSite } from "../../helpers/lab.ts";
import { cluster, SITE } from "../../helpers/respecting.ts";
import { readEntityFiles, type SentEntity } from "../diode/entity-files.ts";
import { listAll } from "../server/rest.ts";
import type { Input, Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual } from "./compare-report.ts";

const INPUT: Input = { runs: [labSite(cluster())], settings: SITE };

export const EXTENSION_CASES: readonly Case[] = [
  {
    holds: "1 2 3 8",
    name: "addresses and prefixes of two VRFs, VLANs of a group and an L2VPN exist once each",
    isForAll: true,
    modes: ["single", "bulk"],
    run: (trial) => trial.withRun(INPUT, (run) => pushed(trial, run, (entities) => entities)),
  },
  {
    holds: "4",
    name: "a VRF, a VLAN group and an L2VPN exist once although what names them is applied first",
    modes: ["single", "bulk"],
    run: (trial) => trial.withRun(INPUT, (run) => pushed(trial, run, reversed)),
  },
];

/** Path → how many objects there are. */
const COUNTS = {
  "ipam/vrfs": 2,
  "ipam/vlan-groups": 1,
  "ipam/vlans": 2,
  "vpn/l2vpns": 1,
  "vpn/l2vpn-terminations": 1,
  "ipam/prefixes": 3,
  "ipam/roles": 1,
} as const;

function reversed(entities: readonly SentEntity[]): readonly SentEntity[] {
  return entities.toReversed();
}

async function pushed(
  trial: Trial,
  run: string,
  inOrder: (entities: readonly SentEntity[]) => readonly SentEntity[],
): Promise<void> {
  const { netbox } = trial;
  const plain = await readEntityFiles(run);
  const addresses = plain.filter(({ step }) => step.name === "ip-address").length;
  await buildSet(run, { ...partsOf(plain), ...extended(plain) });
  const entities = await readEntityFiles(run);
  await trial.push(inOrder(entities));
  await expectAllEqual(trial, run);
  await trial.pushAgain(entities);
  const counts = { ...COUNTS, "ipam/ip-addresses": addresses + 2 };
  for (const [path, count] of Object.entries(counts)) {
    const found = (await listAll(netbox, path)).length;
    if (found !== count) trial.findings.push(`${path}: ${found} objects, and not ${count}`);
  }
  await trial.withTarget((target) => Promise.resolve(target));
}

/** The run's own entities, with those of a richer site. */
function extended(plain: readonly SentEntity[]): SetParts {
  const parts = partsOf(plain);
  const all = <Name extends StepName>(step: Name): Entities[Name][] =>
    (parts[step] as Entities[Name][][] | undefined)?.flat() ?? [];
  const [nic] = all("vm-interface");
  const [address] = all("ip-address").filter((each) => "assigned_object_vm_interface" in each);
  const [prefix] = all("prefix");
  if (nic === undefined || address === undefined || prefix === undefined) {
    throw new Error("The lab has no NIC, address or prefix");
  }
  const { tags, virtual_machine, name } = nic;
  const group = { name: "DC1" };
  const vlan = { vid: "30", name: "VLAN 30", group } as const;
  const l2vpn = { name: "vnet1", type: "vxlan" } as const;
  const vrfs = [{ name: "external" }, { name: "internal" }];
  const assigned_object_vm_interface = { virtual_machine, name };
  return {
    "vrf": [vrfs.map((vrf) => ({ ...vrf, tags }))],
    "vlan-group": [[{ ...group, tags }]],
    "l2vpn": [[{ ...l2vpn, identifier: "100", description: "Web", tags }]],
    "vlan": [[...all("vlan"), { ...vlan, tags }]],
    "l2vpn-termination": [[{ l2vpn, assigned_object_vm_interface, tags }]],
    "ip-address": [[
      ...all("ip-address"),
      ...vrfs.map((vrf) => ({
        address: address.address,
        vrf,
        assigned_object_vm_interface,
        dns_name: "web.example.net",
        tags,
      })),
    ]],
    "prefix": [[
      ...all("prefix"),
      ...vrfs.map((vrf) => ({
        prefix: prefix.prefix,
        vrf,
        vlan,
        role: { name: "Servers" },
        tags,
      })),
    ]],
  };
}

function partsOf(entities: readonly SentEntity[]): SetParts {
  const bySteps = Map.groupBy(entities, ({ step }) => step.name);
  return Object.fromEntries(
    [...bySteps].map(([name, same]) => [name, [same.map(({ entity }) => entity)]]),
  ) as SetParts;
}
