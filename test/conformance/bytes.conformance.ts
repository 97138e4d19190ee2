/** The bytes of requests, decoded by the SDK's classes. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GOLDEN_CASES, ROOT } from "../helpers/golden.ts";
import { parseRequest, requestToBinary } from "../helpers/proto.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { describeSdk, runScript } from "./sdk.ts";

async function jsonFilesIn(folder: string, names = /\.json$/): Promise<unknown[]> {
  const files = (await readdir(folder)).filter((name) => names.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => JSON.parse(text) as unknown);
}

/** The requests as the SDK decodes their bytes. */
async function decoded(requests: readonly unknown[]): Promise<unknown[]> {
  const lines = requests.map((json) =>
    Buffer.from(requestToBinary(parseRequest(json))).toString("base64")
  );
  const answer = await runScript("decode.py", [], { input: `${lines.join("\n")}\n` });
  return answer.trimEnd().split("\n").map((line) => JSON.parse(line) as unknown);
}

describeSdk("the bytes of a request", () => {
  test("decode to the entity file, for the example and each golden case", async () => {
    const folders = GOLDEN_CASES.map(({ expected }) => join(ROOT, expected, "netbox"));
    const files = await Promise.all(folders.map((folder) => jsonFilesIn(folder, /^\d\d[a-z]?-/)));
    expect(files.flat().length).toBeGreaterThan(100);
    expect(await decoded(files.flat())).toEqual(files.flat());
  });

  test("decode to what the SDK wrote, for every field of every entity type", async () => {
    const folder = await tempFolder();
    await runScript("every_field.py", [folder]);
    const files = await jsonFilesIn(folder);
    expect(files.flatMap((file) => (file as { entities: unknown[] }).entities).length)
      .toBeGreaterThan(500);
    expect(await decoded(files)).toEqual(files);
  });
});
