/** push over HTTP/2, with and without TLS, to a `receive` on the loopback interface. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { shownSteps } from "../../src/netbox/types/steps.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import type { VirtualMachine } from "../../src/netbox/types/virtual-machine.ts";
import { type EntitySet, openDryRun, openEntities } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { buildSet, customField, type SetParts, tag, vm } from "../helpers/entity-set.ts";
import { ROOT } from "../helpers/golden.ts";
import { journalLines, placeFor, pushInto, receiver } from "../helpers/pushing.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");

async function example(): Promise<EntitySet> {
  const folder = await tempFolder();
  await cp(EXAMPLE, folder, { recursive: true });
  return await openEntities(await openStore(folder));
}

/** Files with one guest each. */
function guests(files: number): VirtualMachine[][] {
  return Array.from({ length: files }, (_, i) => [vm(`guest-${i}`)]);
}

async function entitySet(parts: SetParts): Promise<EntitySet> {
  return await buildSet(await tempFolder(), parts);
}

/** All entities of the files, as JSON. */
async function entitiesIn({ files }: EntitySet): Promise<unknown[]> {
  const requests = await Promise.all(files.map((file) => file.read()));
  return requests.flatMap((bytes) =>
    (JSON.parse(Buffer.from(bytes).toString()) as { entities: unknown[] }).entities
  );
}

describe("push", () => {
  test.each([["without TLS", false], ["with TLS", true]])(
    "sends each file as one request with exactly its entities, %s",
    async (_, isTls) => {
      const diode = await receiver({ isTls });
      const entities = await example();
      const { sent, error, retries } = await pushInto(diode, entities);
      expect([error, retries]).toEqual([undefined, []]);
      expect(diode.entities()).toEqual(await entitiesIn(entities));
      expect(sent.map(({ file }) => file.path)).toEqual(entities.files.map(({ path }) => path));
      const ids = await Promise.all(
        entities.files.map(async (file) =>
          (JSON.parse(Buffer.from(await file.read()).toString()) as { id: string }).id
        ),
      );
      expect(diode.requests.map(({ id }) => id)).toEqual(ids);
      expect(diode.countTokens()).toBe(1);
    },
  );

  test("sends to a target without a path", async () => {
    const diode = await receiver({ prefix: "" });
    expect(await pushInto(diode, await entitySet({ "tag": [[tag("a")]] }))).toMatchObject({
      error: undefined,
    });
    expect(diode.requests).toHaveLength(1);
  });

  test("sends dry-run files of the SDKs and completes their headers", async () => {
    const folder = await tempFolder();
    const store = await openStore(folder);
    const python = {
      stream: "latest",
      entities: [{ timestamp: "2026-01-15T10:30:00.123456Z", virtual_machine: { name: "web-01" } }],
      id: "6f0d6a4e-6a56-4b0f-8d55-0f1a2b3c4d5e",
      producer_app_name: "my_app",
      sdk_name: "diode-sdk-python-dry-run",
      sdk_version: "1.14.3",
      metadata: { batch_id: "demo" },
    };
    const go = { id: "x", entities: [{ vmInterface: { name: "eth0" } }], sdkName: "diode-sdk-go" };
    await store.write("app_9.json", encodeUtf8(JSON.stringify(python, null, 2)));
    await store.write("app_10.json", encodeUtf8(JSON.stringify(go, null, 2)));
    const diode = await receiver();
    const files = await openDryRun(store, ["app_10.json", "app_9.json"]);
    expect(await pushInto(diode, files)).toMatchObject({ error: undefined });
    expect(diode.requests).toMatchObject([
      { id: python.id, producerAppName: "my_app", sdkName: "diode-sdk-python-dry-run" },
      { id: "x", producerAppName: "proxmox-diode", sdkName: "diode-sdk-go" },
    ]);
    expect(diode.entities()).toEqual([
      { ...python.entities[0], timestamp: "2026-01-15T10:30:00.123456Z" },
      { vm_interface: { name: "eth0" } },
    ]);
  });
});

test("push sends the same entities from SDK files in both spellings of their keys", async () => {
  const store = await openStore(join(ROOT, "test/fixtures/sdk-dry-run"));
  const journal = await tempFolder();
  const diode = await receiver();
  for (const key of ["snake.json", "camel.json"]) {
    const journalPlace = { ...await placeFor(journal, diode.target), key };
    const { error } = await pushInto(diode, await openDryRun(store, [key]), { journalPlace });
    expect(error).toBeUndefined();
  }
  const entities = diode.entities();
  expect(entities.length).toBeGreaterThan(4);
  expect(entities.slice(entities.length / 2)).toEqual(entities.slice(0, entities.length / 2));
  expect(diode.requests[0]?.producerAppVersion).not.toBe("");
});

