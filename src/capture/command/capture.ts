/** capture: reads a live cluster into a snapshot; with --plan, only counts the requests. */
import { join } from "node:path";
import { usageError } from "../../base/errors.ts";
import { withoutDevice } from "../../base/file-name.ts";
import { printable, shellWord } from "../../base/log.ts";
import { TOOL } from "../../base/tool.ts";
import { CAUSES } from "../../proxmox/answers.ts";
import {
  ENDPOINT_NAMES,
  type EndpointName,
  type GuestKind,
  isAskedWith,
  SHOWN_PATHS,
} from "../../proxmox/endpoints.ts";
import { isUri, shownPlace } from "../../run-folder/store/store.ts";
import { interruptible } from "../../terminal/process.ts";
import { openProgress, type ProgressView } from "../../terminal/progress.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { counted, renderTable } from "../../terminal/tables.ts";
import { capture } from "../capture.ts";
import type { ClientRun } from "../client.ts";
import { lookAt, type Overview, refuseEmpty } from "../overview.ts";
import type { CaptureProgress } from "../progress.ts";
import {
  CAPTURE_SETTINGS,
  type CaptureOptions,
  isBootstrap,
  parseCaptureOptions,
} from "../settings.ts";
import type { CaptureSummary, GapGroup } from "../summary.ts";

/**
 * `startedAt`: of a run in a history, whose folder has this time as its name. Returns undefined if nothing was captured.
 */
export async function runCapture(
  session: Session,
  startedAt?: string,
): Promise<CaptureSummary | undefined> {
  const texts = await readSettings(session.context, CAPTURE_SETTINGS);
  if (isBootstrap(texts)) {
    session.log.info("BOOTSTRAP is set: static entities need no capture, so no API call is made");
    return undefined;
  }
  const options = parseCaptureOptions(texts);
  return await (session.isOn("plan") ? plan(session, options) : ask(session, options, startedAt));
}

async function plan(session: Session, options: CaptureOptions): Promise<undefined> {
  const rows = await interruptible(
    session.io,
    (signal) => planCapture(options, asking(session, signal)),
  );
  printPlan(session, rows);
}

async function ask(
  session: Session,
  options: CaptureOptions,
  startedAt: string | undefined,
): Promise<CaptureSummary> {
  const folder = session.option("out") ?? defaultFolder(options);
  if (isUri(folder)) {
    throw usageError(`Cannot capture into "${folder.split(":", 1)[0]}://…": not a folder`, {
      hint:
        "Name a folder on this machine with --out: an interrupted capture is resumed from there",
    });
  }
  const store = await session.openTarget(folder);
  const progress = openProgress({ log: session.log, terminal: session.terminal });
  const resumeCommand = resumeCommandOf(session, folder);
  const summary = await interruptible(session.io, (signal) =>
    capture(options, {
      ...asking(session, signal),
      store,
      isResumed: session.isOn("resume"),
      startedAt,
      resumeCommand,
      onProgress: (state) => progress.show(viewOf(state)),
    })).finally(progress.end);
  printCapture(session, summary, { target: folder, resumeCommand });
  if (summary.gaps.length > 0) session.exitWith("incomplete");
  return summary;
}

function resumeCommandOf(session: Session, folder: string): string {
  const command = `${TOOL.name} ${session.context.command}`;
  const history = session.option("history");
  if (history !== undefined) return `${command} --history ${shellWord(shownPlace(history))}`;
  // Of `run`: without it, what people keep in NetBox would be overwritten.
  const survey = session.isOn("survey") ? " --survey" : "";
  return `${command} --resume${survey} --out ${shellWord(folder)}`;
}

export function asking(session: Session, signal: AbortSignal) {
  return { signal, onWarning: (sentence: string) => session.log.warn(sentence) };
}

/** "snapshots/pve1.example.net", since the name of the cluster is not known yet. */
export function defaultFolder({ hosts: [{ name }] }: CaptureOptions): string {
  return join("snapshots", withoutDevice(name.replaceAll(":", "-").replace(/\.+$/, "")));
}

function viewOf({ nodes, guests, gaps }: CaptureProgress): ProgressView {
  return {
    parts: [{ name: "nodes", ...nodes }, { name: "guests", ...guests }],
    ...(gaps === 0 ? {} : { remark: `${gaps} not read` }),
  };
}

