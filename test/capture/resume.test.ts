/** What a run folder holds before a capture: it is resumed, discarded with a warning, or protected. */
import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { captured, liveLab } from "../helpers/capturing.ts";
import { served } from "../helpers/serving.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** A folder with a sealed snapshot. */
async function sealed() {
  const server = await served(liveLab({}));
  const { folder } = await captured(server);
  return { server, folder };
}

/** A folder with the journal of a capture whose token expired. */
async function stopped() {
  const guests = Array.from({ length: 30 }, (_, i) => ({ vmid: 101 + i, config: {} }));
  const server = await served(liveLab({ guests }), { expireTokenAfter: 15, refusalMs: 0 });
  const folder = join(await tempFolder(), "stopped");
  await expect(captured(server, { folder })).rejects.toMatchObject({ kind: "remote" });
  server.disturb({});
  return { server, folder };
}

describe("capture --resume of a snapshot", () => {
  test("reports a damaged file each time", async () => {
    const { server, folder } = await sealed();
    await appendFile(join(folder, "pve/nodes/pve1.json"), " ");
    for (const _ of [1, 2]) {
      await expect(captured(server, { folder, run: { isResumed: true } })).rejects
        .toMatchObject({ kind: "input", message: expect.stringContaining("pve1.json") });
      expect((await readdir(folder)).sort()).toEqual(["manifest.json", "pve"]);
    }
  });

  test("of another host leaves the folder as it is", async () => {
    const { server, folder } = await sealed();
    const settings = { PROXMOX_HOST: "localhost" };
    await expect(captured(server, { folder, settings, run: { isResumed: true } })).rejects
      .toMatchObject({ kind: "usage", message: expect.stringContaining('not "localhost"') });
    expect((await readdir(folder)).sort()).toEqual(["manifest.json", "pve"]);
  });
});

describe("capture without --resume over an interrupted capture", () => {
  test("of the same host warns how many answers it discards", async () => {
    const { server, folder } = await stopped();
    const { warnings, summary } = await captured(server, { folder });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Discarding \d+ answers of an interrupted .* --resume would keep them$/,
      ),
    ]);
    expect(summary.manifest.outcome).toBe("complete");
    expect((await captured(server, { folder })).warnings).toEqual([]);
  });

  test("of another host is refused, and the answers are kept", async () => {
    const { server, folder } = await stopped();
    const settings = { PROXMOX_HOST: "localhost" };
    await expect(captured(server, { folder, settings })).rejects.toMatchObject({
      kind: "usage",
      message: `Cannot capture into ${folder}: it holds an interrupted capture of "127.0.0.1"`,
      hint: expect.stringContaining("--out"),
    });
    const { summary } = await captured(server, { folder, run: { isResumed: true } });
    expect(summary.manifest.outcome).toBe("complete");
  });
});

test("a bug during an interruption is reported as one", async () => {
  const server = await served(liveLab({}));
  const controller = new AbortController();
  const onProgress = (): void => {
    controller.abort();
    throw new TypeError("a bug");
  };
  await expect(captured(server, { run: { signal: controller.signal, onProgress } })).rejects
    .toThrow(TypeError);
});
