/** A node and its guests → the answers in the file of the node. */
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer, SkipReason } from "../../proxmox/answers.ts";
import { createRandom, type Random } from "../random.ts";
import { agentAnswers } from "./agent-answers.ts";
import { lxcConfig, qemuConfig } from "./guest-config.ts";
import { addressOf, type SimulatedGuest } from "./guest.ts";
import { networkRows } from "./node-network.ts";
import type { Site, SiteNode } from "./site.ts";

/** The answer of the proxy for a node that it cannot reach. */
const NO_ROUTE: Answer = { status: 595, error: "No route to host" };
/** Capture sends no further requests to an unreachable node. */
const UNREACHABLE: Answer = { skipped: "unreachable" };

export function nodeAnswers(
  site: Site,
  of: { node: SiteNode; guests: readonly SimulatedGuest[] },
): Map<string, Answer> {
  const { node, guests } = of;
  const answers = new Map<string, Answer>([
    [PATHS.nodeStatus(node.name), node.online ? answered(nodeStatusAnswer(site, node)) : NO_ROUTE],
    [PATHS.network(node.name), node.online ? answered(networkRows(site, node)) : UNREACHABLE],
  ]);
  for (const guest of guests) {
    answers.set(PATHS.config(addressOf(guest)), configAnswer(site, guest));
    if (guest.kind !== "qemu") continue;
    for (const [path, answer] of agentQuestions(site, guest)) answers.set(path, answer);
  }
  return answers;
}

export function answered(data: unknown): Answer {
  return { status: 200, data };
}

function configAnswer(site: Site, guest: SimulatedGuest): Answer {
  const { node, kind, vmid } = addressOf(guest);
  if (guest.isTemplate && guest.status !== "unknown") return { skipped: "template" };
  switch (guest.config) {
    case "read":
      return answered(kind === "qemu" ? qemuConfig(site, guest) : lxcConfig(site, guest));
    case "unreachable":
      return UNREACHABLE;
    case "denied":
      return { status: 403, error: `Permission check failed (/vms/${vmid}, VM.Audit)` };
    case "moved": {
      const folder = kind === "qemu" ? "qemu-server" : "lxc";
      return {
        status: 500,
        error: `Configuration file 'nodes/${node}/${folder}/${vmid}.conf' does not exist`,
      };
    }
    case "slow":
      return { status: 596, error: "Connection timed out" };
    case "timeout":
      return { failed: "timeout" };
  }
}

function agentQuestions(site: Site, guest: SimulatedGuest): [path: string, answer: Answer][] {
  const skipped = skipReason(guest);
  if (skipped === undefined) return agentAnswers(site, guest);
  const address = addressOf(guest);
  return [[PATHS.osinfo(address), { skipped }], [PATHS.agentInterfaces(address), { skipped }]];
}

/** Capture asks only running guests with an enabled agent: a dead agent blocks a worker for 3 s. */
function skipReason(guest: SimulatedGuest): SkipReason | undefined {
  if (guest.status === "unknown") return "unreachable";
  if (guest.isTemplate) return "template";
  if (guest.status !== "running") return "guest-stopped";
  if (guest.config === "unreachable") return "unreachable";
  if (guest.config !== "read") return "config-not-read";
  return guest.agent === "off" ? "agent-off" : undefined;
}

const GIB = 2 ** 30;
const ROOT_DISK = 100_861_726_720;

/** CPU flags of /proc/cpuinfo: most of the bytes of an answer. */
const COMMON_FLAGS =
  "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr " +
  "sse sse2 ht syscall nx pdpe1gb rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid " +
  "aperfmperf pni pclmulqdq monitor ssse3 fma cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt " +
  "aes xsave avx f16c rdrand lahf_lm abm ";
