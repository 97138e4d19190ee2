/** Reads the answers of a guest: its config with NICs and volumes, its addresses, and what it runs. */
import { compareNatural } from "../base/natural-order.ts";
import {
  agentResultOf,
  type Answer,
  NO_ANSWER,
  objectOf,
  type Reading,
  shapedAs,
  valueOf,
} from "../proxmox/answers.ts";
import { answerName, type GuestKind, PATHS } from "../proxmox/endpoints.ts";
import { isVolumeKey } from "../proxmox/hardware.ts";
import { idleReason } from "../proxmox/listing.ts";
import { isAgentEnabled, isNicKey, parseNet } from "../proxmox/nics.ts";
import type { Osinfo, ResourceRow } from "../proxmox/rows.ts";
import { type DataRow, list, record, text } from "../proxmox/values.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import {
  agentAddresses,
  type AgentInterfaces,
  type ConfigNic,
  containerAddresses,
  type FoundAddresses,
} from "./addresses.ts";
import type { IdentifiedGuest } from "./cluster.ts";
import type { GuestInput, NodeContext } from "./context.ts";

export interface GuestAnswers {
  readonly config: Reading<DataRow>;
  readonly configPath: string;
  /** Absent for a container. */
  readonly agent?: { readonly osinfo: Reading<Osinfo>; readonly osinfoPath: string };
}

export function readGuestAnswers({ id, row }: IdentifiedGuest, node: NodeContext): GuestAnswers {
  const address = { node: node.entry.node, kind: id.kind, vmid: id.vmid };
  const configPath = PATHS.config(address);
  const config = objectOf(node.get(configPath));
  if (id.kind === "lxc") return { config, configPath };
  const osinfoPath = PATHS.osinfo(address);
  const osinfo = shapedAs(agentResult(node.get(osinfoPath), row, config), record);
  return { config, configPath, agent: { osinfo, osinfoPath } };
}

/** What the answers have of a guest. Nothing is claimed, recorded or shared yet: a rule may leave the guest out. */
export interface GuestReading extends GuestInput {
  readonly row: ResourceRow;
  readonly answers: GuestAnswers;
  /** In natural order: NICs "net0", "net2", "net10"; volumes "efidisk0", "ide2", "scsi0", mapped or not. */
  readonly keys: { readonly nics: readonly string[]; readonly volumes: readonly string[] };
  /** Those that can be parsed. */
  readonly nics: readonly ConfigNic[];
  readonly addresses: FoundAddresses;
  /** Where the agent's answers are; undefined for a container. */
  readonly agentAt: { readonly osinfo: AnswerRef; readonly interfaces: AnswerRef } | undefined;
}

export function readGuestReading(listed: IdentifiedGuest, node: NodeContext): GuestReading {
  const { id: { vmid, kind }, what, row } = listed;
  const answers = readGuestAnswers(listed, node);
  const config = valueOf(answers.config);
  const guest: GuestInput = {
    node,
    vmid,
    kind,
    what,
    config,
    configAt: node.at(answers.configPath),
  };
  const keys = configKeys(config ?? {}, kind);
  const nics = keys.nics.flatMap((key) => {
    const net = parseNet(kind, text(config?.[key]) ?? "");
    return net === undefined ? [] : [{ key, net }];
  });
  const agent = answers.agent && readAgent(listed, answers.agent, { config: answers.config, node });
  return {
    ...guest,
    row,
    answers,
    keys,
    nics,
    addresses: agent === undefined
      ? containerAddresses(guest, nics, row)
      : agentAddresses(guest, nics, agent),
    agentAt: agent && { osinfo: agent.osinfoAt, interfaces: agent.answer },
  };
}

/** How many of each kind of part the answers have. */
export function partCounts({ keys, addresses }: GuestReading): Record<PartKind, number> {
  return {
    nics: keys.nics.length,
    disks: keys.volumes.length,
    addresses: addresses.occurrences.length,
  };
}

type PartKind = "nics" | "disks" | "addresses";

/** The result of an agent's call; one that capture did not make has the reason that it had. */
function agentResult(
  answer: Answer | undefined,
  row: ResourceRow,
  config: Reading<DataRow>,
): Reading<unknown> {
  const isUnasked = answer === undefined ||
    ("skipped" in answer && answer.skipped === "config-not-read");
  if (!isUnasked) return agentResultOf(answer);
  if ("reason" in config) return { reason: config.reason, detail: "the config was not read" };
  const reason = idleReason(row) ??
    (isAgentEnabled(config.value) ? undefined : "agent-off");
  return reason === undefined ? NO_ANSWER : { reason, detail: "" };
}

const OSINFO = answerName("osinfo");
const INTERFACES = answerName("agentInterfaces");

/** The interfaces that the agent lists, and where its answers are. */
function readAgent(
  { what, id, row }: IdentifiedGuest,
  { osinfo, osinfoPath }: NonNullable<GuestAnswers["agent"]>,
  { config, node }: { readonly config: Reading<DataRow>; readonly node: NodeContext },
): AgentInterfaces & { readonly osinfoAt: AnswerRef } {
  const path = PATHS.agentInterfaces({ node: node.entry.node, kind: id.kind, vmid: id.vmid });
  const interfaces = shapedAs(agentResult(node.get(path), row, config), list);
  const osinfoAt = node.at(osinfoPath);
  const answer = node.at(path);
  const unread = [
    { part: OSINFO, answer: osinfoAt, found: osinfo },
    { part: INTERFACES, answer, found: interfaces },
  ].flatMap(({ found, ...of }) => "reason" in found ? [{ ...of, ...found }] : []);
  const [first, second] = unread;
  const isOneReason = second !== undefined && first?.reason === second.reason;
  // Of an agent that is not running, only the call that was made has a detail.
  const asked = unread.findLast(({ detail }) => detail !== "") ?? second;
  const records = isOneReason && asked !== undefined ? [{ ...asked, part: "agent" }] : unread;
  return {
    osinfoAt,
    answer,
    rows: valueOf(interfaces),
    unread: records.map(({ part, answer, reason, detail }) => {
      return { subject: { what: `${what}/${part}`, answer }, reason, detail };
    }),
  };
}

function configKeys(config: DataRow, kind: GuestKind): GuestReading["keys"] {
  const nics: string[] = [];
  const volumes: string[] = [];
  for (const key in config) {
    if (isNicKey(key)) nics.push(key);
    else if (isVolumeKey(kind, key)) volumes.push(key);
  }
  return { nics: nics.sort(compareNatural), volumes: volumes.sort(compareNatural) };
}
