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
const UUID = /^[0-9a-f-]{36}$/;
/** "1.14.3": within what requirements.txt takes. */
const RELEASE = /^1\.14\.[0-9]+$/;

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

  // Of the header, the id is new each time, and the version is that of whichever release is installed.
  test.each([
    { name: "snake.json", version: "sdk_version" },
    { name: "camel.json", version: "sdkVersion" },
  ])("$name in test/fixtures is what it writes", async ({ name, version }) => {
    const written = await jsonOf(folder, name);
    const kept = await jsonOf(FIXTURES, name);
    const own = { id: expect.stringMatching(UUID), [version]: expect.stringMatching(RELEASE) };
    expect(written).toEqual({ ...kept, ...own });
    expect(kept).toEqual({ ...written, ...own });
  });
});
