/** Lists that Proxmox VE shortens for the token are reported as partial, with commands that fix them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accessTo, filteredPaths, grantsFor, lacksOf } from "../../src/capture/access.ts";
import { ApiToken } from "../../src/capture/token.ts";
import { type EndpointName, ENDPOINTS, PATHS } from "../../src/proxmox/endpoints.ts";
import { type AclEntry, Rights } from "../../src/proxmox/rights.ts";
import { numRuns } from "../helpers/full-tests.ts";
import {
  BUILT_IN_ROLES,
  effectivePermissions,
  type Inventory,
  readAcl,
  runPveum,
  type UserConfig,
  visible,
} from "../helpers/proxmox-acl.ts";
import { ok } from "../helpers/snapshot-builder.ts";

const USER = "netbox@pve";
const TOKEN = "netbox@pve!sync";
const token = new ApiToken(USER, "sync", "secret");
const SITE: Inventory = {
  vmids: [100, 101],
  nodes: ["pve1", "pve2"],
  bridges: ["vmbr0", "vmbr1"],
  zones: ["dc1", "dc2"],
  vnets: ["dc1/web", "dc1/db", "dc2/web2"],
};
const SDN_LISTS = [PATHS.sdnZones, PATHS.sdnVnets];
const ROLES = {
  ...BUILT_IN_ROLES,
  PowerOnly: ["VM.Console", "VM.PowerMgmt"],
  Bridges: ["SDN.Use"],
  Inventory: ["Sys.Audit", "VM.Audit"],
};

/** "user /vms/101 NoAccess", "token / PVEAuditor here": the last does not propagate. */
function config(lines: readonly string[], more: Partial<UserConfig> = {}): UserConfig {
  const ugids: Readonly<Record<string, string>> = { user: USER, token: TOKEN, group: "ops" };
  const acl = lines.map((line): AclEntry => {
    const [type = "", path = "", roleid = "", here] = line.split(" ");
    const ugid = ugids[type] ?? "";
    return { path, type: type as AclEntry["type"], ugid, roleid, propagate: here === undefined };
  });
  return {
    user: USER,
    token: "sync",
    isSeparated: true,
    groups: [],
    pools: {},
    roles: ROLES,
    acl,
    ...more,
  };
}

const BOTH = ["user / PVEAuditor", "token / PVEAuditor"];

function rightsOf(given: UserConfig): Rights {
  const [permissions, acl] = [ok(effectivePermissions(given)), ok(readAcl(given))];
  return Rights.of(permissions, acl, token.principals)!;
}

function accessOf(given: UserConfig) {
  return { rights: rightsOf(given), major: 9, nodes: SITE.nodes };
}

function advice(given: UserConfig): string[] {
  const { rights } = accessOf(given);
  const lacks = (Object.keys(ENDPOINTS) as EndpointName[])
    .flatMap((endpoint) => lacksOf(accessTo(endpoint, accessOf(given))));
  return grantsFor(lacks, token, rights).map(({ text }) => text);
}

const NETWORKS = SITE.nodes.map(PATHS.network);

