/** What the guest agent said, and one record for what it did not. */
import { agentResultOf, type Answer, narrow } from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { isAgentEnabled } from "../proxmox/nics.ts";
import type { Osinfo, ResourceRow } from "../proxmox/rows.ts";
import { list, record } from "../proxmox/values.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import type { GuestScene } from "./context.ts";
import type { Config } from "./guest-config.ts";
import type { Found, Origin } from "./sources.ts";

export interface AgentGuest {
  readonly what: string;
  readonly vmid: number;
  readonly row: ResourceRow;
  readonly config: Found<Config>;
}

export interface AgentAnswers {
  readonly osinfo: Osinfo | undefined;
  /** Rows, not yet checked; undefined: not read. */
  readonly interfaces: readonly unknown[] | undefined;
  readonly places: Required<Origin<"osinfo" | "agentInterfaces">["places"]>;
}

/** QEMU only. */
export function readAgent(guest: AgentGuest, scene: GuestScene): AgentAnswers {
  const address = { node: scene.node, kind: "qemu", vmid: guest.vmid } as const;
  const places = {
    osinfo: scene.at(PATHS.osinfo(address)),
    agentInterfaces: scene.at(PATHS.agentInterfaces(address)),
  };
  const osinfo = readOsinfo(guest, scene);
  const interfaces = narrow(judge(guest, scene.answers?.get(places.agentInterfaces.path)), list);
  const leave = (part: string, answer: AnswerRef, found: Found<unknown>): void => {
    if (!("reason" in found)) return;
    const subject = { what: `${guest.what}/agent${part}`, answer };
    scene.ledger.leave(subject, found.reason, { detail: found.detail });
  };
  const isOneReason = "reason" in osinfo && "reason" in interfaces &&
    osinfo.reason === interfaces.reason;
  // An agent that is not running is asked once; that answer is the one that tells.
  const isAskedOnce = isOneReason && interfaces.detail === "" && osinfo.detail !== "";
  if (isAskedOnce) leave("", places.osinfo, osinfo);
  else if (isOneReason) leave("", places.agentInterfaces, interfaces);
  else {
    leave("/get-osinfo", places.osinfo, osinfo);
    leave("/network-get-interfaces", places.agentInterfaces, interfaces);
  }
  return {
    osinfo: "value" in osinfo ? osinfo.value : undefined,
    interfaces: "value" in interfaces ? interfaces.value : undefined,
    places,
  };
}

/** What the agent says that a QEMU guest runs. */
export function readOsinfo(guest: AgentGuest, scene: GuestScene): Found<Osinfo> {
  const path = PATHS.osinfo({ node: scene.node, kind: "qemu", vmid: guest.vmid });
  return narrow(judge(guest, scene.answers?.get(path)), record);
}

/** An answer, or why there is none; what capture did not ask has the reason that it had. */
function judge(guest: AgentGuest, answer: Answer | undefined): Found<unknown> {
  const isUnasked = answer === undefined ||
    ("skipped" in answer && answer.skipped === "config-not-read");
  if (!isUnasked) return agentResultOf(answer);
  if ("reason" in guest.config) {
    return { reason: guest.config.reason, detail: "the config was not read" };
  }
  if (guest.row.status !== "running") return { reason: "guest-stopped", detail: "" };
  if (!isAgentEnabled(guest.config.value)) return { reason: "agent-off", detail: "" };
  return { reason: "failed", detail: "the snapshot holds no answer" };
}
