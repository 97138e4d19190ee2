/** Builds the page about a run folder, with the changes since an earlier one. */
import { counted, groupDigits } from "../../terminal/tables.ts";
import { TOOL } from "../../base/tool.ts";
import { inspect, type Inspection } from "../inspect/inspect.ts";
import { readRunInventory, type RunInventory } from "../inventory.ts";
import { requiredItems, type Run } from "../run.ts";
import { addressesChapter } from "./chapters/addresses.ts";
import { capturedChapter } from "./chapters/captured.ts";
import { differencesChapter, type EarlierRun } from "./chapters/differences.ts";
import { guestsChapter } from "./chapters/guests.ts";
import { historyChapter, type HistoryRun } from "./chapters/history.ts";
import { leftOutChapter } from "./chapters/left-out.ts";
import { netboxChapter } from "./chapters/netbox.ts";
import { storageChapter } from "./chapters/storage.ts";
import { topologyChapter } from "./chapters/topology.ts";
import { type Figure, figuresHtml, type Html, markup, sizeOfMib } from "./page/markup.ts";
import { pageHtml } from "./page/page.ts";
import { readTopology } from "./topology.ts";

/** @throws AppError "input" if nothing in the folder is finished, or a file was changed. */
export async function renderReport(
  run: Run,
  against?: EarlierRun,
  history?: readonly HistoryRun[],
) {
  const source = requiredItems(run, "report");
  const inventory = await readRunInventory(run, source, "whole");
  const inspection = await inspect(run, source, inventory);
  const topology = run.snapshot && await readTopology(run.snapshot);
  const made = source.from === "netbox" ? run.entities?.manifest : undefined;
  const page = pageHtml(`${titleOf(inventory, run.place)} · ${TOOL.name}`, {
    head: mastheadHtml(inspection, inventory),
    chapters: [
      ...(against === undefined ? [] : [differencesChapter(against)]),
      ...(run.snapshot === undefined ? [] : [await capturedChapter(run.snapshot)]),
      topologyChapter(inventory, topology),
      guestsChapter(inventory, topology),
      addressesChapter(inventory),
      storageChapter(inventory),
      ...(made?.target === undefined ? [] : [netboxChapter(made.target, made, inventory)]),
      leftOutChapter(inventory),
      ...(history === undefined ? [] : [historyChapter(history)]),
    ],
    foot: footHtml(inspection),
  });
  return {
    page,
    /** `incomplete`: missing answers. */
    counts: {
      nodes: inventory.nodes.length,
      guests: inventory.guests.length,
      left_out: inventory.leftOut.length,
      incomplete: inspection.snapshot?.incomplete ?? 0,
    },
  };
}

function titleOf({ clusters }: RunInventory, place: string): string {
  return clusters.join(", ") || place;
}

const FROM = {
  netbox: "from the entity files in netbox/",
  transform: "transformed in memory with the settings that capture recorded",
} as const;

function footHtml({ folder, inventory, entities, journals }: Inspection): Html {
  const settings =
    entities?.snapshots.flatMap(({ name, settings: own }) =>
      Object.entries(own).map(([setting, text]) =>
        `${name === undefined ? "" : `${name}: `}${setting}=${text}`
      )
    ) ?? [];
  const steps = entities?.steps.filter(({ entities: count }) => count > 0)
    .map(({ step, entities: count }) => `${groupDigits(count)} ${step}`) ?? [];
  return markup`<p>Run folder <code>${folder}</code>; inventory ${
    inventory && FROM[inventory.from]
  }. Made by ${TOOL.name} ${TOOL.version}; self-contained; makes no network requests.</p>
${settings.length > 0 && markup`<p>Settings: ${settings.join(", ")}.</p>`}${
    steps.length > 0 && markup`<p>Entity files: ${steps.join(", ")}.</p>`
  }${
    journals.map(({ target, file, files, refused }) =>
      markup`<p>Pushed to ${target ?? file}: ${groupDigits(files)} files, ${
        groupDigits(refused)
      } rejected.</p>`
    )
  }`;
}

/** The head of the page: cluster, time, completeness and a few figures. */
function mastheadHtml(
  { folder, snapshot, remarks }: Inspection,
  inventory: RunInventory,
): Html {
  const source = snapshot &&
    markup`Captured <time datetime="${snapshot.captured_at}">${
      timeText(snapshot.captured_at)
    }</time> from <b>${snapshot.host}</b>${
      snapshot.version !== undefined && markup`, Proxmox VE ${snapshot.version}`
    }`;
  return markup`<p class="kicker">Proxmox VE → NetBox</p>
<h1>${titleOf(inventory, folder)}</h1>
<p class="source">${source ?? "Entity files without a snapshot"}</p>
${snapshot && verdictHtml(snapshot)}${
    remarks.map((remark) => markup`<p class="verdict partial">${remark}</p>`)
  }
${figuresHtml(figuresOf(inventory))}`;
}

function verdictHtml({ outcome, incomplete, answers }: NonNullable<Inspection["snapshot"]>): Html {
  return outcome === "complete"
    ? markup`<p class="verdict complete">Complete: all ${
      groupDigits(answers)
    } answers were read.</p>`
    : markup`<p class="verdict partial">Partial: ${counted(incomplete, "answer")} of ${
      groupDigits(answers)
    } ${incomplete === 1 ? "is" : "are"} missing. <a href="#captured">Show missing answers</a></p>`;
}

/** "2026-10-05T08:30:00Z" → "5 October 2026, 08:30 UTC" */
function timeText(iso: string): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "UTC",
  });
  return `${format.format(new Date(iso)).replace(" at ", ", ")} UTC`;
}

function figuresOf({ nodes, guests, addresses, disks }: RunInventory): Figure[] {
  const away = nodes.filter(({ status }) => status !== "active").length;
  const active = guests.filter(({ row }) => row.status === "active").length;
  const leftOut = guests.filter(({ row }) => row.left_out !== undefined).length;
  const memory = sumOf(guests, ({ row }) => row.memory_mib);
  const note = "assigned";
  return [
    { word: "Nodes", figure: nodes.length, note: away > 0 && `${groupDigits(away)} offline` },
    {
      word: "Guests",
      figure: guests.length,
      note: `${groupDigits(active)} active${
        leftOut === 0 ? "" : `, ${groupDigits(leftOut)} left out`
      }`,
    },
    { word: "vCPUs", figure: sumOf(guests, ({ row }) => row.vcpus), note },
    { word: "Memory", figure: sizeOfMib(memory), note },
    { word: "Disks", figure: sizeOfMib(sumOf(disks, ({ mib }) => mib)), note },
    { word: "Addresses", figure: addresses.length },
  ];
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number | undefined): number {
  return items.reduce((sum, item) => sum + (value(item) ?? 0), 0);
}
