/** The head of the page: whose run this is, whether it is whole, and its size in a few figures. */
import type { Inspection } from "../inspect/inspect.ts";
import type { Fleet } from "./model/fleet.ts";
import { type Html, markup } from "./page/markup.ts";
import { counted, grouped, sizeOfMib } from "./page/numbers.ts";

export function mastheadHtml(
  { folder, snapshot, inventory, remarks }: Inspection,
  fleet: Fleet,
): Html {
  const clusters = inventory?.clusters ?? [];
  const title = clusters.length === 0 ? folder : clusters.join(", ");
  const source = snapshot &&
    markup`Captured <time datetime="${snapshot.captured_at}">${
      timeText(snapshot.captured_at)
    }</time> from <b>${snapshot.host}</b>${
      snapshot.version !== undefined && markup`, Proxmox VE ${snapshot.version}`
    }`;
  return markup`<p class="kicker">Proxmox VE → NetBox</p>
<h1>${title}</h1>
<p class="source">${source ?? "Entity files without their snapshot"}</p>
${snapshot && verdictHtml(snapshot)}${
    remarks.map((remark) => markup`<p class="verdict partial">${remark}</p>`)
  }
<dl class="figures">${
    figuresOf(fleet).map(([word, figure, note]) =>
      markup`<div><dt>${word}</dt><dd>${figure}${
        note !== "" && markup` <small>${note}</small>`
      }</dd></div>`
    )
  }</dl>`;
}

function verdictHtml({ outcome, incomplete, answers }: NonNullable<Inspection["snapshot"]>): Html {
  return outcome === "complete"
    ? markup`<p class="verdict complete">Complete: all ${grouped(answers)} answers are here.</p>`
    : markup`<p class="verdict partial">Partial: ${counted(incomplete, "answer")} of ${
      grouped(answers)
    } ${incomplete === 1 ? "is" : "are"} missing. <a href="#captured">What is missing</a></p>`;
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

function figuresOf({ nodes, guests, addresses, disks }: Fleet): [string, string, string][] {
  const away = nodes.filter(({ status }) => status !== "active").length;
  const active = guests.filter(({ status }) => status === "active").length;
  const leftOut = guests.filter(({ left_out: reason }) => reason !== undefined).length;
  const vcpus = guests.reduce((sum, { vcpus: own = 0 }) => sum + own, 0);
  const memory = guests.reduce((sum, { memory_mib: own = 0 }) => sum + own, 0);
  const room = disks.reduce((sum, { mib }) => sum + mib, 0);
  return [
    ["Nodes", grouped(nodes.length), away === 0 ? "" : `${grouped(away)} offline`],
    [
      "Guests",
      grouped(guests.length),
      `${grouped(active)} active${leftOut === 0 ? "" : `, ${grouped(leftOut)} left out`}`,
    ],
    ["vCPUs", grouped(vcpus), "assigned"],
    ["Memory", sizeOfMib(memory), "assigned"],
    ["Disks", sizeOfMib(room), "assigned"],
    ["Addresses", grouped(addresses.length), ""],
  ];
}
