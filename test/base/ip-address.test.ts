/** Parses addresses and masks of Proxmox VE and guest agents for NetBox. */
import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Address,
  isInNetwork,
  maskedWords,
  type Network,
  networkOf,
  parseAddress,
  parseNetwork,
  splitCidr,
  wordsOf,
} from "../../src/base/ip-address.ts";
import { anyText, anyValue, lookalike } from "../helpers/arbitraries.ts";

/** An address that must be valid. */
function read(host: string, prefixLength: unknown): Address {
  const address = parseAddress(host, prefixLength);
  if (typeof address === "string") throw new Error(`${host}/${prefixLength} is ${address}`);
  return address;
}

describe("a valid address", () => {
  test.each<[string, unknown, string, number, string]>([
    ["10.0.0.5", 24, "10.0.0.5", 24, "10.0.0.0"],
    ["192.168.77.130", "26", "192.168.77.130", 26, "192.168.77.128"],
    ["10.1.2.3", "255.255.240.0", "10.1.2.3", 20, "10.1.0.0"],
    ["2001:DB8:0:0:0:0:0:5", "64", "2001:db8::5", 64, "2001:db8::"],
    ["2001:db8:0:0:1:0:0:1", 60, "2001:db8::1:0:0:1", 60, "2001:db8::"],
    ["2001:db8:0:1:1:1:1:1", 47, "2001:db8:0:1:1:1:1:1", 47, "2001:db8::"],
    ["2001:db8::7%eth0", 64, "2001:db8::7", 64, "2001:db8::"],
  ])("%s/%s is parsed", (text, length, host, prefixLength, network) => {
    expect(parseAddress(text, length)).toEqual({
      family: text.includes(":") ? 6 : 4,
      host,
      cidr: `${host}/${prefixLength}`,
      prefixLength,
    });
    expect(networkOf(text, length)).toBe(`${network}/${prefixLength}`);
  });

  test.each([["10.0.0.0", 31], ["10.0.0.1", 31], ["10.0.0.0", 32], ["10.0.0.255", 32]])(
    "%s/%i may equal the network or broadcast address",
    (host, length) => {
      expect(read(host, length).cidr).toBe(`${host}/${length}`);
    },
  );

  test.each([["2001:db8::", 127], ["2001:db8::", 128], ["2001:db8::ffff:ffff:ffff:ffff", 64]])(
    "%s/%i is IPv6, which has no broadcast address",
    (host, length) => {
      expect(read(host, length).cidr).toBe(`${host}/${length}`);
    },
  );
});

describe("an address that is left out", () => {
  test.each<[unknown, unknown, string]>([
    ["127.0.0.1", 8, "loopback"],
    ["::1", 128, "loopback"],
    ["0:0:0:0:0:0:0:1", 128, "loopback"],
    ["::1", -1, "loopback"],
    ["169.254.12.34", 16, "link-local"],
    ["fe80::be24:11ff:fe2e:c54a", 64, "link-local"],
    ["FE80::3a11:2:3:4%6", 64, "link-local"],
    ["febf::1%eth0", 64, "link-local"],
    ["fe80::1", -1, "link-local"],
    ["10.0.0.5", -1, "bad-prefix"],
    ["10.0.0.5", 33, "bad-prefix"],
    ["2001:db8::1", 129, "bad-prefix"],
    ["10.0.0.5", undefined, "bad-prefix"],
    ["10.0.0.5", null, "bad-prefix"],
    ["10.0.0.5", "", "bad-prefix"],
    ["10.0.0.5", "24.5", "bad-prefix"],
    ["10.0.0.5", "x", "bad-prefix"],
    ["10.0.0.5", "255.0.255.0", "bad-prefix"],
    ["10.0.0.0", 24, "not-assignable"],
    ["10.0.0.255", 24, "not-assignable"],
    ["10.0.1.255", 23, "not-assignable"],
    ["2001:db8::", 64, "not-assignable"],
    ["10.0.0.5", 0, "not-assignable"],
    ["2001:db8::5", "0", "not-assignable"],
    ["0.0.0.0", 24, "not-assignable"],
  ])("%j/%j is left out as %s", (host, length, reason) => {
    expect(parseAddress(host, length)).toBe(reason);
  });

  test.each(["fec0::1", "fe00::1", "169.253.0.1", "126.255.255.254", "128.0.0.1", "::2"])(
    "%s is neither loopback nor link-local",
    (host) => {
      expect(read(host, host.includes(":") ? 64 : 16).host).toBe(host);
    },
  );

  const words = "dhcp auto 10.1 10.0.0 10.0.0.0.1 010.0.0.1 10.0.0.010 0x0a.0.0.1 167772165 " +
    "10.0.0.256 10.0.0.5/24 10.0.0.5,24 1::2::3 12345::1 ::: ::g";

  test.each([...words.split(" "), "", null, undefined, 10, ["10.0.0.5"], {}])(
    "%j is unparsable",
    (host) => {
      expect(parseAddress(host, 24)).toBe("unparsable");
    },
  );
});

