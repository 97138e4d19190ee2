/** Reads the answers of a guest: its config with NICs and volumes, its addresses, and what it runs. */
import { compareNatural } from "../base/natural-order.ts";
import type { Found } from "../netbox/objects.ts";
import {
  agentResultOf,
  type Answer,
  NO_ANSWER,
  objectOf,
  type Reading,
  shapedAs,
  valueOf,
} from "../proxmox/answers.ts";
import { platformRef } from "../netbox/types/platform.ts";
import { cutName, MAX_LONG_NAME } from "../netbox/names.ts";
import { answerName, type GuestKind, PATHS } from "../proxmox/endpoints.ts";
import { isVolumeKey } from "../proxmox/hardware.ts";
import { idleReason } from "../proxmox/listing.ts";
import { isAgentEnabled, isNicKey, parseNet } from "../proxmox/nics.ts";
import type { Osinfo, ResourceRow } from "../proxmox/rows.ts";
import { cleanText, type DataRow, list, record, splitList, text } from "../proxmox/values.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import {
  agentAddresses,
  type AgentInterfaces,
  type ConfigNic,
  containerAddresses,
  type FoundAddresses,
} from "./addresses.ts";
import { withCloudInit } from "./cloud-init.ts";
import type { IdentifiedGuest } from "./cluster.ts";
import type { GuestInput, NodeContext } from "./context.ts";
import { decideMachine, type RuledMachine } from "./machine-rules.ts";
import { siteWithoutRules } from "./node-identity.ts";
import { vlanIdOfVnet } from "./sdn.ts";
import { guestPlatform } from "./mapping/platform.ts";

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
      : withCloudInit(agentAddresses(guest, nics, agent), agent, { guest, nics }),
    agentAt: agent && { osinfo: agent.osinfoAt, interfaces: agent.answer },
  };
}

/** How many parts of each kind the answers have; undefined: none at all. */
export function partCounts(
  { keys, addresses: { occurrences } }: GuestReading,
): Record<string, number> | undefined {
  const counts = {
    nics: keys.nics.length,
    disks: keys.volumes.length,
    addresses: occurrences.length,
  };
  return Object.values(counts).some((count) => count > 0) ? counts : undefined;
}

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

/**
 * Characters of all tags of a guest. They are at most 8192 tags, less than 0.5 MB of JSON with their slugs: `fit`, which
 * leaves out no tags, relies on that.
 */
const MAX_TAGS_TEXT = 16_384;

interface GuestTags {
  readonly from: "resources" | "config";
  /** As written, with NetBox's name of each; undefined: their text is too long. */
  readonly tags: readonly { readonly tag: string; readonly name: string }[] | undefined;
}

/** Its own tags. From the listing; releases before 7.2 have them in the config alone. */
export function guestTags(row: ResourceRow | undefined, config: DataRow | undefined): GuestTags {
  const listed = text(row?.tags);
  const written = listed ?? text(config?.["tags"]) ?? "";
  const tags = written.length > MAX_TAGS_TEXT
    ? undefined
    : splitTags(written).map((tag) => ({ tag, name: cutName(tag, MAX_LONG_NAME) }));
  return { from: listed === undefined ? "config" : "resources", tags };
}

/** Distinct, in natural order. */
export function splitTags(written: string): string[] {
  const names = splitList(written).map(cleanText).filter((name) => name !== "");
  return names.length < 2 ? names : [...new Set(names)].sort(compareNatural);
}

/** The host name that its guest agent says; undefined: it was not asked, or did not answer. */
function agentHostName(vmid: number, node: NodeContext): string | undefined {
  const path = PATHS.agentHostName({ node: node.entry.node, kind: "qemu", vmid });
  const answer = node.get(path);
  const named = answer && valueOf(shapedAs(agentResultOf(answer), record));
  return text(named?.["host-name"]);
}

/** undefined: there are no rules. `found`: what NetBox has of the guest. */
export function decideGuest(
  { row, config, kind, vmid, node, nics, addresses, answers }: GuestReading,
  { found }: { readonly found?: Found | undefined },
): RuledMachine | undefined {
  const { policy } = node.source;
  if (policy.rules.isEmpty) return undefined;
  const platform = guestPlatform(config, valueOf(answers.agent?.osinfo), policy);
  const facts = {
    kind,
    vmid,
    name: text(row.name) ?? "",
    pool: text(row.pool),
    tags: guestTags(row, config).tags?.map(({ tag }) => tag) ?? [],
    node: node.entry.node,
    site: siteWithoutRules({ found }, node),
    status: text(row.status),
    platform: typeof platform === "string" ? platformRef(platform).name : undefined,
    description: text(config?.["description"]),
    hostname: kind === "lxc" ? text(config?.["hostname"]) : agentHostName(vmid, node),
  };
  const parts = nics.map((nic) => {
    const { bridge, vlanId, model } = nic.net;
    const vnet = bridge === undefined ? undefined : node.cluster.sdn?.sdn.vnets.get(bridge);
    const vlan = vlanId ?? (vnet && vlanIdOfVnet(vnet));
    return {
      key: nic.key,
      facts: { bridge, vnet: vnet?.name, vlan, model },
      found: addresses.occurrences.filter((each) => each.nic === nic),
    };
  });
  return decideMachine(policy, facts, parts);
}
