/**
 * A cluster, its Diode and its NetBox over many runs of one history, with a clock that is set for each run:
 *
 *   const site = await TwoDays.begin({ history, nodes: ["pve1"], guests });
 *   site.change(101, { memory: 4096 });
 *   const { code, sent, changed } = await site.run("2026-11-23T02-15-00Z");
 *   await site.end();
 */
import { vi } from "vitest";
import { entityLabel } from "../../src/netbox/types/order.ts";
import { serve, type Served } from "../../src/rehearse/serve/serve.ts";
import { REHEARSAL_NETBOX_TOKEN } from "../../src/rehearse/settings.ts";
import { capturedAtOf } from "../../src/run-folder/history.ts";
import { readRunRecord } from "../../src/run-folder/run-record.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import type { Change, ModelNetBox } from "./applied.ts";
import { liveLab } from "./capturing.ts";
import { agentRow, type LabGuest } from "./lab.ts";
import { startDiodeAndNetBox } from "./lossy-diode.ts";
import { changesIn, objectsIn } from "./netbox-changes.ts";
import { openRelay, type Relay } from "./relay.ts";
import { type Finished, startCli, type Started } from "./run-cli.ts";

export interface Guest {
  readonly vmid: number;
  readonly kind?: "lxc";
  readonly name: string;
  readonly node: string;
  readonly tags: string;
  /** MiB. */
  readonly memory: number;
  /** GiB. */
  readonly disk: number;
  /** "10.0.10.11/24": the third number is the VLAN. */
  readonly address: string;
  readonly isStopped?: boolean;
  readonly isAgentSilent?: boolean;
}

/** What one run did. */
export interface Outcome extends Finished {
  /** Entities that Diode was sent, each once: 'virtual_machine "web-01"'. */
  readonly sent: readonly string[];
  /** What is different in NetBox: "virtual-machine web-01: memory", "new tag prod", "no tag prod". */
  readonly changed: readonly string[];
  /** What Diode has changed. */
  readonly applied: readonly Change[];
  /** Of the run, whether or not they were sent. */
  readonly entities: number | undefined;
  readonly requests: Readonly<Record<"proxmox" | "diode" | "netbox", number>>;
}

export interface RunWay {
  readonly env?: Readonly<Record<string, string>>;
  /** Starts the program; default: in this process. */
  readonly start?: (
    args: readonly string[],
    options: { readonly env: Readonly<Record<string, string>> },
  ) => Started;
  /** While the program works. */
  readonly meanwhile?: (program: Started) => Promise<void>;
}

/** By the clock of the runs, which does not move but for this. */
const ANSWER_MS = 400;

type Both = Awaited<ReturnType<typeof startDiodeAndNetBox>>;

interface Parts {
  readonly history: string;
  readonly nodes: readonly string[];
  readonly guests: readonly Guest[];
  /** Settings of all runs. */
  readonly env: Readonly<Record<string, string>>;
  readonly model: ModelNetBox;
}

export class TwoDays {
  readonly both: Both;
  /** Closed: connections are refused. */
  readonly proxmox: Relay;
  readonly diode: Relay;
  /** Nodes that are off. */
  offline: readonly string[] = [];
  /** Called with each request before Diode acknowledges it. */
  onSent: (() => Promise<void> | void) | undefined;
  /** Called with each answer of Proxmox VE. */
  onAnswer: (() => void) | undefined;
  readonly #parts: Parts;
  readonly #guests: Map<number, Guest>;
  #served: Served | undefined;
  /** The cluster is no longer as it is served. */
  #isChanged = true;
  #answers = 0;

  static async begin(parts: Parts): Promise<TwoDays> {
    let site: TwoDays | undefined;
    const both = await startDiodeAndNetBox({
      model: parts.model,
      onRequest: () => site?.onSent?.(),
    });
    const [proxmox, diode] = await Promise.all([openRelay(0), openRelay(both.receiver.port)]);
    site = new TwoDays(parts, both, { proxmox, diode });
    return site;
  }

  private constructor(
    parts: Parts,
    both: Both,
    { proxmox, diode }: Pick<TwoDays, "proxmox" | "diode">,
  ) {
    this.#parts = parts;
    this.#guests = new Map(parts.guests.map((guest) => [guest.vmid, guest]));
    this.both = both;
    this.proxmox = proxmox;
    this.diode = diode;
  }