describe("for any address,", () => {
  const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  const groups = fc.array(group, { minLength: 8, maxLength: 8 })
    .filter(([a = 0, ...rest]) =>
      (a & 0xffc0) !== 0xfe80 && (a & 0xff00) !== 0xff00 && (a !== 0 || rest[0] !== 0)
    );
  const ipv4 = octets.map((bytes) => bytes.join("."));
  const ipv6 = groups.map((words) => words.map((word) => word.toString(16)).join(":"));
  const cidr = fc.oneof(
    fc.tuple(ipv4, fc.integer({ min: 1, max: 32 })),
    fc.tuple(ipv6, fc.integer({ min: 1, max: 128 })),
  );

  /** The address as an integer. */
  function bitsOf(host: string): bigint {
    if (!host.includes(":")) {
      return host.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    }
    const [head = "", tail = ""] = host.split("::");
    const left = head.split(":").filter((word) => word !== "");
    const right = tail.split(":").filter((word) => word !== "");
    const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
    return [...left, ...zeros, ...right].reduce(
      (sum, word) => sum * 65_536n + BigInt(`0x${word}`),
      0n,
    );
  }

  test("the parsed address is the same, and its network contains it", () => {
    fc.assert(fc.property(cidr, ([host, length]) => {
      const address = parseAddress(host, length);
      if (typeof address === "string") return;
      const hostBits = BigInt((host.includes(":") ? 128 : 32) - length);
      const [base = "", baseLength] = splitCidr(networkOf(host, length) ?? "");
      expect(bitsOf(address.host)).toBe(bitsOf(host));
      expect(bitsOf(base)).toBe((bitsOf(host) >> hostBits) << hostBits);
      expect([baseLength, address.prefixLength]).toEqual([String(length), length]);
      expect(address.cidr).toBe(`${address.host}/${length}`);
    }));
  });

  test("multicast and 255.255.255.255 cannot be assigned and have no network", () => {
    const multicast = fc.oneof(
      fc.tuple(fc.integer({ min: 224, max: 239 }), octets).map(([first, bytes]) =>
        [first, ...bytes.slice(1)].join(".")
      ),
      fc.tuple(fc.integer({ min: 0xff00, max: 0xffff }), groups).map(([first, words]) =>
        [first, ...words.slice(1)].map((word) => word.toString(16)).join(":")
      ),
      fc.constant("255.255.255.255"),
    );
    fc.assert(fc.property(multicast, fc.integer({ min: 0, max: 32 }), (host, length) => {
      expect(parseAddress(host, length)).toBe("not-assignable");
      expect(networkOf(host, length)).toBeUndefined();
    }));
    for (const host of ["223.255.255.1", "240.0.0.1", "255.255.255.254", "fe00::1"]) {
      expect(parseAddress(host, host.includes(":") ? 64 : 24)).toBeTypeOf("object");
    }
  });

  test("only loopback, link-local, network, broadcast and multicast addresses are left out", () => {
    fc.assert(fc.property(cidr, ([host, length]) => {
      const [bits, full] = [bitsOf(host), host.includes(":") ? 128 : 32];
      const rest = bits & ((1n << BigInt(full - length)) - 1n);
      const isBroadcast = full === 32 && rest + 1n === 1n << BigInt(full - length);
      const isGroup = full === 32 && (bits >> 28n === 0xen || bits === 0xffff_ffffn);
      const isRefused = isGroup || (length < full - 1 && (rest === 0n || isBroadcast));
      const expected = host.startsWith("127.")
        ? "loopback"
        : host.startsWith("169.254.")
        ? "link-local"
        : isRefused
        ? "not-assignable"
        : "object";
      fc.pre(bits !== 0n);
      const address = parseAddress(host, length);
      expect(typeof address === "string" ? address : typeof address).toBe(expected);
    }));
  });

  test("a CIDR is parsed to itself", () => {
    fc.assert(fc.property(cidr, ([host, length]) => {
      const address = parseAddress(host, length);
      if (typeof address !== "string") {
        expect(parseAddress(...splitCidr(address.cidr))).toEqual(address);
      }
    }));
  });

  test("IPv6 is written as in RFC 5952 and in URLs", () => {
    const spell = fc.constantFrom(
      (text: string) => text.toUpperCase(),
      (text: string) => text.split(":").map((word) => word.padStart(4, "0")).join(":"),
      (text: string) => text.replace(/(?:^|:)0(?::0)*(?=:|$)/, ":").replace(/^:(?!:)|:$/, "::"),
    );
    fc.assert(fc.property(ipv6, spell, (host, respell) => {
      const spelled = new URL(`http://[${host}]/`).hostname.slice(1, -1);
      expect(read(host, 128).host).toBe(spelled);
      const other = respell(host);
      if (URL.canParse(`http://[${other}]/`)) expect(read(other, 128).host).toBe(spelled);
    }));
  });

  test("a dotted mask equals its prefix length", () => {
    const length = fc.integer({ min: 0, max: 32 });
    fc.assert(fc.property(ipv4, length, (host, bits) => {
      const mask = (2n ** 32n - 2n ** BigInt(32 - bits)).toString(16).padStart(8, "0");
      const dotted = (mask.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join(".");
      expect(parseAddress(host, dotted)).toEqual(parseAddress(host, bits));
    }));
  });

  test("parsing never throws", () => {
    const words = ["10", ".", ":", "::", "ffff", "%eth0", "/24", "fe80", "255", "0x", "dhcp", "-"];
    const host = fc.oneof(anyText(), anyValue(), lookalike(...words));
    fc.assert(
      fc.property(host, fc.oneof(anyValue(), fc.nat({ max: 140 })), (text, length) => {
        expect(() => parseAddress(text, length)).not.toThrow();
        if (typeof text === "string") expect(splitCidr(text)).toHaveLength(2);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("networks as numbers", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6());

  test("contain the addresses that Node.js finds in them", () => {
    fc.assert(
      fc.property(host, host, fc.nat(128), (base, address, bits) => {
        const type = base.includes(":") ? "ipv6" : "ipv4";
        const length = type === "ipv4" ? bits % 33 : bits;
        const network = networkAround(base, length);
        const words = wordsOf(address) ?? [];
        const list = new BlockList();
        // BlockList does not take /0.
        if (length > 0) list.addSubnet(base, length, type);
        const isSameFamily = address.includes(":") === base.includes(":");
        const expected = isSameFamily && (length === 0 || list.check(address, type));
        expect(isInNetwork(words, network)).toBe(expected);
        expect(isInNetwork(wordsOf(base) ?? [], network)).toBe(true);
        if (isSameFamily) {
          expect(maskedWords(words, network).join() === network.words.join()).toBe(expected);
        }
      }),
    );
  });

  /** Takes the network that the error names. */
  function networkAround(host: string, length: number): Network {
    try {
      return parseNetwork(`${host}/${length}`) as Network;
    } catch (error) {
      return parseNetwork((error as RangeError).message) as Network;
    }
  }

  test.each([
    "10.0.0.0/33",
    "lan",
    "",
    "10.0.0/8",
    "fe80::%eth0/64",
    "10.0.0.0/8/8",
    "2001:db8::/129",
  ])(
    "%j is no network",
    (text) => expect(parseNetwork(text)).toBeUndefined(),
  );

  test("with bits beyond the mask are refused, and the network is named", () => {
    expect(() => parseNetwork("10.0.0.5/24")).toThrow("10.0.0.0/24");
    expect(() => parseNetwork("2001:db8::1/64")).toThrow("2001:db8::/64");
  });
});
