/** What the guest agent said, and one record for what it did not. */
import { PATHS } from "../../snapshot/paths.ts";
import type { Answer } from "../../snapshot/schema.ts";
import type { Osinfo, ResourceRow } from "../../snapshot/rows.ts";
import { list, record } from "../../snapshot/scalar.ts";
import { isAgentEnabled } from "../../snapshot/worth-asking.ts";
import { agentResultOf, narrow } from "./answer.ts";
import type { Config } from "./guest-config.ts";
import type { GuestScene } from "./scene.ts";
import type { Found } from "./sources.ts";

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
}

/** QEMU only. */
export function readAgent(guest: AgentGuest, scene: GuestScene): AgentAnswers {
  const address = { node: scene.node, kind: "qemu", vmid: guest.vmid } as const;
  const osinfoPath = PATHS.osinfo(address);
  const interfacesPath = PATHS.agentInterfaces(address);
  const osinfo = narrow(judge(guest, scene.answers?.get(osinfoPath)), record);
  const interfaces = narrow(judge(guest, scene.answers?.get(interfacesPath)), list);
  const leave = (part: string, path: string, found: Found<unknown>): void => {
    if (!("reason" in found)) return;
    const subject = { what: `${guest.what}/agent${part}`, answer: scene.at(path) };
    scene.ledger.leave(subject, found.reason, { detail: found.detail });
  };
  const isOneReason = "reason" in osinfo && "reason" in interfaces &&
    osinfo.reason === interfaces.reason;
  // An agent that is not running is asked once; that answer is the one that tells.
  const isAskedOnce = isOneReason && interfaces.detail === "" && osinfo.detail !== "";
  if (isAskedOnce) leave("", osinfoPath, osinfo);
  else if (isOneReason) leave("", interfacesPath, interfaces);
  else {
    leave("/get-osinfo", osinfoPath, osinfo);
    leave("/network-get-interfaces", interfacesPath, interfaces);
  }
  return {
    osinfo: "value" in osinfo ? osinfo.value : undefined,
    interfaces: "value" in interfaces ? interfaces.value : undefined,
  };
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
