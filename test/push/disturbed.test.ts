/** What is lost between the acknowledgement of Diode and NetBox: each disturbance does harm that push does not see. */
import { describe, expect, test } from "vitest";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import { foreignTags } from "../helpers/background-diode.ts";
import { compareWith, verdicts } from "../helpers/comparing.ts";
import {
  type DiodeAndNetBox,
  diodeAndNetBox,
  type Disturbances,
  doubledIn,
} from "../helpers/diode-and-netbox.ts";
import { type SiteSize, transformedSet } from "../helpers/disturbed-site.ts";
import { pushInto } from "../helpers/pushing.ts";

interface Arrived extends DiodeAndNetBox {
  readonly set: TransformedSet;
  readonly lost: Readonly<Record<string, string>>;
}

/** After a push without errors, and everything that Diode does with it: what `compare` finds. */
async function pushedInto(disturbances: Disturbances, size?: SiteSize): Promise<Arrived> {
  const set = await transformedSet(size);
  const both = await diodeAndNetBox(disturbances);
  await pushAgain(both, set);
  await both.settled();
  return Object.assign(both, { set, lost: await lostIn(both, set) });
}

async function pushAgain({ receiver }: DiodeAndNetBox, set: TransformedSet): Promise<void> {
  const texts = { PUSH_BOOTSTRAP_WAIT: "60ms" };
  const { error } = await pushInto(receiver, set, { texts, choices: { isAgain: true } });
  expect(error).toBeUndefined();
}

async function lostIn(
  { netbox }: DiodeAndNetBox,
  set: TransformedSet,
): Promise<Readonly<Record<string, string>>> {
  const { judged, error } = await compareWith(netbox, set);
  expect(error).toBeUndefined();
  return verdicts(judged);
}

describe("without disturbances", () => {
  test.each([1, 2, 3])(
    "everything arrives, in any order inside a batch (seed %i)",
    async (seed) => {
      const { lost, model, entitiesIn } = await pushedInto({ seed });
      expect([lost, model.refused, doubledIn(model)]).toEqual([{}, [], []]);
      expect(entitiesIn("failed")).toEqual([]);
    },
  );

  test("sent again, nothing changes", async () => {
    const both = await pushedInto({});
    const changes = both.model.changes.length;
    await pushAgain(both, both.set);
    await both.settled();
    expect(both.model.changes.slice(changes)).toEqual([]);
  });
});

describe("disturbances", () => {
  test("a NetBox that is away for a while loses what Diode had in its queue", async () => {
    const both = await pushedInto({ outage: { afterApplied: 30, forMs: 150 } });
    expect(Object.keys(both.lost).length).toBeGreaterThan(50);
    expect(both.entitiesIn("failed").length).toBe(Object.keys(both.lost).length);
    await pushAgain(both, both.set);
    await both.settled();
    expect(await lostIn(both, both.set)).toEqual({});
  });

  test("machines fail while entities of another producer keep Diode from the custom fields", async () => {
    const both = await pushedInto({ foreign: foreignTags(1500), batchMs: 60 }, {
      guests: 5,
    });
    expect(Object.keys(both.lost).filter((name) => name.startsWith("virtual-machine "))).not
      .toEqual([]);
    expect(both.model.refused[0]).toMatch(/Unknown field name 'proxmox_\w+' in custom field data/);
    await pushAgain(both, both.set);
    await both.settled();
    expect(await lostIn(both, both.set)).toEqual({});
  });

  test("a batch that is posted twice leaves addresses, VLANs or prefixes twice", async () => {
    const { model, lost, entitiesIn } = await pushedInto({ isPostedTwice: () => true });
    expect(doubledIn(model).length).toBeGreaterThan(0);
    expect(Object.values(lost)).toContain("unjudged");
    expect(entitiesIn("failed")).toEqual([]);
  });

  test("several workers make objects twice that one entity has and another one names", async () => {
    // Whether two workers meet at one object depends on the time, too.
    let doubled: readonly string[] = [];
    for (let seed = 1; seed <= 8 && doubled.length === 0; seed += 1) {
      // Somebody else's entities first: then all of the set is queued when the workers reach it.
      const disturbances = { seed, workers: 4, batchMs: 30, foreign: foreignTags(1200) };
      doubled = doubledIn((await pushedInto(disturbances, { guests: 80, vlans: 80 })).model);
    }
    expect(doubled).not.toEqual([]);
  });

  test("a tag loses its colour when another request makes it at the same time", async () => {
    const both = await diodeAndNetBox({ workers: 4, batchMs: 0 });
    const tag = { name: "prod", slug: "prod", color: "aa1409" };
    const plannedAt = both.model.nextId;
    both.model.apply([{ step: "platform", entity: { name: "Debian", tags: [{ name: "prod" }] } }]);
    expect(both.model.applyOne({ step: "tag", entity: tag }, plannedAt)).toBeUndefined();
    expect(both.model.called("tag", "prod")["color"]).not.toBe(tag.color);
    expect(both.model.applyOne({ step: "tag", entity: tag })).toBeUndefined();
    expect(both.model.called("tag", "prod")["color"]).toBe(tag.color);
  });

  test("what NetBox refuses for good is missing, and so is what needs it", async () => {
    const { lost, entitiesIn } = await pushedInto({
      refuses: (type, sent) =>
        type === "virtual-machine" && sent["name"] === "guest-7" ? "no" : undefined,
    });
    expect(lost).toEqual({
      "virtual-machine guest-7": "missing",
      "vm-interface guest-7/net0": "missing",
      "virtual-disk guest-7/scsi0": "missing",
      "ip-address 10.0.0.17/24": "missing",
    });
    expect(entitiesIn("failed")).toHaveLength(4);
  });

  test("a reconciler that does not run leaves everything in the queue", async () => {
    const set = await transformedSet();
    const both = await diodeAndNetBox({ isIdle: true });
    await pushAgain(both, set);
    expect(both.entitiesIn("queued").length).toBe(both.receiver.entities().length);
    expect(Object.values(await lostIn(both, set))).not.toContain("equal");
  });

  test.each([[undefined], [502 as const]])(
    "while NetBox is away, its API answers nothing useful (%s)",
    async (answer) => {
      const set = await transformedSet();
      const both = await diodeAndNetBox();
      both.goAway(60_000, answer);
      const { error } = await compareWith(both.netbox, set, { texts: { NETBOX_MAX_RETRIES: "0" } });
      expect(error).toMatchObject({ kind: "remote" });
    },
  );
});