/** `target` is the run folder, as the user named it. */
function printCapture(
  session: Session,
  summary: CaptureSummary,
  { target, resumeCommand }: { readonly target: string; readonly resumeCommand: string },
): void {
  const { manifest: { source, outcome, counts }, guests, nodes, gaps } = summary;
  if (session.isJson) {
    const document = { folder: target, outcome, source, guests, nodes, counts, gaps };
    session.print(JSON.stringify(document, null, 2));
    return;
  }
  const folder = printable(target.replace(/\/+$/, ""));
  const sentence = `Captured ${counted(guests, "guest")} on ${counted(nodes, "node")}: ${
    counted(counts.answers, "answer")
  } in ${folder}, ${outcome}`;
  session.print(
    gaps.length === 0 ? sentence : `\n${sentence}\n\n${gapsText(gaps, folder, resumeCommand)}\n`,
  );
}

function gapsText(gaps: readonly GapGroup[], folder: string, resumeCommand: string): string {
  const rows = gaps.map(({ cause, count, example }) =>
    [cause, count, CAUSES[cause], `${example.path}: ${example.reason}`] as const
  );
  const steps = gaps.flatMap(({ cause, whatToDo }) =>
    whatToDo.map((step, i) => [i === 0 ? cause : "", step] as const)
  );
  return [
    "Not read",
    renderTable(["Cause", "Count", "Meaning", "Such as"], rows),
    "What to do",
    renderTable(["Cause", "Step"], [...steps, [
      "then",
      printable(resumeCommand),
    ]]),
    `${folder}/manifest.json lists each path`,
  ].join("\n\n");
}

export interface PlanRow {
  readonly endpoint: EndpointName;
  readonly calls: number;
  /** The exact number depends on the configs of the guests. */
  readonly isAtMost: boolean;
}

/** How many calls a capture would make. Asks the cluster-wide questions only. @throws AppError "remote". */
export async function planCapture(options: CaptureOptions, asking: ClientRun): Promise<PlanRow[]> {
  return await lookAt(options, asking, (overview) => {
    refuseEmpty(overview, options);
    return planOf(overview, options);
  });
}

/** If the cluster is as it is listed, and every call succeeds. */
function planOf(
  { inventory: { nodes }, vnets }: Overview,
  { hasLiveAddresses, extensions }: CaptureOptions,
): PlanRow[] {
  const asked = nodes.filter(({ isInScope }) => isInScope);
  const online = asked.filter(({ isOnline }) => isOnline);
  const guests = online.flatMap((node) => node.guests.filter(({ isTemplate }) => !isTemplate));
  const running = (kind: GuestKind): number =>
    guests.filter((guest) => guest.kind === kind && guest.status === "running").length;
  const calls: Partial<Record<EndpointName, number>> = {
    // A node that is listed as offline is asked once, since it may be online after all.
    nodeStatus: asked.length,
    network: online.length,
    config: guests.length,
    osinfo: running("qemu"),
    agentInterfaces: running("qemu"),
    agentHostName: running("qemu"),
    lxcInterfaces: hasLiveAddresses ? running("lxc") : 0,
    sdnSubnets: vnets.length,
  };
  return ENDPOINT_NAMES.filter((endpoint) => isAskedWith(endpoint, extensions)).map((endpoint) => ({
    endpoint,
    calls: calls[endpoint] ?? 1,
    isAtMost: AT_MOST.has(endpoint),
  }));
}

const AT_MOST: ReadonlySet<string> = new Set([
  "osinfo",
  "agentInterfaces",
  "agentHostName",
  "lxcInterfaces",
]);

function printPlan(session: Session, rows: readonly PlanRow[]): void {
  const asked = rows.filter(({ calls }) => calls > 0);
  const total = asked.reduce((sum, { calls }) => sum + calls, 0);
  if (session.isJson) {
    const calls = asked.map(({ endpoint, calls, isAtMost }) => ({
      endpoint,
      path: SHOWN_PATHS[endpoint],
      calls,
      at_most: isAtMost,
    }));
    session.data(JSON.stringify({ calls, total }, null, 2));
    return;
  }
  const cells = asked.map(({ endpoint, calls, isAtMost }) =>
    [SHOWN_PATHS[endpoint], calls, isAtMost ? "at most" : ""] as const
  );
  session.data(
    `\n${renderTable(["GET", "Calls", ""], [...cells, ["in all", total, "at most"]])}\n`,
  );
}
