/** The program, run as a user runs it, writes exactly the committed files: on Node and on Deno. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseRequest } from "../helpers/proto.ts";
import { GOLDEN_CASES, ROOT, runCase } from "../helpers/golden.ts";

async function filesOf(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return new Map(names.map((name, i) => [name, texts[i] ?? ""]));
}

test.each(GOLDEN_CASES)("$name comes out byte for byte as committed", async (each) => {
  const out = await mkdtemp(join(tmpdir(), "golden-"));
  try {
    await runCase(each, out);
    const made = await filesOf(join(out, "netbox"));
    const expected = await filesOf(join(ROOT, each.expected, "netbox"));
    expect([...made.keys()]).toEqual([...expected.keys()]);
    for (const [name, text] of expected) expect(made.get(name), name).toBe(text);
  } finally {
    await rm(out, { recursive: true });
  }
});

test.each(GOLDEN_CASES)("$name holds only fields that Diode's schema has", async (each) => {
  const files = await filesOf(join(ROOT, each.expected, "netbox"));
  const requests = [...files].filter(([name]) => /^\d\d-/.test(name));
  expect(requests.length).toBeGreaterThan(2);
  for (const [name, text] of requests) {
    expect(() => parseRequest(JSON.parse(text)), name).not.toThrow();
  }
});
