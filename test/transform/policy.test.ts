/** Settings of transform: defaults, and errors for wrong values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { RuleSet } from "../../src/transform/rules/match.ts";
import { parsePolicy, type Policy } from "../../src/transform/policy.ts";
import {
  isBootstrapOn,
  type SettingName,
  SETTINGS,
  type SettingTexts,
} from "../../src/transform/settings.ts";

const HOST = { PROXMOX_HOST: "pve1.example.net" };

const FLAGS = {
  ALL_INTERFACES: "allInterfaces",
  LXC_LIVE_ADDRESSES: "lxcLiveAddresses",
  CLOUD_INIT_ADDRESSES: "cloudInitAddresses",
  GUEST_SERIAL: "guestSerial",
  CLEAR_EMPTY: "clearEmpty",
  DEVICE_CLUSTER: "deviceCluster",
} as const satisfies Partial<Record<SettingName, keyof Policy>>;

const CHOICES = {
  CLUSTER_SCOPE: ["auto", "site", "none"],
  PREFIX_SCOPE: ["auto", "site"],
  DISK_BASE_UNIT: ["1024", "1000"],
  PLATFORM_WITHOUT_AGENT: ["ostype", "keep"],
  NETWORK_DEPTH: ["mapped", "full"],
  SUSPENDED_STATUS: ["active", "paused", "decommissioning"],
} as const satisfies Partial<Record<SettingName, readonly string[]>>;

function policy(texts: SettingTexts): Policy {
  return parsePolicy({ ...HOST, ...texts });
}

/** The error that `read` throws; the test fails if it throws anything else. */
function refusal(read: () => unknown): AppError {
  try {
    read();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("It was not refused");
}

describe("without settings", () => {
  test("defaults are those of the mapping document, and all extensions are off", () => {
    expect(policy({})).toEqual({
      host: "pve1.example.net",
      clusterName: undefined,
      siteName: "Proxmox",
      nodeSites: new Map(),
      nodeDevices: new Map(),
      nodes: undefined,
      tenantName: undefined,
      clusterScope: "auto",
      prefixScope: "auto",
      rules: RuleSet.NONE,
      diskBaseUnit: 1024,
      allInterfaces: false,
      networkDepth: "mapped",
      lxcLiveAddresses: false,
      cloudInitAddresses: false,
      guestSerial: false,
      suspendedStatus: undefined,
      platformWithoutAgent: "ostype",
      clearEmpty: false,
      nodeDeviceType: "Proxmox Node",
      nodeDeviceRole: "Hypervisor",
      nodeManufacturer: "Proxmox",
      deviceCluster: false,
      goneStatus: "keep",
    });
  });

  test("only PROXMOX_HOST is required", () => {
    const error = refusal(() => parsePolicy({}));
    expect(error.kind).toBe("usage");
    expect(error.message).toContain("PROXMOX_HOST");
    expect(error.message).toContain(SETTINGS.PROXMOX_HOST.allowed);
  });
});

describe("PROXMOX_HOST", () => {
  test.each([
    ["pve1.example.net", "pve1.example.net"],
    ["PVE1.Example.NET", "PVE1.Example.NET"],
    [" pve1 ", "pve1"],
    ["pve1.example.net:8006", "pve1.example.net"],
    ["192.0.2.10", "192.0.2.10"],
    ["192.0.2.10:443", "192.0.2.10"],
    ["2001:db8::1", "2001:db8::1"],
    ["2001:db8::8006", "2001:db8::8006"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:8006", "2001:db8::1"],
  ])("%j gives the host %s: as written, without the port", (typed, host) => {
    expect(policy({ PROXMOX_HOST: typed }).host).toBe(host);
  });
});

describe("a setting", () => {
  test.each(Object.entries(FLAGS))("%s is true or false", (name, key) => {
    for (const word of ["true", "TRUE", "1", "yes", "on", " true "]) {
      expect(policy({ [name]: word })[key]).toBe(true);
    }
    for (const word of ["false", "False", "0", "no", "off"]) {
      expect(policy({ [name]: word })[key]).toBe(false);
    }
  });

  test("with fixed values accepts each of them", () => {
    expect(policy({ CLUSTER_SCOPE: "site" }).clusterScope).toBe("site");
    expect(policy({ CLUSTER_SCOPE: "none" }).clusterScope).toBe("none");
    expect(policy({ PREFIX_SCOPE: "site" }).prefixScope).toBe("site");
    expect(policy({ DISK_BASE_UNIT: "1000" }).diskBaseUnit).toBe(1000);
    expect(policy({ PLATFORM_WITHOUT_AGENT: "keep" }).platformWithoutAgent).toBe("keep");
  });

  test.each(["CLUSTER_NAME", "TENANT_NAME"] as const)(
    "%s may be empty and is then ignored",
    (name) => {
      const { clusterName, tenantName } = policy({ [name]: "  " });
      expect([clusterName, tenantName]).toEqual([undefined, undefined]);
    },
  );

  test("with a name accepts any text and trims it", () => {
    const texts = { CLUSTER_NAME: " lab 1 ", SITE_NAME: " Cellar", TENANT_NAME: "Ops, Inc. " };
    expect(policy(texts)).toMatchObject({
      clusterName: "lab 1",
      siteName: "Cellar",
      tenantName: "Ops, Inc.",
    });
  });
});

describe("a wrong value is rejected with the setting, the value and the allowed values", () => {
  test.each(["Ams\0terdam", "\ud800x"])("a name with invalid characters: %j", (name) => {
    for (const setting of ["SITE_NAME", "TENANT_NAME", "CLUSTER_NAME", "NODE_DEVICE_ROLE"]) {
      expect(refusal(() => policy({ [setting]: name })).message).toContain(
        `${setting} (--${setting.toLowerCase().replaceAll("_", "-")}) is`,
      );
    }
    expect(refusal(() => policy({ NODE_SITE_MAP: `pve1:${name}` })).kind).toBe("usage");
  });

  type Wrong = [name: string, value: string, allowed: readonly string[]];
  const wrong: Wrong[] = [
    ...Object.keys(FLAGS).map((name): Wrong => [name, "maybe", ["true", "false"]]),
    ...Object.entries(CHOICES).map(([name, allowed]): Wrong => [name, "nonsense", allowed]),
    ["DISK_BASE_UNIT", "512", ["1024", "1000"]],
    ["NODE_SITE_MAP", "pve1", ["pve1:London"]],
    ["NODE_SITE_MAP", "pve1:London,pve2", ["pve1:London"]],
    ["NODE_SITE_MAP", ":London", ["pve1:London"]],
    ["NODE_SITE_MAP", "pve1:", ["pve1:London"]],
    ["NODE_SITE_MAP", "pve1:London,pve1:Paris", ["pve1:London"]],
    ["NODE_SITE_MAP", "pve1:London, pve1 :London", ["pve1:London"]],
    ["nodes", "*,pve1", ["*"]],
    ["nodes", "pve1, *", ["*"]],
  ];

  test.each(wrong)("%s=%s", (name, value, allowed) => {
    const error = refusal(() => policy({ [name]: value }));
    expect(error.kind).toBe("usage");
    expect(error.message).toContain(name);
    expect(error.message).toContain(`"${value}"`);
    expect(error.message).not.toContain("\n");
    for (const word of allowed) expect(`${error.message} ${error.hint}`).toContain(word);
  });

  test("BOOTSTRAP=maybe, when only BOOTSTRAP is read", () => {
    const error = refusal(() => isBootstrapOn({ BOOTSTRAP: "maybe" }));
    expect([error.kind, error.message]).toEqual([
      "usage",
      'BOOTSTRAP (--bootstrap) must be true or false, not "maybe"',
    ]);
  });

  test("any word that is not an allowed value", () => {
    const name = fc.constantFrom(...(Object.keys(CHOICES) as (keyof typeof CHOICES)[]));
    fc.assert(fc.property(name, fc.string({ minLength: 1 }), (setting, word) => {
      const allowed: readonly string[] = CHOICES[setting];
      // Blank means that the setting is not set.
      fc.pre(word.trim() !== "" && !allowed.includes(word.trim()));
      expect(refusal(() => policy({ [setting]: word })).kind).toBe("usage");
    }));
  });
});

describe("NODE_SITE_MAP", () => {
  test.each<[string, [string, string][]]>([
    ["", []],
    ["pve1:London", [["pve1", "London"]]],
    ["pve1:London,pve2:Amsterdam", [["pve1", "London"], ["pve2", "Amsterdam"]]],
    [" pve1 : London , pve2:New York ", [["pve1", "London"], ["pve2", "New York"]]],
    ["pve1:DC:1", [["pve1", "DC:1"]]],
    ["pve1:London,PVE1:Paris", [["pve1", "London"], ["PVE1", "Paris"]]],
  ])("parses %j", (value, pairs) => {
    expect([...policy({ NODE_SITE_MAP: value }).nodeSites]).toEqual(pairs);
  });

  test("parses any list of pairs", () => {
    const word = fc.string({ unit: "grapheme" })
      .map((text) => text.replaceAll(",", "").trim()).filter((text) => text !== "");
    const node = word.filter((text) => !text.includes(":"));
    const pairs = fc.uniqueArray(fc.tuple(node, word), { selector: ([name]) => name });
    fc.assert(fc.property(pairs, (written) => {
      const value = written.map(([name, site]) => `${name}:${site}`).join(",");
      expect([...policy({ NODE_SITE_MAP: value }).nodeSites]).toEqual(written);
    }));
  });
});

describe("nodes", () => {
  test.each<[string, string[] | undefined]>([
    ["*", undefined],
    [" * ", undefined],
    ["pve1", ["pve1"]],
    ["pve1, pve2", ["pve1", "pve2"]],
    ["pve*", ["pve*"]],
    ["pve1,PVE1", ["pve1", "PVE1"]],
  ])("%j selects nodes by their exact names", (value, nodes) => {
    expect(policy({ nodes: value }).nodes).toEqual(nodes && new Set(nodes));
  });
});
