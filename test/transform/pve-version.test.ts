/** The Proxmox VE version in a node's platform name: major and minor, from all release formats. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePveVersion } from "../../src/transform/mapping/platform.ts";
import { anyText, lookalike } from "../helpers/arbitraries.ts";

const part = fc.nat({ max: 99 });
const repoid = fc.string({
  unit: fc.constantFrom(..."0123456789abcdef"),
  minLength: 8,
  maxLength: 16,
});

describe("the version of a node", () => {
  test.each([
    ["pve-manager/8.4.14/b502d23c55afcba1", "8.4"],
    ["pve-manager/9.0.6/49c767b70aeb6648", "9.0"],
    ["pve-manager/9.2.11/0123456789abcdef", "9.2"],
    ["pve-manager/7.4-16/0f39f621", "7.4"],
    ["pve-manager/6.2-4/9824574a", "6.2"],
    ["pve-manager/10.11.12/0123456789abcdef", "10.11"],
    ["pve-manager/8.4", "8.4"],
  ])("in %s is %s", (pveversion, version) => {
    expect(parsePveVersion(pveversion)).toBe(version);
  });

  test.each([
    "",
    "8.4.14",
    "pve-manager",
    "pve-manager/",
    "pve-manager/8",
    "pve-manager/8/b502d23c55afcba1",
    "pve-manager/unknown/b502d23c55afcba1",
    "pve-manager/.4.14/b502d23c55afcba1",
    "qemu-server/8.4.10/b502d23c55afcba1",
  ])("is undefined for %j", (pveversion) => {
    expect(parsePveVersion(pveversion)).toBeUndefined();
  });

  test("consists of major and minor, without patch level and hash", () => {
    const separator = fc.constantFrom(".", "-");
    fc.assert(
      fc.property(part, part, part, separator, repoid, (major, minor, patch, mark, hash) => {
        const text = `pve-manager/${major}.${minor}${mark}${patch}/${hash}`;
        expect(parsePveVersion(text)).toBe(`${major}.${minor}`);
      }),
    );
  });

  test("is the first version in the text", () => {
    const text = "pve-manager/8.4.14/b502d23c55afcba1 (was pve-manager/7.4-16/0f39f621)";
    expect(parsePveVersion(text)).toBe("8.4");
  });

  test("is two numbers or undefined for any text", () => {
    const text = fc.oneof(anyText(), lookalike("pve-manager/", ".", "-", "/", "8", "b502d23c"));
    fc.assert(fc.property(text, (pveversion) => {
      expect(parsePveVersion(pveversion) ?? "0.0").toMatch(/^\d+\.\d+$/);
    }));
  });
});
