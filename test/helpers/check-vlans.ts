/**
 * With NETWORK_DEPTH=full: each VLAN that the answers write on an interface is an entity, or a record of that
 * interface names its key. It shares no code with src/transform.
 */
import type { Outcome } from "./in-memory.ts";
import type { Site } from "./snapshot-builder.ts";

type Raw = Readonly<Record<string, unknown>>;

interface Mention {
  /** "node/pve1/vmbr0", "vm/101/net0". */
  readonly what: string;
  readonly key: string;
  readonly vids: readonly number[];
}

/** One sentence for each VLAN that is lost. */
export function vlanErrors(site: Site, outcome: Outcome): string[] {
  const vlans = new Set(outcome.of("vlan").map(({ vid }) => Number(vid)));
  const records = new Set(outcome.leftOut.map(({ what }) => what));
  return mentionsIn(site, outcome).flatMap(({ what, key, vids }) => {
    const isRecorded = [what, `${what}/${key}`, `${what}/bridge_vlan_aware`].some((each) =>
      records.has(each)
    );
    // All VLANs are a mode, and no list.
    const isAll = new Set(vids.filter((vid) => vid > 1)).size >= 4092;
    const lost = vids.filter((vid) => !vlans.has(vid) && !records.has(`${what}/tagged/${vid}`));
    return isRecorded || isAll || lost.length === 0
      ? []
      : [`${what}/${key}: no entity and no record of VLAN ${lost.join(", ")}`];
  });
}

function mentionsIn(site: Site, outcome: Outcome): Mention[] {
  const devices = new Set(outcome.of("device").map(({ name }) => name));
  const guests = new Set(
    outcome.of("virtual-machine").map(({ custom_fields: fields }) => {
      const vmid = fields["proxmox_vmid"];
      return vmid !== undefined && "text" in vmid ? vmid.text : "";
    }),
  );
  return Object.entries(site.nodes).flatMap(([node, answers]) =>
    Object.entries(answers).flatMap(([path, answer]) => {
      const data: unknown = "data" in answer ? answer.data : undefined;
      if (path === `/nodes/${node}/network` && Array.isArray(data) && devices.has(node)) {
        return data.flatMap((row: Raw) => portMentions(`node/${node}`, row));
      }
      const vmid = /\/(?:qemu|lxc)\/(\d+)\/config(?:\?current=1)?$/.exec(path)?.[1];
      if (vmid === undefined || !guests.has(vmid)) return [];
      return Object.entries(data ?? {}).flatMap(([key, value]) =>
        /^net\d+$/.test(key) ? nicMentions(`vm/${vmid}/${key}`, value) : []
      );
    })
  );
}

function portMentions(node: string, row: Raw): Mention[] {
  const what = `${node}/${String(row["iface"]).trim()}`;
  const isOvs = /^OVS(?:Port|IntPort|Bond)$/.test(String(row["type"]));
  const options = String(row["ovs_options"] ?? "");
  return [
    ...(String(row["type"]).startsWith("OVS")
      ? []
      : [mention(what, "bridge_vids", row["bridge_vids"])]),
    ...(isOvs ? [mention(what, "ovs_tag", row["ovs_tag"])] : []),
    ...(isOvs ? [mention(what, "ovs_options", /(?:^|\s)trunks=(\S+)/.exec(options)?.[1])] : []),
  ];
}

function nicMentions(what: string, value: unknown): Mention[] {
  return ["tag", "trunks"].map((key) =>
    mention(what, key, new RegExp(`(?:^|,)${key}=([^,]*)`).exec(String(value))?.[1])
  );
}

/** "2;5-7" → 2, 5, 6, 7. */
function mention(what: string, key: string, written: unknown): Mention {
  const vids = [...String(written ?? "").matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(
    ([, first, last = first]) => {
      const [from, to] = [Number(first), Number(last)];
      return Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i);
    },
  );
  return { what, key, vids };
}
