/** The slug that Diode's plugin makes from a name: Django's slugify. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { autoSlug } from "../../../src/netbox/names.ts";
import { anyText, lookalike } from "../../helpers/arbitraries.ts";

describe("autoSlug", () => {
  // Results of Django 6.1.
  test.each([
    ["RouterOS 7.1.5", "routeros-715"],
    ["RouterOS 7.15", "routeros-715"],
    ["Ubuntu 24.04", "ubuntu-2404"],
    ["Debian GNU/Linux 12", "debian-gnulinux-12"],
    ["c++", "c"],
    ["web", "web"],
    ["x_y--z", "x_y-z"],
    ["_a_", "a"],
    [" - a \t b - ", "a-b"],
    ["a\x1cb", "a-b"],
    ["Zürich São", "zurich-sao"],
    ["ﬁ ㎢ ½", "fi-km2-12"],
    ["Kelvin K", "kelvin-k"],
    ["İstanbul", "istanbul"],
    ["Straße", "strae"],
    ["+++", ""],
    ["_", ""],
    ["日本", ""],
    ["🦊", ""],
  ])("of %j is %j", (name, slug) => {
    expect(autoSlug(name)).toBe(slug);
  });

  test("is lower case, with single hyphens only inside, and is its own slug", () => {
    const name = fc.oneof(anyText(), lookalike("a", "B", ".", "-", "_", " ", "é", "ﬁ", "\x1f"));
    fc.assert(fc.property(name, (text) => {
      const slug = autoSlug(text);
      expect(slug).toMatch(/^(?:[a-z0-9](?:[a-z0-9_]|-(?!-))*(?<![-_]))?$/);
      expect(autoSlug(slug)).toBe(slug);
    }));
  });

  test("ignores case, punctuation and outer blanks", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."aBc9 -_") }), (text) => {
      expect(autoSlug(text.toUpperCase())).toBe(autoSlug(text));
      expect(autoSlug([...text].join("."))).toBe(autoSlug(text));
      expect(autoSlug(` ${text} `)).toBe(autoSlug(text));
    }));
  });
});
