/** Entity files of this project, sent to `receive` by the SDK's diode-replay-dryrun. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../helpers/golden.ts";
import { HEADER, received, tag } from "../helpers/receiving.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { describeSdk, replay, runScript } from "./sdk.ts";

const EXAMPLE = join(ROOT, "snapshots/example/netbox");

async function entityFiles(): Promise<string[]> {
  const names = (await readdir(EXAMPLE)).filter((name) => /^\d\d[a-z]?-/.test(name)).sort();
  return names.map((name) => join(EXAMPLE, name));
}

async function entitiesOf(files: readonly string[]): Promise<unknown[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return texts.flatMap((text) => (JSON.parse(text) as { entities: unknown[] }).entities);
}

describeSdk("diode-replay-dryrun", () => {
  test.each([["h2c", false], ["TLS", true]])(
    "sends the same entities over %s",
    async (_, isTls) => {
      const receiver = await received({ isTls });
      const files = await entityFiles();
      const { code, stdout, stderr } = await replay(receiver, files);
      expect(code, stderr).toBe(0);
      expect(stdout.match(/^Ingested \d+ entities from /gm)).toHaveLength(files.length);
      expect(receiver.entities()).toEqual(await entitiesOf(files));
      expect(
        receiver.requests.map(({ sdkName, producerAppName, producerAppVersion }) =>
          [sdkName, producerAppName, producerAppVersion].join(" ")
        ),
      ).toEqual(files.map(() => "diode-sdk-python replay 1.2.3"));
    },
  );

  test("sends every field of every entity type", async () => {
    const folder = await tempFolder();
    await runScript("every_field.py", [folder]);
    const files = (await readdir(folder)).map((name) => join(folder, name));
    const receiver = await received();
    const { code, stderr } = await replay(receiver, files);
    expect(code, stderr).toBe(0);
    expect(receiver.entities()).toEqual(await entitiesOf(files));
  });

  test("fails with the error of an entity without a type", async () => {
    const file = join(await tempFolder(), "nil.json");
    await writeFile(file, JSON.stringify({ ...HEADER, entities: [tag("x"), {}] }));
    const { code, stderr } = await replay(await received(), [file]);
    expect(code).toBe(1);
    expect(stderr).toContain("entity at index 1 is nil");
  });

  test("gets no token for a wrong secret", async () => {
    const receiver = await received();
    const client = { ...receiver.client, secret: "another" };
    const { code, stderr } = await replay({ ...receiver, client }, await entityFiles());
    expect(code).toBe(1);
    expect(stderr).toContain("Failed to obtain access token");
    expect(receiver.requests).toEqual([]);
  });

  test("reports the gRPC status of a message that is too large", async () => {
    const file = join(await tempFolder(), "large.json");
    const entities = Array.from({ length: 900 }, (_, i) => tag(`${i}-${"x".repeat(2400)}`));
    await writeFile(file, JSON.stringify({ ...HEADER, entities }));
    const { code, stderr } = await replay(await received(), [file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/grpc: received message larger than max \(\d+ vs\. 4194304\)/);
  });
});
