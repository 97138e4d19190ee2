/**
 * A year in fast motion: a cluster changes, reads fail, NetBox is away, people work in NetBox. At the end NetBox
 * has what Proxmox VE has, and what people set is as they left it.
 */
import { describe, expect, test } from "vitest";
import { ModelNetBox } from "./helpers/applied.ts";
import { doubledIn } from "./helpers/diode-and-netbox.ts";
import { Queue, type QueuedEntity } from "./helpers/diode-queue.ts";
import { IS_FULL } from "./helpers/full-tests.ts";
import { type Emitted, only, type Outcome, transformed } from "./helpers/in-memory.ts";
import { lab } from "./helpers/lab.ts";
import { guestsIn } from "./helpers/ours-in.ts";
import { People } from "./helpers/people.ts";
import { planned } from "./helpers/planning.ts";
import { SITE } from "./helpers/respecting.ts";
import { numbersFrom } from "./helpers/shuffled.ts";
import type { TransformedSet } from "../src/run-folder/entity-set.ts";
import type { MadePlan } from "../src/run-folder/tidy-plan.ts";
import type { SettingTexts } from "../src/transform/settings.ts";
import { stepCalled } from "../src/netbox/types/steps.ts";
import { BOOTSTRAP_STEPS } from "../src/push/send.ts";
import { tidied } from "./helpers/tidied.ts";
import { yearOf, type YearRun } from "./helpers/year.ts";

const RUNS = IS_FULL ? 500 : 40;
const WAIT_DAYS = 3;
const SEEDS = IS_FULL ? [1, 2, 3] : [1, 2, 3, 4];

interface Year {
  readonly netbox: ModelNetBox;
  readonly people: People;
  readonly last: Outcome;
  /** What an empty NetBox would have after the last run. */
  readonly expected: ModelNetBox;
}

async function lived(
  seed: number,
  { isTidied, settings = SITE, waitDays = 0 }: {
    readonly isTidied: boolean;
    readonly settings?: SettingTexts;
    /** How long a guest is gone before its machine is removed. */
    readonly waitDays?: number;
  },
): Promise<Year> {
  const netbox = new ModelNetBox();
  const people = new People(netbox, seed);
  const random = numbersFrom(seed);
  let year: Year | undefined;
  const absences = new Absences();
  /** The last run that arrived. */
  let since: TransformedSet | undefined;
  for (const [i, run] of yearOf(seed, RUNS).entries()) {
    const snapshot = lab(run.lab);
    const expected = new ModelNetBox();
    expected.apply((await transformed(snapshot, SITE)).all);
    const plan = async () =>
      await planned(netbox, [snapshot], { settings, ...(since && { since }) });
    const tidy = ({ items }: MadePlan, ...actions: readonly string[]): void => {
      if (isTidied) tidied(netbox, items.filter(({ action }) => actions.includes(action)));
    };
    tidy((await plan()).plan, "release", "rename");
    const before = machineKeys(netbox);
    const { outcome, plan: made, set } = await plan();
    absences.see(run, i);
    if (pushed(netbox, { run, outcome, random })) {
      tidy(made, "remove", "untag");
      since = set;
    }
    const last = outcome;
    const what = `run ${i}: ${[...run.events, ...run.failures].join(", ")}`;
    const early = removedGuests(made, before).filter((guest) =>
      absences.daysOf(guest, i) < waitDays
    );
    expect(early, what).toEqual([]);
    expect(netbox.refused, what).toEqual([]);
    expect(people.lost(), what).toEqual([]);
    people.work();
    year = { netbox, people, last, expected };
  }
  return year as Year;
}

/** NetBox's id → "qemu/101" */
function machineKeys(netbox: ModelNetBox): ReadonlyMap<number, string> {
  return new Map(
    netbox.all("virtual-machine").map(({ id, custom_fields }) => {
      const fields = custom_fields as Readonly<Record<string, unknown>> | undefined;
      return [id, `${fields?.["proxmox_vm_type"]}/${fields?.["proxmox_vmid"]}`];
    }),
  );
}

function removedGuests({ items }: MadePlan, keys: ReadonlyMap<number, string>): string[] {
  return items.filter(({ action, type }) => action === "remove" && type === "virtual-machine")
    .map(({ id }) => keys.get(id) ?? "");
}

/** How long guests were missing, as the complete listings of a year show it. */
class Absences {
  /** "qemu/101" → the day of the first complete listing without it; undefined: it is there. */
  readonly #since = new Map<string, number | undefined>();
  /** Days for which guests had been missing when they returned. */
  readonly returned: number[] = [];

  see({ lab: { guests = [] }, failures }: YearRun, day: number): void {
    if (failures.includes("the listing")) return;
    const present = new Set(guests.map(({ kind = "qemu", vmid }) => `${kind}/${vmid}`));
    for (const [guest, since] of this.#since) {
      if (!present.has(guest)) this.#since.set(guest, since ?? day);
      else if (since !== undefined) this.returned.push(day - since);
    }
    for (const guest of present) this.#since.set(guest, undefined);
  }