describe("capture reports exactly the shortened listings when Proxmox VE hides", () => {
  test.each<[string, UserConfig, string[], string[]]>([
    ["nothing", config(BOTH), [], []],
    ["all guests", config([...BOTH, "user /vms NoAccess"]), [PATHS.resources], [
      `pveum acl delete /vms --roles NoAccess --users '${USER}'`,
    ]],
    ["all bridges", config([...BOTH, "user /sdn NoAccess"]), [...NETWORKS, ...SDN_LISTS], [
      `pveum acl delete /sdn --roles NoAccess --users '${USER}'`,
    ]],
    ["one guest, from the user", config([...BOTH, "user /vms/101 NoAccess"]), [PATHS.resources], [
      `pveum acl delete /vms/101 --roles NoAccess --users '${USER}'`,
    ]],
    ["one guest, from the token", config([...BOTH, "token /vms/101 NoAccess"]), [
      PATHS.resources,
    ], [`pveum acl delete /vms/101 --roles NoAccess --tokens '${TOKEN}'`]],
    [
      "one guest, from a group of the user",
      config([...BOTH, "group /vms/101 NoAccess"], { groups: ["ops"] }),
      [PATHS.resources],
      [
        `pveum acl modify /vms/101 --roles PVEAuditor --users '${USER}' ` +
        "# outweighs NoAccess of group ops",
      ],
    ],
    [
      "one bridge",
      config([...BOTH, "user /sdn/zones/localnetwork/vmbr1 NoAccess"]),
      NETWORKS,
      [`pveum acl delete /sdn/zones/localnetwork/vmbr1 --roles NoAccess --users '${USER}'`],
    ],
    [
      "one guest, by a role of the user without VM.Audit",
      config([...BOTH, "user /vms/101 PowerOnly"]),
      [PATHS.resources],
      [`pveum acl modify /vms/101 --roles PVEAuditor --users '${USER}'`],
    ],
    [
      "the guests of a pool",
      config([...BOTH, "token /pool/lab NoAccess"], { pools: { lab: [101] } }),
      [PATHS.resources],
      [`pveum acl delete /pool/lab --roles NoAccess --tokens '${TOKEN}'`],
    ],
    ["the figures of a node", config([...BOTH, "token /nodes/pve2 PowerOnly"]), [PATHS.nodes], [
      `pveum acl modify /nodes/pve2 --roles PVEAuditor --tokens '${TOKEN}'`,
    ]],
    [
      "a zone and its VNets",
      config([...BOTH, "user /sdn/zones/dc1 NoAccess"]),
      SDN_LISTS,
      [`pveum acl delete /sdn/zones/dc1 --roles NoAccess --users '${USER}'`],
    ],
    [
      "the VNets of a zone, by a role that does not propagate",
      config([...BOTH, "token /sdn/zones/dc1 PVEAuditor here", "token /sdn/zones/dc1 Bridges"]),
      [PATHS.sdnVnets],
      [`pveum acl modify /sdn/zones/dc1 --roles PVEAuditor --propagate 1 --tokens '${TOKEN}'`],
    ],
    [
      "one VNet",
      config([...BOTH, "token /sdn/zones/dc1/web PowerOnly"]),
      [PATHS.sdnVnets],
      [`pveum acl modify /sdn/zones/dc1/web --roles PVEAuditor --tokens '${TOKEN}'`],
    ],
    [
      "all zones but one",
      config(["user / PVEAuditor", "token / Inventory", "token /sdn/zones/dc1 PVEAuditor"]),
      [...NETWORKS, ...SDN_LISTS],
      [`pveum acl modify / --roles PVEAuditor --tokens '${TOKEN}'`],
    ],
    [
      "everything below /, where the roles do not propagate",
      config(["user / PVEAuditor", "token / PVEAuditor here"]),
      [PATHS.acl, PATHS.resources, PATHS.nodes, ...NETWORKS, ...SDN_LISTS],
      [`pveum acl modify / --roles PVEAuditor --propagate 1 --users '${USER}' --tokens '${TOKEN}'`],
    ],
  ])("%s", (_, given, filtered, commands) => {
    expect(filteredPaths(accessOf(given), SDN_LISTS)).toEqual(filtered);
    expect(advice(given)).toEqual(commands);
  });

  test.each<[string, UserConfig]>([
    ["NoAccess of a group that the user is not in", config([...BOTH, "group /vms/101 NoAccess"])],
    ["NoAccess that applies to /vms alone", config([...BOTH, "user /vms NoAccess here"])],
    ["a role on /nodes that does not propagate", config([...BOTH, "user /nodes Bridges here"])],
    [
      "NoAccess on one VLAN of a bridge",
      config([
        ...BOTH,
        "user /sdn/zones/localnetwork/vmbr1/20 NoAccess",
      ]),
    ],
    [
      "a bridge of which one VLAN is shown",
      config([
        ...BOTH,
        "user /sdn/zones/localnetwork/vmbr1 NoAccess",
        "user /sdn/zones/localnetwork/vmbr1/20 PVEAuditor",
      ]),
    ],
    ["a token with all rights of its user", config(["user / PVEAuditor"], { isSeparated: false })],
  ])("nothing, with %s", (_, given) => {
    expect(visible(given, SITE)).toEqual(SITE);
    expect(filteredPaths(accessOf(given), SDN_LISTS)).toEqual([]);
    expect(advice(given)).toEqual([]);
  });

  test("an unknown part, which is the case without Sys.Audit on /access", () => {
    const given = config(["user / Inventory", "token /vms Inventory", "token /nodes Inventory"]);
    expect(filteredPaths(accessOf(given))).toEqual([PATHS.acl, ...NETWORKS]);
    const unread = Rights.of(ok(effectivePermissions(config(BOTH))), { failed: "timeout" })!;
    expect(filteredPaths({ rights: unread, major: 9, nodes: [] })).toEqual([PATHS.acl]);
  });
});

