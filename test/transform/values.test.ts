/** The word tables of the mapping document, and the default for all other words. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  guestStatus,
  INTERFACE_TYPES,
  interfaceType,
  nodeStatus,
  ostypePlatform,
  OSTYPES,
} from "../../src/transform/mapping/values.ts";
import { anyText } from "../helpers/arbitraries.ts";

/** Keys that every JavaScript object has. */
const BUILT_IN = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"];

/** The mapping document, "Node Interface Type Mapping". */
const INTERFACES = {
  bridge: "bridge",
  bond: "lag",
  vlan: "virtual",
  alias: "virtual",
  OVSBridge: "bridge",
  OVSBond: "lag",
  OVSPort: "virtual",
  OVSIntPort: "virtual",
} as const;

/** The mapping document, "VM Platform Mapping (from ostype)". */
const PLATFORMS: Readonly<Record<string, string | null>> = {
  l24: "Linux",
  l26: "Linux",
  w2k: "Windows 2000",
  w2k3: "Windows Server 2003",
  w2k8: "Windows Server 2008",
  wvista: "Windows Vista",
  win7: "Windows 7",
  win8: "Windows 8/2012",
  win10: "Windows 10/2016/2019",
  win11: "Windows 11/2022",
  solaris: "Solaris",
  debian: "Debian",
  ubuntu: "Ubuntu",
  centos: "CentOS",
  fedora: "Fedora",
  opensuse: "openSUSE",
  archlinux: "Arch Linux",
  alpine: "Alpine Linux",
  gentoo: "Gentoo",
  nixos: "NixOS",
  unmanaged: null,
  other: null,
};

function wordsOutside(table: object): fc.Arbitrary<string> {
  const word = fc.oneof(anyText(), fc.constantFrom(...BUILT_IN));
  return word.filter((text) => !Object.hasOwn(table, text));
}

describe("the status of a guest", () => {
  test.each([["running", "active"], ["stopped", "offline"]])(
    "is mapped from %s to %s",
    (status, expected) => {
      expect(guestStatus(status)).toBe(expected);
    },
  );

  test.each(
    "paused prelaunch suspended postmigrate inmigrate io-error internal-error guest-panicked unknown"
      .split(" "),
  )("is staged for %s", (status) => {
    expect(guestStatus(status)).toBe("staged");
  });

  test("is staged for any other word", () => {
    fc.assert(fc.property(wordsOutside({ running: 0, stopped: 0 }), (status) => {
      expect(guestStatus(status)).toBe("staged");
    }));
  });
});

describe("the status of a node", () => {
  test('is active for "online"', () => {
    expect(nodeStatus("online")).toBe("active");
  });

  test.each(["offline", "unknown", "", "Online"])("is offline for %j", (status) => {
    expect(nodeStatus(status)).toBe("offline");
  });

  test("is offline for any other word", () => {
    fc.assert(fc.property(wordsOutside({ online: 0 }), (status) => {
      expect(nodeStatus(status)).toBe("offline");
    }));
  });
});

describe("the type of a node's interface", () => {
  test.each(Object.entries(INTERFACES))("is mapped from %s to %s", (type, expected) => {
    expect(interfaceType(type)).toBe(expected);
  });

  test.each(["eth", "unknown", "vnet", "fabric", "vxlan", "dummy", "", "BRIDGE", "ovsbond"])(
    "is other for %j",
    (type) => {
      expect(interfaceType(type)).toBe("other");
    },
  );

  test("is other for any other word", () => {
    fc.assert(fc.property(wordsOutside(INTERFACES), (type) => {
      expect(interfaceType(type)).toBe("other");
    }));
  });

  test("is documented in the README", () => {
    expect(INTERFACE_TYPES).toEqual(INTERFACES);
  });
});

describe("the platform of an ostype", () => {
  test.each(Object.entries(PLATFORMS))("is mapped from %s to %s", (ostype, platform) => {
    expect(ostypePlatform(ostype)).toBe(platform);
  });

  test.each([
    ["devuan", "Devuan"],
    ["wxp", "Wxp"],
    ["win12", "Win12"],
    ["DEVUAN", "Devuan"],
    ["rocky linux", "Rocky Linux"],
    ["void-linux", "Void-Linux"],
    ["constructor", "Constructor"],
  ])("is mapped from %s, which is in no table, to title case: %s", (ostype, platform) => {
    expect(ostypePlatform(ostype)).toBe(platform);
  });

  test("is any other word itself, apart from case", () => {
    fc.assert(fc.property(wordsOutside(PLATFORMS), (ostype) => {
      expect(ostypePlatform(ostype)?.toLowerCase()).toBe(ostype.toLowerCase());
    }));
  });

  test("starts with a capital letter", () => {
    const word = fc.stringMatching(/^[a-z]{2,12}$/).filter((text) => !(text in PLATFORMS));
    fc.assert(fc.property(word, (ostype) => {
      expect(ostypePlatform(ostype)).toBe(ostype.slice(0, 1).toUpperCase() + ostype.slice(1));
    }));
  });

  test("is documented in the README", () => {
    expect(OSTYPES).toEqual(PLATFORMS);
  });
});
