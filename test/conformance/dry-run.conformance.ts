/** Dry-run files of the SDK, read by this project. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../helpers/golden.ts";
import { parseRequest, requestToJson } from "../helpers/proto.ts";
import { describeSdk, runScript } from "./sdk.ts";

/** Files of the SDK for tests that run without Python. */
const FIXTURES = join(ROOT, "test/fixtures/sdk-dry-run");
const UUID = /^[0-9a-f-]{36}$/;
/** "1.14.3": a release that requirements.txt allows. */
const RELEASE = /^1\.14\.[0-9]+$/;

async function jsonOf(folder: string, name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, name), "utf8")) as Record<string, unknown>;
}

describeSdk("a dry-run file of the SDK", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "proxmox-diode-sdk-"));
    await runScript("dry_run.py", [folder]);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(["snake.json", "camel.json"])(
    "in the spelling of %s is a valid request",
    async (name) => {
      const read = requestToJson(parseRequest(await jsonOf(folder, name)));
      expect(read).toEqual(await jsonOf(folder, "snake.json"));
    },
  );

  // The id is new each time, and the version is that of the installed release.
  test.each([
    { name: "snake.json", version: "sdk_version" },
    { name: "camel.json", version: "sdkVersion" },
  ])("is equal to $name in test/fixtures", async ({ name, version }) => {
    const written = await jsonOf(folder, name);
    const kept = await jsonOf(FIXTURES, name);
    const own = { id: expect.stringMatching(UUID), [version]: expect.stringMatching(RELEASE) };
    expect(written).toEqual({ ...kept, ...own });
    expect(kept).toEqual({ ...written, ...own });
  });
});