describe("the steps of a push", () => {
  test("run one after another, each with up to PUSH_CONCURRENCY parallel requests", async () => {
    let open = 0;
    let most = 0;
    const order: string[] = [];
    const diode = await receiver({
      latencyMs: 5,
      onRequest: ({ id }) => {
        open += 1;
        most = Math.max(most, open);
        order.push(id);
      },
    });
    const entities = await entitySet({
      "tag": [[tag("a")], [tag("b")]],
      "virtual-machine": guests(12),
    });
    const { error, sent } = await pushInto(diode, entities, {
      texts: { PUSH_CONCURRENCY: "3" },
      onSent: () => {
        open -= 1;
      },
    });
    expect(error).toBeUndefined();
    expect(most).toBe(3);
    const steps = sent.map(({ file }) => file.step);
    expect(steps).toEqual([...steps].sort());
  });

  test("can be selected, and a later push sends the others", async () => {
    const diode = await receiver();
    const entities = await entitySet({ "tag": [[tag("a")]], "virtual-machine": guests(2) });
    const first = await pushInto(diode, entities, { choices: { steps: ["virtual-machine"] } });
    expect(first.planned).toMatchObject({ acknowledged: 0, unselected: 1 });
    expect(first.sent).toHaveLength(2);
    const second = await pushInto(diode, entities);
    expect(second.sent.map(({ file }) => file.step)).toEqual(["tag"]);
    expect(second.planned).toMatchObject({ acknowledged: 2 });
  });

  test("are separated by PUSH_STEP_PAUSE, except after a step that sent nothing", async () => {
    const diode = await receiver();
    const entities = await entitySet({ "tag": [[tag("a")]], "virtual-machine": guests(1) });
    const texts = { PUSH_STEP_PAUSE: "30ms" };
    const started = performance.now();
    const { pauses } = await pushInto(diode, entities, { texts });
    expect(pauses).toEqual([{ ms: 30, isBootstrap: false, isOver: true }]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });
});

describe("push with custom fields", () => {
  const PARTS: SetParts = {
    "custom-field": [[customField("proxmox_vmid")]],
    "cluster-type": [[{ name: "Proxmox", slug: "proxmox", tags: [] }]],
    "virtual-machine": guests(1),
  };
  const texts = { PUSH_BOOTSTRAP_WAIT: "600ms" };

  test("waits before it sends values of fields that are new to the target", async () => {
    const times = new Map<number, number>();
    const diode = await receiver({
      onRequest: () => times.set(times.size, performance.now()) as never,
    });
    const { pauses, error } = await pushInto(diode, await entitySet(PARTS), { texts });
    expect(error).toBeUndefined();
    expect(pauses).toMatchObject([{ isBootstrap: true, isOver: true }]);
    expect((times.get(2) ?? 0) - (times.get(0) ?? 0)).toBeGreaterThan(590);
  });

  test("does not wait for fields that the target already has", async () => {
    const diode = await receiver();
    const folder = await tempFolder();
    await pushInto(diode, await buildSet(folder, PARTS), { texts });
    const grown = await buildSet(folder, { ...PARTS, "virtual-machine": guests(2) });
    const { pauses, sent } = await pushInto(diode, grown, { texts });
    expect([pauses, sent.length]).toEqual([[], 4]);
    const changed = await buildSet(folder, {
      ...PARTS,
      "custom-field": [[{ ...customField("proxmox_vmid"), label: "VMID" }]],
    });
    expect((await pushInto(diode, changed, { texts })).pauses).toMatchObject([{
      isBootstrap: true,
    }]);
  });

  test("does not wait when no values follow", async () => {
    const { "virtual-machine": _, ...bootstrap } = PARTS;
    expect((await pushInto(await receiver(), await entitySet(bootstrap), { texts })).pauses)
      .toEqual([]);
  });
});

describe("an acknowledged push", () => {
  test("sends nothing when it is repeated, except with --again", async () => {
    const diode = await receiver();
    const entities = await example();
    await pushInto(diode, entities);
    const again = await pushInto(diode, entities);
    expect([again.sent, again.planned?.acknowledged]).toEqual([[], shownSteps({}).length]);
    expect(diode.requests).toHaveLength(shownSteps({}).length);
    const repeated = await pushInto(diode, entities, {
      choices: { isAgain: true, steps: ["tag"] },
    });
    expect(repeated.sent.map(({ file }) => file.step)).toEqual(["tag"]);
    expect((await pushInto(diode, entities)).sent).toEqual([]);
  });

  test("is sent again in full when the files are different", async () => {
    const diode = await receiver();
    const folder = await tempFolder();
    await pushInto(diode, await buildSet(folder, { "virtual-machine": guests(2) }));
    const { sent } = await pushInto(
      diode,
      await buildSet(folder, { "virtual-machine": guests(3) }),
    );
    expect(sent).toHaveLength(3);
    // The first set again: NetBox has the second one now.
    const back = await pushInto(diode, await buildSet(folder, { "virtual-machine": guests(2) }));
    expect(back.sent).toHaveLength(2);
  });

  test("does not count for another target", async () => {
    const [first, second] = [await receiver(), await receiver()];
    const entities = await example();
    await pushInto(first, entities);
    expect((await pushInto(second, entities)).sent).toHaveLength(shownSteps({}).length);
  });

  test("is recorded in the journal with request and time of each file", async () => {
    const diode = await receiver();
    const entities = await entitySet({ "virtual-machine": guests(3) });
    await pushInto(diode, entities);
    const lines = await journalLines(entities.place, diode.target);
    expect([...lines.keys()].sort()).toEqual(entities.files.map(({ path }) => path));
    const ids = [...lines.values()].map(({ request_id }) => request_id);
    expect(ids.sort()).toEqual(diode.requests.map(({ id }) => id).sort());
    for (const { acknowledged_at, entities } of lines.values()) {
      expect(Math.abs(Date.parse(acknowledged_at) - Date.now())).toBeLessThan(60_000);
      expect(entities).toBe(1);
    }
  });
});

describe("before it sends anything, push", () => {
  test.each([
    [
      "an unknown field",
      { name: "web-02", colour: "red" },
      'line 3: virtual_machine "web-02": invalid VirtualMachine: key "colour" is unknown',
    ],
    [
      "a value of the wrong type",
      { name: "web-02", memory: "4 GB" },
      'line 3: virtual_machine "web-02": invalid VirtualMachine.memory: ' +
      "expected a whole number (int64): 4 GB out of range",
    ],
  ])("reports %s in the last file with file, line and field", async (_, bad, words) => {
    const diode = await receiver();
    const entities = await entitySet({
      "virtual-machine": [[vm("a")], [vm("web-01"), bad as never]],
    });
    const { error } = await pushInto(diode, entities);
    expect(error).toMatchObject({ kind: "input", hint: "nothing was sent" });
    expect((error as Error).message).toBe(
      `Cannot send "netbox/11-virtual-machine-0002.json", ${words}`,
    );
    expect([diode.requests, diode.countTokens()]).toEqual([[], 0]);
    expect((await journalLines(entities.place, diode.target)).size).toBe(0);
  });

  test("rejects a file that is larger than Diode accepts", async () => {
    const diode = await receiver();
    const large = vm("a", { comments: "x".repeat(4 * 2 ** 20) });
    const { error } = await pushInto(diode, await entitySet({ "virtual-machine": [[large]] }));
    expect(error).toMatchObject({ kind: "input" });
    expect((error as Error).message).toContain("larger than the 4194304 bytes that Diode accepts");
    expect(diode.countTokens()).toBe(0);
  });

  test("accepts a file of exactly 4 MiB", async () => {
    const diode = await receiver({ isForgetful: true });
    const sized = async (length: number) => {
      const entities = await entitySet({
        "virtual-machine": [[vm("a", { comments: "x".repeat(length) })]],
      });
      return await pushInto(diode, entities);
    };
    const { sent: [small] } = await sized(3 * 2 ** 20);
    const most = 3 * 2 ** 20 + 4 * 2 ** 20 - (small?.bytes ?? 0);
    expect(await sized(most)).toMatchObject({ error: undefined, sent: [{ bytes: 4 * 2 ** 20 }] });
    expect(await sized(most + 1)).toMatchObject({ error: { kind: "input" } });
  });

  test("reports an error in an SDK file with the number of the entity", async () => {
    const store = await openStore(await tempFolder());
    const request = { entities: [{ tag: { name: "a" } }, { tag: { name: "b", slug: 7 } }] };
    await store.write("app_1.json", encodeUtf8(JSON.stringify(request, null, 2)));
    const { error } = await pushInto(await receiver(), await openDryRun(store, ["app_1.json"]));
    expect((error as Error).message).toBe(
      'Cannot send "app_1.json", entity 2: tag "b": invalid Tag.slug: expected string, got 7',
    );
  });

  test("checks everything with --dry-run, and sends and writes nothing", async () => {
    const diode = await receiver();
    const entities = await example();
    const { planned, sent } = await pushInto(diode, entities, { choices: { isDryRun: true } });
    const total = (await entitiesIn(entities)).length;
    expect(planned?.steps.reduce((sum, step) => sum + step.entities, 0)).toBe(total);
    expect([sent, diode.requests, diode.countTokens()]).toEqual([[], [], 0]);
    expect((await (await openStore(entities.place)).keys()).some((key) => key.startsWith("push/")))
      .toBe(false);
  });
});
