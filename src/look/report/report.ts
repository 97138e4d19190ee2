/** A run folder, and maybe an earlier one → a page about it. */
import { inputError } from "../../kernel/errors.ts";
import { TOOL } from "../../kernel/tool.ts";
import { inspect, type Inspection } from "../inspect/inspect.ts";
import { itemSource } from "../inspect/items.ts";
import type { Run } from "../inspect/run.ts";
import { addressesChapter } from "./chapters/addresses.ts";
import { capturedChapter } from "./chapters/captured.ts";
import { type Against, differencesChapter } from "./chapters/differences.ts";
import { guestsChapter } from "./chapters/guests.ts";
import { leftOutChapter } from "./chapters/left-out.ts";
import { storageChapter } from "./chapters/storage.ts";
import { topologyChapter } from "./chapters/topology.ts";
import { mastheadHtml } from "./masthead.ts";
import { readFleet } from "./model/fleet.ts";
import { readTopology } from "./model/topology.ts";
import { type Html, markup } from "./page/markup.ts";
import { grouped } from "./page/numbers.ts";
import { pageHtml } from "./page/page.ts";

export interface Report {
  readonly page: string;
  readonly nodes: number;
  readonly guests: number;
  readonly leftOut: number;
  /** Answers that are missing. */
  readonly incomplete: number;
}

/** @throws AppError "input" when nothing in the folder is finished, or a file was changed. */
export async function report(run: Run, against?: Against): Promise<Report> {
  const source = itemSource(run);
  if (source === undefined) {
    throw inputError(`Found nothing in ${run.place} that is finished and could be told of`, {
      hint: "Without options, inspect tells what there is",
    });
  }
  const inspection = await inspect(run, source);
  const fleet = await readFleet(source, run.snapshot);
  const topology = run.snapshot && await readTopology(run.snapshot);
  const chapters = [
    ...(against === undefined ? [] : [differencesChapter(against)]),
    ...(run.snapshot === undefined ? [] : [await capturedChapter(run.snapshot)]),
    topologyChapter(fleet, topology),
    guestsChapter(fleet, topology),
    addressesChapter(fleet),
    storageChapter(fleet),
    leftOutChapter(fleet),
  ];
  const title = inspection.inventory?.clusters.join(", ") || run.place;
  const page = await pageHtml({
    title: `${title} · ${TOOL.name}`,
    head: mastheadHtml(inspection, fleet),
    chapters,
    foot: footHtml(inspection),
  });
  return {
    page,
    nodes: fleet.nodes.length,
    guests: fleet.guests.length,
    leftOut: fleet.leftOut.length,
    incomplete: inspection.snapshot?.incomplete ?? 0,
  };
}

const FROM = {
  netbox: "told by the entity files in netbox/",
  transform: "as transform would make it now, with the settings that capture recorded",
} as const;

function footHtml({ folder, inventory, entities, journals }: Inspection): Html {
  const steps = entities?.steps.filter(({ entities: count }) => count > 0) ?? [];
  return markup`<p>Run folder <code>${folder}</code>; inventory ${
    inventory && FROM[inventory.from]
  }. Made by ${TOOL.name} ${TOOL.version}; this file asks nobody for anything.</p>
${settingsHtml(entities)}${
    steps.length > 0 && markup`<p>Entity files: ${
      steps.map(({ step, entities: count }) => `${grouped(count)} ${step}`).join(", ")
    }.</p>`
  }${
    journals.map(({ target, file, files, refused }) =>
      markup`<p>Pushed to ${target ?? file}: ${grouped(files)} files, ${
        grouped(refused)
      } refused.</p>`
    )
  }`;
}

/** Those in force that are not the defaults. */
function settingsHtml(entities: Inspection["entities"]): Html | undefined {
  const texts =
    entities?.snapshots.flatMap(({ name, settings }) =>
      Object.entries(settings).map(([setting, text]) =>
        `${name === undefined ? "" : `${name}: `}${setting}=${text}`
      )
    ) ?? [];
  return texts.length === 0 ? undefined : markup`<p>Settings: ${texts.join(", ")}.</p>`;
}
