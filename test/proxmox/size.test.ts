/** Sizes as Proxmox writes them → whole MB, as a virtual disk of NetBox has them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSizeMb } from "../../src/proxmox/hardware.ts";
import { anyText, lookalike } from "../helpers/arbitraries.ts";

const UNITS = ["", "K", "M", "G", "T"] as const;
const BYTES_PER_MIB = 2 ** 20;

const base = fc.constantFrom(1000 as const, 1024 as const);
const unit = fc.constantFrom(...UNITS);
/** As PVE writes them: whole, or with up to three decimals. */
const amount = fc.tuple(fc.nat({ max: 1999 }), fc.constantFrom(1, 10, 100, 1000))
  .map(([digits, divisor]) => digits / divisor);

/** PVE's format_size: the largest unit that divides exactly. */
function formatSize(bytes: number): string {
  const power = [4, 3, 2, 1].find((candidate) => bytes % 1024 ** candidate === 0) ?? 0;
  return `${bytes / 1024 ** power}${UNITS[power]}`;
}

describe("a size in binary megabytes", () => {
  test.each([
    ["32G", 32_768],
    ["2252M", 2252],
    ["1T", 1_048_576],
    ["1.5T", 1_572_864],
    ["0.5G", 512],
    ["8GiB", 8192],
    ["512MiB", 512],
    ["4194304", 4],
    ["8589934592", 8192],
    ["2048K", 2],
    ["1000204632K", 976_762],
    ["1.4M", 1],
    ["1.6M", 2],
    ["528K", 1],
    ["100K", 1],
    ["1K", 1],
    ["1", 1],
    ["0.1K", 1],
  ])("%s is %i", (text, mb) => {
    expect(parseSizeMb(text, 1024)).toBe(mb);
  });

  test.each(["0", "0T", "0G", "0K", "0.0M"])("%s is nothing: no limit was set", (text) => {
    expect(parseSizeMb(text, 1024)).toBe(0);
    expect(parseSizeMb(text, 1000)).toBe(0);
  });

  test.each(["", " ", "G", "32GB", "32 G", "32P", "-1G", "+1G", "1e3G", ".5G", "1.G", "1,5G"])(
    "is not read from %j",
    (text) => {
      expect(parseSizeMb(text, 1024)).toBeUndefined();
    },
  );

  test.each(["none", "32G,ssd=1", "32G 32G", "0x10G", "NaN", "Infinity", "١G", "9".repeat(400)])(
    "is not read from %j either",
    (text) => {
      expect(parseSizeMb(text, 1024)).toBeUndefined();
    },
  );

  test("is what Proxmox printed, for any whole number of megabytes", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (mb) => {
      expect(parseSizeMb(formatSize(mb * BYTES_PER_MIB), 1024)).toBe(mb);
      expect(parseSizeMb(`${mb}M`, 1024)).toBe(mb);
    }));
  });

  test("is the nearest one, and at least 1", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      const mb = parseSizeMb(`${bytes}`, 1024) ?? 0;
      expect(mb).toBeGreaterThanOrEqual(1);
      if (mb > 1) expect(Math.abs(mb * BYTES_PER_MIB - bytes)).toBeLessThanOrEqual(2 ** 19);
      else expect(bytes).toBeLessThanOrEqual(1.5 * BYTES_PER_MIB);
    }));
  });
});

describe("a size in decimal megabytes", () => {
  test.each([
    ["32G", 32_000],
    ["1T", 1_000_000],
    ["1.5T", 1_500_000],
    ["2252M", 2252],
    ["4500K", 5],
    ["528K", 1],
    ["3600000", 4],
  ])("%s is %i", (text, mb) => {
    expect(parseSizeMb(text, 1000)).toBe(mb);
  });

  test("is the same as in binary ones for a size in M, and smaller above", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2_000 }), (whole) => {
      expect(parseSizeMb(`${whole}M`, 1000)).toBe(whole);
      expect(parseSizeMb(`${whole}G`, 1000)).toBe(whole * 1000);
      expect(parseSizeMb(`${whole}T`, 1000)).toBe(whole * 1_000_000);
    }));
  });
});

describe("sizes of any base", () => {
  test("grow with the amount", () => {
    fc.assert(fc.property(amount, amount, unit, base, (a, b, letter, mb) => {
      const [small = 0, large = 0] = [a, b].sort((x, y) => x - y)
        .map((value) => parseSizeMb(`${value}${letter}`, mb));
      expect(small).toBeLessThanOrEqual(large);
    }));
  });

  test("grow with the unit", () => {
    fc.assert(fc.property(amount, base, (value, mb) => {
      const sizes = UNITS.map((letter) => parseSizeMb(`${value}${letter}`, mb) ?? -1);
      expect(sizes).not.toContain(-1);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    }));
  });

  test("are the same with iB", () => {
    const letters = fc.constantFrom("K", "M", "G", "T");
    fc.assert(fc.property(amount, letters, base, (value, letter, mb) => {
      const size = parseSizeMb(`${value}${letter}`, mb);
      expect(size).toBeDefined();
      expect(parseSizeMb(`${value}${letter}iB`, mb)).toBe(size);
    }));
  });

  test("never throw, and are whole numbers that JavaScript counts exactly", () => {
    const text = fc.oneof(anyText(), lookalike("K", "M", "G", "T", "iB", ".", "-", "e9", "0", " "));
    fc.assert(fc.property(text, base, (written, mb) => {
      const size = parseSizeMb(written, mb);
      if (size === undefined) return;
      expect(Number.isSafeInteger(size)).toBe(true);
      expect(size).toBeGreaterThanOrEqual(0);
    }));
  });
});
