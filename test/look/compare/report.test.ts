/** The result of a comparison as text, Markdown and JSON. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompareJson } from "../../../src/look/compare/command.ts";
import type { Judged } from "../../../src/arrival/compare.ts";
import { CompareRecord, compareText } from "../../../src/look/compare/report.ts";
import type { Difference } from "../../../src/netbox/types/field-result.ts";
import { markdownFormat, terminalFormat } from "../../../src/terminal/document.ts";

const URL = "https://netbox.example.com";

const FILE: Judged["file"] = {
  path: "netbox/11-virtual-machine-0001.json",
  bytes: 0,
  sha256: "",
  step: "virtual-machine",
  read: () => Promise.resolve(new Uint8Array()),
};

function judged(more: Partial<Judged> = {}): Judged {
  return {
    file: FILE,
    index: 0,
    step: "virtual-machine",
    entity: "web-01",
    verdict: "equal",
    url: undefined,
    differences: [],
    unjudged: [],
    more: [],
    ...more,
  };
}

function different(...differences: readonly Difference[]): Judged {
  return judged({ verdict: "different", url: `${URL}/virtualization/7/`, differences });
}

function missing(entity: string): Judged {
  return judged({ verdict: "missing", entity });
}

function denied(entity: string): Judged {
  const sentence = "the token may not view virtual disks (virtualization.view_virtualdisk)";
  return judged({
    step: "virtual-disk",
    entity,
    verdict: "unjudged",
    unjudged: [{ field: undefined, reason: "denied", sentence }],
  });
}

function recordOf(all: readonly Judged[]): CompareRecord {
  const subject = { place: "snapshots/lab", url: URL };
  const record = new CompareRecord(subject, ["virtual-machine", "virtual-disk"]);
  record.status = { version: "4.7.3", plugin: "1.18.1" };
  record.isComplete = true;
  for (const each of all) record.add(each);
  return record;
}

function textOf(all: readonly Judged[], { width = 80, isVerbose = false } = {}): string {
  return compareText(recordOf(all), terminalFormat(width), isVerbose);
}

function markdownOf(all: readonly Judged[]): string {
  const format = markdownFormat({ mostChars: 15_000, isFolded: true });
  return compareText(recordOf(all), format, false);
}

function jsonOf(all: readonly Judged[], isVerbose = false): unknown {
  const lines: string[] = [];
  const json = new CompareJson((line) => lines.push(line));
  const record = recordOf([]);
  json.open(record);
  for (const each of all) {
    record.add(each);
    json.add(each, isVerbose);
  }
  json.close(record);
  return JSON.parse(lines.join("\n"));
}

const MEMORY = { field: "memory", netbox: 1024, sent: 4096 };
const MORE = judged({ more: [{ field: "tags", values: ["mine", "yours"] }] });

describe("the summary line", () => {
  test.each<[string, readonly Judged[], string]>([
    [
      "only equal entities",
      [judged(), judged()],
      "All 2 entities of snapshots/lab are in NetBox 4.7.3 at",
    ],
    ["missing entities", [judged(), missing("a"), missing("b")], "as they were sent; 2 missing"],
    [
      "all verdicts",
      [judged(), different(MEMORY), missing("a"), denied("b")],
      "Of 4 entities of snapshots/lab, 1 are in NetBox 4.7.3 at https://netbox.example.com " +
      "as they were sent; 1 different, 1 missing, 1 not judged",
    ],
  ])("for %s", (_, all, words) => expect(textOf(all, { width: 400 })).toContain(words));
});

describe("a difference as text, with", () => {
  const long = "x".repeat(100);
  test.each<[string, Difference, string]>([
    ["numbers", MEMORY, "memory: NetBox has 1024, sent was 4096"],
    [
      "no value in NetBox",
      { field: "mtu", netbox: null, sent: 1 },
      "mtu: NetBox has nothing, sent was 1",
    ],
    ["strings", { field: "name", netbox: "a", sent: "b" }, 'name: NetBox has "a", sent was "b"'],
    [
      "missing items of a list, without additional ones",
      { field: "tags", netbox: ["a", "z"], sent: ["a", "b", "c"] },
      "tags: NetBox lacks b, c",
    ],
    [
      "items that a push removes from a list that Diode replaces",
      { field: "object_types", netbox: ["a", "z"], sent: ["a"], lost: ["z"] },
      "object_types: a push removes z",
    ],
    [
      "missing and removed items",
      { field: "object_types", netbox: ["z"], sent: ["a"], lost: ["z"] },
      "object_types: NetBox lacks a; a push removes z",
    ],
    [
      "long texts, from where they differ",
      { field: "comments", netbox: `${long}ABC${long}`, sent: `${long}XYZ${long}` },
      `comments: NetBox has "…${"x".repeat(15)}ABC${"x".repeat(42)}…", ` +
      `sent was "…${"x".repeat(15)}XYZ${"x".repeat(42)}…"`,
    ],
    [
      "visible line breaks",
      { field: "comments", netbox: "a\r\nb", sent: "a\nb" },
      'comments: NetBox has "a\\r\\nb", sent was "a\\nb"',
    ],
  ])(
    "%s",
    (_, difference, words) =>
      expect(textOf([different(difference)], { width: 400 })).toContain(`\n    ${words}\n`),
  );
});

describe("the text", () => {
  test("contains only counts if all entities are equal", () => {
    const text = textOf([judged(), MORE]);
    expect(text).toMatch(/^ {2}virtual-machine +2 +2 +0 +0 +0$/m);
    expect(text.split("\n\n")).toHaveLength(3);
  });

  test("has a section for each verdict", () => {
    const text = textOf([different(MEMORY), missing("db-01"), denied("a"), denied("b")]);
    expect(text).toContain(
      `Different\n  virtual-machine web-01 ${URL}/virtualization/7/\n` +
        "    memory: NetBox has 1024, sent was 4096\n\n" +
        "Missing\n  virtual-machine db-01\n\nNot judged\n  2 of step virtual-disk: the token",
    );
    expect(text).toContain("Diode acknowledges");
  });

  test("lists additional values in NetBox only with --verbose", () => {
    expect(textOf([MORE])).not.toContain("mine");
    expect(textOf([MORE], { isVerbose: true })).toContain(
      "More in NetBox than was sent (no difference)\n  virtual-machine web-01 tags: mine, yours",
    );
  });

  test("lists what a push would remove, with advice, in text, Markdown and JSON", () => {
    const loss = { field: "object_types", netbox: ["a", "z"], sent: ["a"], lost: ["z"] };
    const all = [judged({ ...different(loss), step: "custom-field", entity: "proxmox_vmid" })];
    const text = textOf(all, { width: 200 });
    expect(text).toContain("    object_types: a push removes z\n");
    expect(text).toContain("NetBox deletes the values there. Before you push, move these values");
    expect(markdownOf(all)).toContain("NetBox deletes the values there");
    expect(jsonOf(all)).toMatchObject({ findings: [{ differences: [{ lost: ["z"] }] }] });
    expect(textOf([different(MEMORY)])).not.toContain("a push removes");
  });

  test("warns that no entities can arrive without Diode's plugin", () => {
    const record = recordOf([missing("db-01")]);
    record.status = { version: "4.7.3", plugin: undefined };
    const text = compareText(record, terminalFormat(200), false);
    expect(text).toContain(
      "(netbox_diode_plugin) is not installed in this NetBox: nothing can arrive in it",
    );
    expect(text).not.toContain("Diode acknowledges");
  });

  test("lists fields that could not be compared after those that differ", () => {
    const both = {
      ...different(MEMORY),
      unjudged: [{ field: "vlan", reason: "denied", sentence: "no right" }] as const,
    };
    expect(textOf([both])).toContain("    vlan is not judged: no right\n");
  });

  test("lists the first findings and the number of others", () => {
    const text = textOf(Array.from({ length: 1234 }, (_, i) => missing(`guest-${i}`)));
    expect(text.match(/^ {2}virtual-machine guest-\d+$/gm)).toHaveLength(30);
    expect(text).toContain("\n  … and 1,204 more, see --json\n");
  });

  test("fits its width and has no control characters, whatever NetBox contains", () => {
    const word = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 70, max: 120 }), (netbox, sent, width) => {
        const all = [
          different({ field: "comments", netbox: `${netbox}\u001b[31m`, sent }),
          missing(sent),
          judged({ more: [{ field: "tags", values: [netbox] }] }),
        ];
        const lines = textOf(all, { width, isVerbose: true }).split("\n");
        expect(lines.filter((line) => [...line].length > width)).toEqual([]);
        // oxlint-disable-next-line no-control-regex
        expect(lines.join("")).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

describe("the Markdown", () => {
  test("is short if all entities are equal", () => {
    const markdown = markdownOf([judged()]);
    expect(markdown).toMatch(/^### Everything arrived\n\nAll 1 entities of `snapshots\/lab`/);
    expect(markdown).toContain("| virtual-machine | 1 | 1 | 0 | 0 | 0 |");
    expect(markdown).not.toContain("<details>");
  });

  test("folds the lists", () => {
    const markdown = markdownOf([different(MEMORY), missing("db-01"), denied("a"), denied("b")]);
    expect(markdown).toMatch(/^### Not everything arrived\n/);
    expect(markdown).toContain(
      "<details><summary>Different (1)</summary>\n\n- virtual-machine `web-01` `https",
    );
    expect(markdown).toContain("  - `memory`: NetBox has `1024`, sent was `4096`\n");
    expect(markdown).toContain("<details><summary>Missing (1)</summary>");
    expect(markdown).toContain("- 2 of step virtual-disk: `the token may not view virtual disks");
  });

  test("quotes text from NetBox", () => {
    const hostile = "`<b>|`*_[x](y) @all\n\u001b[31m\u202e";
    const markdown = markdownOf(
      [different({ field: "comments", netbox: hostile, sent: "" }), missing(hostile)],
    );
    // oxlint-disable-next-line no-control-regex
    expect(markdown).not.toMatch(/[\u001b\u202e]/);
    // Nothing of it is outside code spans.
    const around = markdown.replace(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, "");
    expect(around).not.toMatch(/<b>|@all|\[x\]/);
  });

  test("fits in a GitHub comment with any number of findings", () => {
    const long = "*_|<".repeat(100);
    const fields = Array.from({ length: 12 }, (_, i) => ({
      field: `field_${i}`,
      netbox: long,
      sent: `${long}!`,
    }));
    const many = Array.from({ length: 500 }, () => different(...fields));
    const markdown = markdownOf([...many, ...many.map(() => missing(long))]);
    expect(markdown.length).toBeLessThan(65_536);
  });
});

describe("the JSON", () => {
  test("contains the findings in order, and the counts", () => {
    expect(jsonOf([judged(), different(MEMORY), missing("a"), denied("b")])).toEqual({
      netbox: { url: URL, version: "4.7.3", diode_plugin: "1.18.1" },
      run: "snapshots/lab",
      findings: [
        {
          step: "virtual-machine",
          entity: "web-01",
          verdict: "different",
          url: `${URL}/virtualization/7/`,
          differences: [MEMORY],
        },
        { step: "virtual-machine", entity: "a", verdict: "missing" },
        {
          step: "virtual-disk",
          entity: "b",
          verdict: "unjudged",
          unjudged: [{
            reason: "denied",
            sentence: "the token may not view virtual disks (virtualization.view_virtualdisk)",
          }],
        },
      ],
      steps: [
        { step: "virtual-machine", entities: 3, equal: 1, different: 1, missing: 1, unjudged: 0 },
        { step: "virtual-disk", entities: 1, equal: 0, different: 0, missing: 0, unjudged: 1 },
      ],
      totals: { entities: 4, equal: 1, different: 1, missing: 1, unjudged: 1 },
      complete: true,
    });
  });

  test("contains equal entities only with --verbose, and only if NetBox has additional values", () => {
    expect(jsonOf([MORE])).toMatchObject({ findings: [] });
    expect(jsonOf([MORE], true)).toMatchObject({
      findings: [{ verdict: "equal", more: [{ field: "tags", values: ["mine", "yours"] }] }],
    });
  });
});
