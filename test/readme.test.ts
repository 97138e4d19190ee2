/** README says what the program prints. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { TOOL } from "../src/base/tool.ts";
import { BLOCKS, README, withBlocks } from "./helpers/readme.ts";

test("the tables in README are what the program prints", async () => {
  const readme = await readFile(README, "utf8");
  expect(await withBlocks(readme), "run npm run readme").toBe(readme);
});

test.each(Object.entries(BLOCKS))(
  "README has the block %s, and it is not empty",
  async (name, print) => {
    const readme = await readFile(README, "utf8");
    const printed = await print();
    expect(printed.split("\n").length).toBeGreaterThan(4);
    expect(readme).toContain(printed.trimEnd());
    expect(readme).toContain(`<!-- /${name} -->`);
  },
);

test("the program and package.json agree on name and version", async () => {
  const manifest: unknown = JSON.parse(
    await readFile(new URL("../package.json", import.meta.url), "utf8"),
  );
  expect(manifest).toMatchObject(TOOL);
});
