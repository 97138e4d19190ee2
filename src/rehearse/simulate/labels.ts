/** Random numbers → what people write on guests: names, tags, pools, descriptions. */
import { createRandom, type Random, type Weighted } from "../random.ts";
import type { Site } from "./site.ts";

const ROLES = [
  "web",
  "app",
  "db",
  "cache",
  "queue",
  "mail",
  "dns",
  "ldap",
  "git",
  "ci",
  "build",
  "proxy",
  "vpn",
  "k8s-worker",
  "k8s-master",
  "docker",
  "monitor",
  "log",
  "backup",
  "file",
  "print",
  "erp",
  "crm",
  "wiki",
  "mqtt",
  "gitlab-runner",
  "desktop",
  "fw",
  "rds",
  "sql",
] as const;
const STAGES = ["prod", "prod", "prod", "stage", "test", "dev", "lab"] as const;

/** Pairs whose slugs are the same once cleaned ("c++" and "c"), and two that are global tags. */
const TAGS = [
  "prod",
  "staging",
  "dev",
  "test",
  "web",
  "db",
  "cache",
  "queue",
  "mail",
  "dns",
  "ldap",
  "k8s",
  "docker",
  "backup",
  "no-backup",
  "monitoring",
  "logging",
  "ci",
  "gitlab",
  "windows",
  "linux",
  "gpu",
  "edge",
  "dmz",
  "pci-dss",
  "gdpr",
  "customer-a",
  "customer_a",
  "customer.a",
  "v1.2",
  "v12",
  "c++",
  "c",
  "node.js",
  "nodejs",
  "team+a",
  "team-a",
  "Prod",
  "community-script",
  "discovered",
  "proxmox-ve",
] as const;

const POOLS = [
  "production",
  "staging",
  "development",
  "customers/alpha",
  "customers/beta",
  "infra",
] as const;

const SHORT_DESCRIPTIONS = [
  "Zuständig: Jörg Müller, Raum 4.12 – bitte vor dem Neustart anrufen",
  "owner: platform team\ncost centre: 4711\nsla: gold",
  "Équipe réseau — relais de messagerie, ne pas éteindre",
  "東京リージョンの検証用サーバー\n担当: 佐藤",
  "# Ingress\n\nTerminates TLS for *.apps.example. See the runbook.",
  "Managed by Terraform. Do not edit by hand.",
  "Temporary, remove after the migration",
  "<div align='center'>\n  <h2 style='font-size: 24px; margin: 20px 0;'>Home Automation LXC</h2>\n  <p>Installed by a script &amp; left as it was 🚀</p>\n</div>",
] as const;

const HA_STATES: Weighted<string> = [
  [180, "started"],
  [8, "stopped"],
  [3, "error"],
  [2, "ignored"],
  [2, "request_stop"],
  [2, "migrate"],
  [1, "freeze"],
  [1, "fence"],
  [1, "disabled"],
];

/** What is written on a guest. undefined is what Proxmox leaves out. */
export interface Labels {
  /** undefined: not named by anyone, so that Proxmox shows "VM 100" or "CT100". */
  readonly name: string | undefined;
  /** As in the config: separated by ";" or, in old configs, "," and blanks. */
  readonly tags: string | undefined;
  readonly pool: string | undefined;
  readonly hastate: string | undefined;
  readonly description: string | undefined;
}

export function labelsOf(site: Site, guest: number): Labels {
  const random = createRandom(site.seed, `labels/${guest}`);
  return {
    name: nameOf(site, guest),
    tags: random.chance(0.65) ? tagsOf(random) : undefined,
    pool: random.chance(0.15) ? random.pick(POOLS) : undefined,
    hastate: random.chance(0.2) ? random.weighted(HA_STATES) : undefined,
    description: random.chance(0.3) ? descriptionOf(random) : undefined,
  };
}

function nameOf(site: Site, guest: number): string | undefined {
  if (site.isRare("nameless", guest)) return undefined;
  if (guest > 0 && site.isRare("duplicate-name", guest)) return ownName(site, guest - 1, true);
  return ownName(site, guest, false);
}

/** The number makes it the only one of its name; a copy may be spelled otherwise, which NetBox ignores. */
function ownName(site: Site, guest: number, isCopy: boolean): string {
  const random = createRandom(site.seed, `name/${guest}`);
  const name = `${random.pick(ROLES)}-${random.pick(STAGES)}-${String(guest).padStart(5, "0")}`;
  const isQualified = random.chance(0.1);
  if (isCopy && random.chance(0.3)) return name.toUpperCase();
  if (site.isRare("long-name", guest)) {
    return `${name}.a-department-with-a-rather-long-name.customers.datacentre-frankfurt-2.sim.example`;
  }
  return isQualified ? `${name}.corp.example` : name;
}

function tagsOf(random: Random): string {
  const tags = Array.from({ length: random.between(1, 4) }, () => random.pick(TAGS));
  const separator = random.weighted([[97, ";"], [1, ","], [1, ", "], [1, " "]]);
  return [...new Set(tags)].join(separator);
}

function descriptionOf(random: Random): string {
  if (!random.chance(0.03)) return random.pick(SHORT_DESCRIPTIONS);
  const steps = Array.from(
    { length: random.between(20, 90) },
    (_, step) =>
      `${step + 1}. Prüfen, ob Dienst ${random.hex(4)} läuft – sonst siehe Abschnitt ${
        random.between(1, 40)
      }`,
  );
  return ["# Betriebshandbuch", "", ...steps].join("\n");
}
