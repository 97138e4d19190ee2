/** `transform` with a target: what NetBox holds is found and respected. */
import { describe, expect, test } from "vitest";
import { ModelNetBox } from "../helpers/applied.ts";
import { inMemory, type Outcome, transformed } from "../helpers/in-memory.ts";
import { siteOf } from "../helpers/in-memory.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { NetBoxTarget } from "../../src/transform/target/target.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";

const URL = "https://netbox.example.net";

function targetIn(netbox: ModelNetBox): NetBoxTarget {
  return new NetBoxTarget(netbox.objects(), { url: URL });
}

async function again(
  netbox: ModelNetBox,
  snapshot: Snapshot,
  settings: SettingTexts = {},
): Promise<Outcome> {
  return await transformed(snapshot, settings, targetIn(netbox));
}

describe.each(["snapshots/example", "test/fixtures/two-sites", "test/fixtures/standalone"])(
  "%s",
  (place) => {
    const load = async (): Promise<Snapshot> => {
      const snapshot = await openSnapshot(await openStore(place));
      return inMemory(await siteOf(snapshot), snapshot.name);
    };

    test("against an empty NetBox, the entities are those without a target", async () => {
      const snapshot = await load();
      const plain = await transformed(snapshot);
      const outcome = await again(new ModelNetBox(), snapshot);
      expect(outcome.all).toEqual(plain.all);
      expect(outcome.leftOut).toEqual(plain.leftOut);
      expect(outcome.notes).toEqual(plain.notes);
    });

    test("what was pushed is found as a whole, and sent again changes nothing", async () => {
      const snapshot = await load();
      const plain = await transformed(snapshot);
      const netbox = new ModelNetBox();
      netbox.apply(plain.all);
      expect(netbox.refused).toEqual([]);
      const outcome = await again(netbox, snapshot);
      expect(outcome.all.length).toBe(plain.all.length);
      expect(outcome.leftOut).toEqual(plain.leftOut);
      expect(netbox.apply(outcome.all)).toEqual([]);
    });
  },
);
