/** snapshots/example-netbox: the NetBox that serve-netbox, the documents and npm start show. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXAMPLE_NETBOX, writeExampleNetBox } from "../helpers/example-netbox.ts";
import { ROOT } from "../helpers/golden.ts";
import { runCli } from "../helpers/run-cli.ts";
import { readRunFiles, storeIn } from "../helpers/run-in-memory.ts";

test("the committed target is the one that its generator writes", async () => {
  const written = new Map<string, Uint8Array>();
  await writeExampleNetBox(storeIn(written));
  const sorted = (files: ReadonlyMap<string, Uint8Array>): [string, string][] =>
    [...files].map(([key, bytes]): [string, string] => [key, new TextDecoder().decode(bytes)])
      .sort();
  expect(sorted(await readRunFiles(join(ROOT, EXAMPLE_NETBOX)))).toEqual(sorted(written));
});

test("it is a complete target without faults", async () => {
  const { code, stdout } = await runCli(["verify", join(ROOT, EXAMPLE_NETBOX)]);
  expect(code, stdout).toBe(0);
});

test("it has objects of the example, under names of their own", async () => {
  const { stdout } = await runCli([
    "compare",
    join(ROOT, "snapshots/example"),
    "--target",
    join(ROOT, EXAMPLE_NETBOX),
    "--json",
  ]);
  const { totals, complete } = JSON.parse(stdout);
  expect(complete).toBe(true);
  expect(totals.different).toBeGreaterThan(0);
  expect(totals.missing).toBeGreaterThan(100);
});