const FLAGS = {
  intel:
    "dts acpi ss tm pbe art arch_perfmon pebs bts xtopology tsc_known_freq dtes64 ds_cpl vmx " +
    "smx est tm2 sdbg cpuid_fault invpcid_single intel_ppin xtpr pdcm dca tsc_deadline_timer " +
    "3dnowprefetch epb cat_l3 ssbd mba ibrs ibpb stibp ibrs_enhanced tpr_shadow flexpriority " +
    "ept vpid ept_ad fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid cqm rdt_a avx512f " +
    "avx512dq rdseed adx smap avx512ifma clflushopt clwb intel_pt avx512cd sha_ni avx512bw " +
    "avx512vl xsaveopt xsavec xgetbv1 xsaves cqm_llc cqm_occup_llc cqm_mbm_total " +
    "cqm_mbm_local split_lock_detect wbnoinvd dtherm ida hfi hwp_notify avx512_bf16 fsrs fzrm " +
    "amx_bf16 avx512_fp16 cldemote movdiri movdir64b enqcmd bus_lock_detect arch_lbr tsxldtrk " +
    "amx_tile amx_int8 serialize ibt arat pln pts hwp hwp_act_window hwp_epp hwp_pkg_req vnmi " +
    "avx512vbmi umip pku ospke avx512_vbmi2 gfni vaes vpclmulqdq avx512_vnni avx512_bitalg " +
    "tme avx512_vpopcntdq la57 rdpid fsrm md_clear pconfig flush_l1d arch_capabilities",
  amd: "mmxext fxsr_opt extd_apicid cmp_legacy svm extapic cr8_legacy sse4a misalignsse " +
    "3dnowprefetch osvw ibs skinit wdt tce topoext perfctr_core perfctr_nb bpext perfctr_llc " +
    "mwaitx cpb cat_l3 cdp_l3 hw_pstate ssbd mba ibrs ibpb stibp vmmcall fsgsbase bmi1 avx2 " +
    "smep bmi2 erms invpcid cqm rdt_a rdseed adx smap clflushopt clwb sha_ni xsaveopt xsavec " +
    "xgetbv1 xsaves cqm_llc cqm_occup_llc cqm_mbm_total cqm_mbm_local user_shstk clzero " +
    "irperf xsaveerptr rdpru wbnoinvd amd_ppin brs arat npt lbrv svm_lock nrip_save tsc_scale " +
    "vmcb_clean flushbyasid decodeassists pausefilter pfthreshold v_vmsave_vmload vgif umip " +
    "pku ospke vaes vpclmulqdq rdpid overflow_recov succor smca fsrm debug_swap avic x2avic " +
    "flush_l1d v_spec_ctrl vnmi avx512_bf16 invpcid_single sev sev_es ibpb_brtype amd_lbr_v2",
} as const;

/** Source: PVE/API2/Nodes.pm, status; sizes in bytes. */
export function nodeStatusAnswer(site: Site, node: SiteNode): Record<string, unknown> {
  const random = createRandom(site.seed, `status/${node.number}`);
  const { hardware, release } = node;
  const build = release.kernel.replace("-pve", "");
  const version = `#1 SMP PREEMPT_DYNAMIC PMX ${build} ${release.built}`;
  return {
    "boot-info": random.chance(0.7)
      ? { mode: "efi", secureboot: random.below(2) }
      : { mode: "legacy-bios" },
    cpu: random.fraction(),
    cpuinfo: {
      cores: hardware.cores,
      cpus: hardware.threads,
      flags: COMMON_FLAGS + FLAGS[hardware.vendor],
      hvm: "1",
      mhz: `${random.between(800, 3600)}.${random.between(100, 999)}`,
      model: hardware.model,
      sockets: hardware.sockets,
      user_hz: 100,
    },
    "current-kernel": { machine: "x86_64", release: release.kernel, sysname: "Linux", version },
    idle: 0,
    ksm: { shared: random.below(4 * GIB) },
    kversion: `Linux ${release.kernel} ${version}`,
    loadavg: Array.from({ length: 3 }, () => `${random.below(40)}.${random.between(10, 99)}`),
    memory: memoryOf(node, random),
    pveversion: `pve-manager/${release.version}/${release.repoid}`,
    rootfs: rootfsOf(random),
    swap: { free: 8 * GIB, total: 8 * GIB, used: 0 },
    uptime: random.between(3600, 20_000_000),
    wait: random.chance(0.5) ? 0 : random.fraction() / 16,
  };
}

/** An offline node has only its name. Source: PVE/API2/Nodes.pm, index. */
export function nodeRow(site: Site, node: SiteNode): Record<string, unknown> {
  const random = createRandom(site.seed, `node/${node.number}`);
  const row = {
    id: `node/${node.name}`,
    level: random.pick(["", "c", "b", "s"]),
    node: node.name,
    ssl_fingerprint: (random.hex(64).toUpperCase().match(/../g) ?? []).join(":"),
    status: node.online ? "online" : "offline",
    type: "node",
  };
  if (!node.online) return row;
  const maxmem = totalMemory(node);
  return {
    ...row,
    cpu: random.fraction(),
    disk: random.between(5, 60) * GIB,
    maxcpu: node.hardware.threads,
    maxdisk: ROOT_DISK,
    maxmem,
    mem: Math.floor(maxmem * random.fraction()),
    uptime: random.between(3600, 20_000_000),
  };
}

/** Since PVE 8.4, used and free do not add up to the total; `available` came with 9.0. */
function memoryOf(node: SiteNode, random: Random): Record<string, unknown> {
  const total = totalMemory(node);
  const used = Math.floor(total * random.fraction());
  const free = Math.floor((total - used) * random.fraction());
  return { total, used, free, available: node.release.major >= 9 ? total - used : undefined };
}

function rootfsOf(random: Random): Record<string, unknown> {
  const used = random.between(5, 60) * GIB;
  const free = ROOT_DISK - used;
  return { total: ROOT_DISK, used, free, avail: free - 5 * GIB };
}

/** Kernel and firmware reserve a share, so totals are not round. */
function totalMemory(node: SiteNode): number {
  return node.hardware.memoryGib * GIB - 1_611_661_312 - node.number * 4096;
}