describe("for every access control list,", () => {
  const PLACES = [
    "/",
    "/access",
    "/nodes",
    "/nodes/pve1",
    "/pool",
    "/pool/lab",
    "/sdn",
    "/sdn/zones",
    "/sdn/zones/dc1",
    "/sdn/zones/dc1/web",
    "/sdn/zones/localnetwork",
    "/sdn/zones/localnetwork/vmbr1",
    "/sdn/zones/localnetwork/vmbr1/20",
    "/vms",
    "/vms/100",
    "/vms/101",
  ];
  const entry = fc.record({
    path: fc.constantFrom(...PLACES),
    type: fc.constantFrom("user", "token", "group", "group2", "other"),
    roleid: fc.constantFrom(...Object.keys(ROLES)),
    propagate: fc.boolean(),
  }).map(({ type, ...each }): AclEntry => {
    const who: Readonly<Record<string, Pick<AclEntry, "type" | "ugid">>> = {
      user: { type: "user", ugid: USER },
      token: { type: "token", ugid: TOKEN },
      group: { type: "group", ugid: "ops" },
      group2: { type: "group", ugid: "staff" },
      other: { type: "user", ugid: "other@pve" },
    };
    return { ...each, ...who[type]! };
  });
  // One entry for each principal, path and role, as in user.cfg.
  const acls = fc.uniqueArray(entry, {
    maxLength: 6,
    selector: ({ path, type, ugid, roleid }) => [path, type, ugid, roleid].join(" "),
  });
  const configs = fc.record({
    acl: acls,
    isAuditor: fc.boolean(),
    isSeparated: fc.boolean(),
    groups: fc.subarray(["ops", "staff"]),
    pools: fc.constantFrom<UserConfig["pools"]>({}, { lab: [101] }, { lab: [100, 101] }),
  }).map(({ acl, isAuditor, ...more }): UserConfig => {
    const base = isAuditor ? config(BOTH).acl : [];
    const others = acl.filter((each) =>
      !base.some(({ path, type, roleid, ugid }) =>
        each.path === path && each.type === type && each.roleid === roleid && each.ugid === ugid
      )
    );
    return { ...config([]), ...more, acl: [...base, ...others] };
  });

  test("a listing with hidden objects is never reported as complete", () => {
    fc.assert(
      fc.property(configs, (given) => {
        const filtered = filteredPaths(accessOf(given), SDN_LISTS);
        const seen = visible(given, SITE);
        const isKnown = !filtered.includes(PATHS.acl);
        const hidden = [
          ...(seen.vmids.length < SITE.vmids.length ? [PATHS.resources] : []),
          ...(seen.nodes.length < SITE.nodes.length ? [PATHS.nodes] : []),
          ...(seen.bridges.length < SITE.bridges.length ? NETWORKS : []),
          ...(seen.zones.length < SITE.zones.length ? [PATHS.sdnZones] : []),
          ...(seen.vnets.length < SITE.vnets.length ? [PATHS.sdnVnets] : []),
        ];
        if (isKnown) expect(filtered).toEqual(expect.arrayContaining(hidden));
        else expect(filtered.length).toBeGreaterThan(0);
      }),
      { numRuns: numRuns(1000) },
    );
  });

  test("the commands grant no existing role, and running them until none is left reveals everything", () => {
    fc.assert(
      fc.property(configs, (first) => {
        let given = first;
        let commands = advice(given);
        for (let round = 0; round < 6 && commands.length > 0; round += 1) {
          const { acl } = rightsOf(given);
          for (const command of commands) {
            const next = runPveum(given, command);
            // Without the access control list, the existing roles are unknown.
            if (acl !== undefined) expect(next.acl, command).not.toEqual(given.acl);
            given = next;
          }
          commands = advice(given);
        }
        // A NoAccess on "/" that may not be read cannot be named either.
        fc.pre(rightsOf(given).acl !== undefined);
        expect(commands).toEqual([]);
        expect(filteredPaths(accessOf(given), SDN_LISTS)).toEqual([]);
        expect(visible(given, SITE)).toEqual(SITE);
      }),
      { numRuns: numRuns(1000) },
    );
  });
});
