/** capture: a live cluster → a snapshot; or, with --plan, how much that would ask. */
import { capture } from "../../capture/capture.ts";
import { type CaptureOptions, isBootstrap, parseCaptureOptions } from "../../capture/options.ts";
import { planCapture } from "../../capture/plan.ts";
import type { CaptureProgress } from "../../capture/progress.ts";
import { CAPTURE_SETTINGS } from "../../capture/settings.ts";
import { usageError } from "../../kernel/errors.ts";
import { printCapture, printPlan } from "./capture-summary.ts";
import { interruptible } from "../interrupt.ts";
import { openProgress, type ProgressView } from "../text/progress.ts";
import type { Session } from "../session.ts";
import { readSettings } from "../settings.ts";

export async function runCapture(session: Session): Promise<void> {
  const texts = await readSettings(session.context, CAPTURE_SETTINGS);
  if (isBootstrap(texts)) {
    session.log.info("BOOTSTRAP is set: static entities need no capture, so nothing is asked");
    return;
  }
  const options = parseCaptureOptions(texts);
  await (session.isOn("plan") ? plan(session, options) : ask(session, options));
}

async function plan(session: Session, options: CaptureOptions): Promise<void> {
  const rows = await interruptible((signal) => planCapture(options, asking(session, signal)));
  printPlan(session, rows);
}

async function ask(session: Session, options: CaptureOptions): Promise<void> {
  const folder = session.option("out") ?? defaultFolder(options);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(folder)) {
    throw usageError(`Cannot capture into "${folder.split(":", 1)[0]}://…": it is no folder`, {
      hint:
        "Capture into a folder on this machine: a capture that is interrupted goes on from there",
    });
  }
  const store = await session.openTarget(folder);
  const progress = openProgress({ log: session.log, terminal: session.terminal });
  const summary = await interruptible((signal) =>
    capture(options, {
      ...asking(session, signal),
      store,
      isResumed: session.isOn("resume"),
      onProgress: (state) => progress.show(viewOf(state)),
    })
  ).finally(progress.end);
  printCapture(session, summary, folder);
  if (summary.gaps.length > 0) session.exitWith("incomplete");
}

export function asking(session: Session, signal: AbortSignal) {
  return { signal, onWarning: (sentence: string) => session.log.warn(sentence) };
}

/** "snapshots/pve1.example.net"; the name of the cluster is not known yet. */
export function defaultFolder({ hosts: [{ name }] }: CaptureOptions): string {
  return `snapshots/${name.replaceAll(":", "-")}`;
}

function viewOf({ nodes, guests, gaps }: CaptureProgress): ProgressView {
  return {
    parts: [{ name: "nodes", ...nodes }, { name: "guests", ...guests }],
    ...(gaps === 0 ? {} : { remark: `${gaps} not read` }),
  };
}
