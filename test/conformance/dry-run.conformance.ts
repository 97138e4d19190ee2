/** Dry-run files that the SDK wrote, read by us. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../helpers/golden.ts";
import { parseRequest, requestToJson } from "../helpers/proto.ts";
import { describeSdk, runScript } from "./sdk.ts";

/** What tests without Python take for files of the SDK. */
const FIXTURES = join(ROOT, "test/fixtures/sdk-dry-run");

async function jsonOf(folder: string, name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, name), "utf8")) as Record<string, unknown>;
}

describeSdk("a dry-run file", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "proxmox-diode-sdk-"));
    await runScript("dry_run.py", [folder]);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(["snake.json", "camel.json"])(
    "in the spelling of %s is a request to us",
    async (name) => {
      const read = requestToJson(parseRequest(await jsonOf(folder, name)));
      expect(read).toEqual(await jsonOf(folder, "snake.json"));
    },
  );

  test.each(["snake.json", "camel.json"])("%s in test/fixtures is what it writes", async (name) => {
    const { id: _, ...written } = await jsonOf(folder, name);
    const { id, ...kept } = await jsonOf(FIXTURES, name);
    expect(kept).toEqual(written);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});
