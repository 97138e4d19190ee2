/** push compared with the SDK: the files that it reads, and the requests that it sends. */
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/base/json.ts";
import type { Receiver } from "../../src/rehearse/receive/receive.ts";
import { ROOT } from "../helpers/golden.ts";
import { received } from "../helpers/receiving.ts";
import { runProcess } from "../helpers/run-process.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { describeSdk, replay, runScript } from "./sdk.ts";

const EXAMPLE = join(ROOT, "snapshots/example/netbox");

async function push({ target, client }: Receiver, place: string): Promise<void> {
  const { code, stderr } = await runProcess(["push", place, "--bootstrap-wait=0"], {
    env: {
      DIODE_TARGET: target,
      DIODE_CLIENT_ID: client.id,
      DIODE_CLIENT_SECRET: client.secret,
    },
  });
  expect(code, stderr).toBe(0);
}

/** Requests of one step arrive in any order, and the entries of a map have no order. */
function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => canonicalJson(value)).sort();
}

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((name) => join(folder, name)).sort();
}

describeSdk("push", () => {
  test("sends the same entities as diode-replay-dryrun, in bytes that the SDK decodes to the files", async () => {
    const requests: Uint8Array[] = [];
    const [receiverOfPush, receiverOfSdk] = [
      await received({ onRequest: (_, bytes) => void requests.push(bytes) }),
      await received(),
    ];
    const run = await tempFolder();
    await cp(EXAMPLE, join(run, "netbox"), { recursive: true });
    await push(receiverOfPush, run);
    const files = (await filesIn(EXAMPLE)).filter((file) => /\/\d\d[a-z]?-/.test(file));
    await replay(receiverOfSdk, files);
    expect(sorted(receiverOfPush.entities())).toEqual(sorted(receiverOfSdk.entities()));

    const lines = requests.map((bytes) => `${Buffer.from(bytes).toString("base64")}\n`).join("");
    const decoded = (await runScript("decode.py", [], { input: lines })).trimEnd().split("\n");
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
    const parse = (text: string): unknown => JSON.parse(text);
    expect(sorted(decoded.map(parse))).toEqual(sorted(texts.map(parse)));
  });

  test.each(["dry_run.py", "every_field.py"])(
    "sends the dry-run files of %s as diode-replay-dryrun does",
    async (script) => {
      const folder = join(await tempFolder(), "files");
      await mkdir(folder);
      await runScript(script, [folder]);
      for (const file of await filesIn(folder)) {
        const [receiverOfPush, receiverOfSdk] = [await received(), await received()];
        await push(receiverOfPush, file);
        await replay(receiverOfSdk, [file]);
        expect(receiverOfPush.entities()).toEqual(receiverOfSdk.entities());
      }
    },
  );
});