  async end(): Promise<void> {
    vi.useRealTimers();
    await Promise.all([this.proxmox.close(), this.diode.close()]);
    await Promise.all([this.both.close(), this.#served?.close()]);
  }

  create(...guests: readonly Guest[]): void {
    for (const guest of guests) this.#guests.set(guest.vmid, guest);
    this.#isChanged = true;
  }

  change(vmid: number, change: Partial<Guest>): void {
    const guest = this.#guests.get(vmid);
    if (guest === undefined) throw new Error(`No guest ${vmid}`);
    this.create({ ...guest, ...change });
  }

  remove(vmid: number): void {
    this.#guests.delete(vmid);
    this.#isChanged = true;
  }

  /** `name`: of the run. */
  async run(
    name: string,
    { env = {}, start = startCli, meanwhile }: RunWay = {},
  ): Promise<Outcome> {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date(capturedAtOf(name)) });
    const served = await this.#serve();
    served.disturb({ offline: this.offline });
    const { receiver, netbox, model } = this.both;
    const before = objectsIn(model);
    const changes = model.changes.length;
    const requests = (): Outcome["requests"] => ({
      proxmox: this.#answers,
      diode: receiver.requests.length + receiver.countTokens(),
      netbox: netbox.asked,
    });
    const asked = requests();
    const received = receiver.requests.length;
    const entitiesBefore = receiver.requests.reduce((sum, { entities }) => sum + entities, 0);
    const program = start(["run", "--history", this.#parts.history, "--tidy"], {
      env: { ...this.#settings(served), ...this.#parts.env, ...env },
    });
    await meanwhile?.(program);
    const finished = await program.ended;
    // While NetBox is away, nothing settles.
    if (!this.both.isAway) await this.both.settled();
    const isAnySent = receiver.requests.length > received;
    const sent = isAnySent ? receiver.entities().slice(entitiesBefore) : [];
    const now = requests();
    const record = await readRunRecord(await openStore(this.#parts.history), name);
    return {
      ...finished,
      sent: [...new Set(sent.map(entityLabel))],
      changed: changesIn(before, objectsIn(model)),
      applied: model.changes.slice(changes),
      entities: record?.entities?.total,
      requests: {
        proxmox: now.proxmox - asked.proxmox,
        diode: now.diode - asked.diode,
        netbox: now.netbox - asked.netbox,
      },
    };
  }

  async #serve(): Promise<Served> {
    if (this.#served !== undefined && !this.#isChanged) return this.#served;
    await this.#served?.close();
    this.#isChanged = false;
    const nodes = Object.fromEntries(this.#parts.nodes.map((node, i) => [node, nodeFacts(i + 1)]));
    const guests = [...this.#guests.values()].map(guestFacts);
    this.#served = await serve(liveLab({ nodes, guests }), {
      onRequest: () => {
        this.#answers += 1;
        vi.setSystemTime(Date.now() + ANSWER_MS);
        this.onAnswer?.();
      },
    });
    this.proxmox.to = this.#served.port;
    return this.#served;
  }

  #settings({ token, fingerprint, host }: Served): Record<string, string> {
    const { receiver, netbox } = this.both;
    return {
      DIODE_TARGET: receiver.target.replace(`:${receiver.port}/`, `:${this.diode.port}/`),
      DIODE_CLIENT_ID: receiver.client.id,
      DIODE_CLIENT_SECRET: receiver.client.secret,
      NETBOX_URL: netbox.url,
      NETBOX_TOKEN: REHEARSAL_NETBOX_TOKEN,
      PROXMOX_HOST: host,
      PROXMOX_PORT: String(this.proxmox.port),
      PROXMOX_USER: token.user,
      PROXMOX_TOKEN_NAME: token.name,
      PROXMOX_TOKEN_VALUE: token.value,
      PROXMOX_FINGERPRINT: fingerprint,
    };
  }
}

function nodeFacts(number: number) {
  const address = `10.1.0.${number}`;
  const port = { iface: "vmbr0", type: "bridge", active: 1, method: "static", address };
  return {
    status: { pveversion: "pve-manager/9.1.4/1" },
    network: [{ ...port, cidr: `${address}/24` }],
  };
}

const SILENT = { status: 500, error: "QEMU guest agent is not running" };

function guestFacts(guest: Guest): LabGuest {
  const { vmid, kind = "qemu", name, node, tags, memory, disk, address } = guest;
  const { isStopped = false, isAgentSilent = false } = guest;
  const mac = `BC:24:11:00:0${String(vmid).slice(0, 1)}:${String(vmid).slice(1)}`;
  const vlan = address.split(".")[2];
  const row = {
    name,
    tags,
    status: isStopped ? "stopped" : "running",
    maxmem: memory * 2 ** 20,
  };
  const size = `size=${disk}G`;
  if (kind === "lxc") {
    const net0 = `name=eth0,bridge=vmbr0,hwaddr=${mac},tag=${vlan},ip=${address}`;
    const config = { memory: String(memory), ostype: "debian", net0, rootfs: `local:1,${size}` };
    return { vmid, kind, node, row, config };
  }
  return {
    vmid,
    kind,
    node,
    row,
    config: {
      agent: "1",
      ostype: "l26",
      memory: String(memory),
      net0: `virtio=${mac},bridge=vmbr0,tag=${vlan}`,
      scsi0: `local:vm-${vmid}-disk-0,${size}`,
    },
    ...!isStopped && {
      osinfo: isAgentSilent ? SILENT : { name: "Debian GNU/Linux", "version-id": "13" },
      interfaces: isAgentSilent ? SILENT : [agentRow(mac.toLowerCase(), [address])],
    },
  };
}
