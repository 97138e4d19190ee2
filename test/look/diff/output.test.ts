/** The output of diff, on a terminal and as Markdown for a pull request. */
import { describe, expect, test } from "vitest";
import { diffSnapshots } from "../../../src/look/diff/diff-snapshots.ts";
import { diffText } from "../../../src/look/diff/command.ts";
import { markdownFormat, terminalFormat } from "../../../src/terminal/document.ts";
import { type Lab, lab } from "../../helpers/lab.ts";

/** Control characters, except line breaks. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
const HOSTILE = "\u001b]0;x\u0007\u009b31m`<img src=x>`|**[a](http://x)** @team\n# h\n\u202egnp";

const TERMINAL = terminalFormat(80);
const MARKDOWN = markdownFormat({ mostChars: 7000, isFolded: false });

async function compared(a: Lab, b: Lab) {
  const differences = await diffSnapshots(lab(a), lab(b));
  return {
    a: "snapshots/a",
    b: "snapshots/b",
    compared: [{ title: "Inventory of Proxmox VE", differences }],
  } as const;
}

function guest(name: string, config: object = {}): Lab {
  return { guests: [{ vmid: 101, row: { name }, config: { ...config, description: name } }] };
}

describe("diff as text", () => {
  test("shows short values on one line, and long values below each other", async () => {
    const net0 = "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=";
    const a = guest("web-01", { cores: 2, net0: `${net0}10` });
    const b = guest("web-02", { cores: 4, net0: `${net0}20` });
    expect(diffText(await compared(a, b), TERMINAL)).toBe(`a is snapshots/a, b is snapshots/b

Inventory of Proxmox VE: 1 changed (1 renamed)

Changed
  vm/101 web-02 on pve1, renamed from web-01
    cores: 2 → 4
    description: web-01 → web-02
    net0:
      - ${net0}10
      + ${net0}20`);
  });

  test("shows each reason once, with all objects that it applies to", async () => {
    const guests = [101, 102].map((vmid) => ({ vmid }));
    const denied = { status: 403, error: "Permission check failed" };
    const unread = guests.map((each) => ({ ...each, config: denied }));
    expect(diffText(await compared({ guests }, { guests: unread }), TERMINAL)).toContain(`
Not readable in b: these are not gone
  denied, 403 Permission check failed
    vm/101 guest-101 (config, tags)
    vm/102 guest-102 (config, tags)`);
  });

  test("counts what could not be read in a, which is not a difference", async () => {
    const unread = { guests: [{ vmid: 101, config: { failed: "timeout" } as const }] };
    expect(diffText(await compared(unread, { guests: [{ vmid: 101 }] }), TERMINAL)).toContain(
      "No differences; 1 not readable in a: their values\n    in b may be old or new",
    );
  });

  test("fits 80 columns and contains no control characters", async () => {
    const text = diffText(await compared(guest("x"), guest(HOSTILE.repeat(9))), TERMINAL);
    expect(text).not.toMatch(CONTROLS);
    expect(text).toContain("characters)");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe("diff as Markdown", () => {
  test("shows all captured text as code", async () => {
    const text = diffText(await compared(guest("x"), guest(HOSTILE)), MARKDOWN);
    expect(text).not.toMatch(CONTROLS);
    // Nothing of it is outside code spans.
    const around = text.replace(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, "");
    expect(around).not.toMatch(/img|http|@team|# h|gnp/);
    expect(text).toContain("\\u202egnp");
    expect(text).toContain(", renamed from `x`\n");
  });

  test("fits in a GitHub comment and counts what is not shown", async () => {
    const guests = Array.from({ length: 3000 }, (_, i) => ({ vmid: 1000 + i, config: null }));
    const half = (await compared({}, { guests })).compared[0];
    const text = diffText({ a: "a", b: "b", compared: [half, half] }, MARKDOWN);
    expect(text.length).toBeLessThan(65_536);
    const shown = (text.match(/^- `vm\//gm)?.length ?? 0) / 2;
    expect(shown).toBeGreaterThan(100);
    expect(text).toContain("3,000 added");
    const hidden = String(3000 - shown).replace(/(?=\d{3}$)/, ",");
    expect(text).toContain(`- … and ${hidden} more`);
  });

  test("shows the first fields of a guest with very many", async () => {
    const keys = Array.from({ length: 50 }, (_, i) => [`unused${i}`, "local:vm-101-disk"]);
    const text = diffText(
      await compared(guest("x"), guest("x", Object.fromEntries(keys))),
      MARKDOWN,
    );
    expect(text.match(/^ {2}- `unused/gm)).toHaveLength(20);
    expect(text).toContain("  - … and 30 more");
  });
});