  daysOf(guest: string, day: number): number {
    return day - (this.#since.get(guest) ?? day);
  }
}

function isTagOfPeople(name: string): boolean {
  return name === "watched";
}

/** In an outage, the rest is lost: the next run has to make up for it. Returns whether everything arrived. */
function pushed(
  netbox: ModelNetBox,
  { run, outcome, random }: {
    readonly run: YearRun;
    readonly outcome: Outcome;
    readonly random: () => number;
  },
): boolean {
  const isFirst = ({ step }: Emitted): boolean => BOOTSTRAP_STEPS.has(step);
  const first = queued(outcome.all.filter(isFirst));
  const later = queued(outcome.all.filter((each) => !isFirst(each)));
  const queue = new Queue(random);
  // The values follow when the custom fields are there.
  const claimed = [...queue.claim(first).flat(), ...queue.claim(later).flat()];
  const arrived = claimed.slice(0, Math.floor(claimed.length * (run.outage ?? 1)));
  for (const { step, entity } of arrived) {
    netbox.applyOne({ step: step.name, entity: entity as never });
  }
  return arrived.length === claimed.length;
}

function queued(all: readonly Emitted[]): readonly QueuedEntity[] {
  return all.map(({ step, entity }) => ({
    step: stepCalled(step),
    entity: entity as QueuedEntity["entity"],
  }));
}

/** NetBox has every guest of Proxmox VE once, as it is. It may have more: what is gone, and old names. */
function expectKept({ netbox, expected, last }: Year): void {
  const shown = guestsIn(netbox, (name) => !isTagOfPeople(name));
  const held = last.leftOut.filter(({ reason }) => reason === "held-elsewhere")
    .map(({ what }) => what);
  for (const [key, [guest]] of Object.entries(guestsIn(expected))) {
    const found = only(shown[key] ?? []);
    expect(found.fields, key).toEqual(guest?.fields);
    expect(found.tags, key).toEqual(expect.arrayContaining([...guest?.tags ?? []]));
    expect(found.disks, key).toMatchObject(guest?.disks ?? {});
    const macs = new Map(Object.values(found.nics).map((nic) => [JSON.stringify(nic.mac), nic]));
    for (const { mac, addresses, ...nic } of Object.values(guest?.nics ?? {})) {
      const shownNic = macs.get(JSON.stringify(mac));
      expect(shownNic, key).toMatchObject(nic);
      const missing = addresses.filter((each) => !shownNic?.addresses.includes(each));
      const vmid = key.split("/")[1];
      const isHeld = (address: unknown): boolean =>
        held.some((what) => what.startsWith(`vm/${vmid}/`) && what.endsWith(`/${String(address)}`));
      expect(missing.filter((each) => !isHeld(each)), key).toEqual([]);
    }
  }
}

describe.each(SEEDS)(`a year in fast motion, ${RUNS} runs (seed %i)`, (seed) => {
  test("keeps NetBox up to date, and what people set", async () => {
    const year = await lived(seed, { isTidied: false });
    expectKept(year);
    expect(doubledIn(year.netbox)).toEqual([]);
  }, 600_000);

  test("leaves nothing behind when it is tidied", async () => {
    const year = await lived(seed, { isTidied: true });
    expectKept(year);
    const { netbox, expected } = year;
    expect(withoutPrimary(guestsIn(netbox, (name) => !isTagOfPeople(name))))
      .toEqual(withoutPrimary(guestsIn(expected)));
    expect(doubledIn(netbox)).toEqual([]);
  }, 600_000);

  test.each([undefined, "decommissioning"])(
    "removes nothing before its time, and leaves nothing behind (GONE_STATUS: %s)",
    async (GONE_STATUS) => {
      const settings = { ...SITE, GONE_STATUS, GONE_AFTER: `${WAIT_DAYS}d` };
      const year = await lived(seed, { isTidied: true, settings, waitDays: WAIT_DAYS });
      expectKept(year);
      const { netbox, expected } = year;
      expect(withoutPrimary(guestsIn(netbox, (name) => !isTagOfPeople(name))))
        .toEqual(withoutPrimary(guestsIn(expected)));
      expect(doubledIn(netbox)).toEqual([]);
    },
    600_000,
  );
});

test("guests return within the time after which they are removed, and later", () => {
  const returned = SEEDS.flatMap((seed) => {
    const absences = new Absences();
    for (const [day, run] of yearOf(seed, RUNS).entries()) absences.see(run, day);
    return absences.returned;
  });
  expect(returned.filter((days) => days < WAIT_DAYS).length).toBeGreaterThan(2);
  expect(returned.filter((days) => days > WAIT_DAYS).length).toBeGreaterThan(2);
});

/** The primary address is kept if it is still one of the machine. */
function withoutPrimary(guests: ReturnType<typeof guestsIn>): object {
  return Object.entries(guests).map(([key, all]) => [
    key,
    all.map(({ primary, nics, ...guest }) => ({
      ...guest,
      nics,
      hasPrimary: Object.values(nics).some(({ addresses }) => addresses.includes(primary)),
    })),
  ]).toSorted();
}
