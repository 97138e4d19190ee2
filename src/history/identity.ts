/** Settings that name objects in NetBox: when they change, NetBox keeps the old objects and gets new ones beside them. */
import { type AppError, usageError } from "../base/errors.ts";
import { ENTITY_TYPES, labelOf } from "../netbox/types/order.ts";
import type { StepName } from "../netbox/types/steps.ts";
import { parseHosts } from "../proxmox/host.ts";
import type { TransformedSet } from "../run-folder/entity-set.ts";
import { compareSets, type EntityAt } from "../run-folder/set-difference.ts";
import { recordedRules } from "../run-folder/recorded-rules.ts";
import { groupDigits } from "../terminal/tables.ts";

export interface IdentityChange {
  /** "rules": those that set what identifies objects. */
  readonly setting: string;
  /** Of NODE_SITE_MAP: the node whose site has changed. */
  readonly node?: string;
  /** undefined: it was not set. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Setting → text, as `snapshots[].policy` in netbox/manifest.json has it. */
type PolicyTexts = Readonly<Record<string, string>>;

const NAMES = ["CLUSTER_NAME", "SITE_NAME", "TENANT_NAME"] as const;

/** `nodes`: those of the base. A new node may get a site of its own: nothing is duplicated. */
export function identityChanges(
  base: PolicyTexts,
  now: PolicyTexts,
  nodes: readonly string[],
): IdentityChange[] {
  const changes: IdentityChange[] = [
    ...NAMES.map((setting) => ({ setting, from: base[setting], to: now[setting] })),
    { setting: "PROXMOX_HOST", from: hostOf(base), to: hostOf(now) },
  ];
  const [sitesOfBase, sitesNow] = [base, now].map(sitesOf);
  const isOneSite = base["SITE_NAME"] !== now["SITE_NAME"];
  for (const node of nodes) {
    const [own, ownNow] = [sitesOfBase?.get(node), sitesNow?.get(node)];
    // A change of SITE_NAME is listed already.
    if (own === undefined && ownNow === undefined && isOneSite) continue;
    const [from, to] = [own ?? base["SITE_NAME"], ownNow ?? now["SITE_NAME"]];
    changes.push({ setting: "NODE_SITE_MAP", node, from, to });
  }
  changes.push({ setting: RULES, from: identityRules(base), to: identityRules(now) });
  return changes.filter(({ from, to }) => from !== to);
}

const RULES = "rules";
/** Values by which Diode finds a machine, an address or a VLAN. */
const IDENTIFYING = ["tenant", "site", "vrf", "vlan_group"];

/** What the rules say of them, wherever the rules are in the policy file. */
function identityRules({ rules: text }: PolicyTexts): string | undefined {
  const { rules = [] } = recordedRules(text ?? "") ?? {};
  const identifying = rules.flatMap(({ match, set = {} }) => {
    const own = Object.entries(set).filter(([name]) => IDENTIFYING.includes(name));
    return own.length === 0 ? [] : [{ match, set: own }];
  });
  return identifying.length === 0 ? undefined : JSON.stringify(identifying);
}

/** Rules may name what nothing has: only what they double counts. */
export function areOnlyRules(changes: readonly IdentityChange[]): boolean {
  return changes.every(({ setting }) => setting === RULES);
}

/** Of several hosts the first one, without its port: as `transform` reads it. */
function hostOf({ PROXMOX_HOST: text }: PolicyTexts): string | undefined {
  return text === undefined ? undefined : parseHosts(text)?.[0].name ?? text;
}

/** "pve1:London, pve2:Amsterdam": node → site. */
function sitesOf({ NODE_SITE_MAP: text = "" }: PolicyTexts): ReadonlyMap<string, string> {
  return new Map(
    text.split(",").flatMap((pair): [string, string][] => {
      const colon = pair.indexOf(":");
      return colon === -1 ? [] : [[pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()]];
    }),
  );
}

export interface Duplicated {
  readonly step: StepName;
  readonly count: number;
  /** Some of them, as people call them. */
  readonly names: readonly string[];
}

const MAX_NAMES = 3;

/**
 * What NetBox would have twice: entities of the base that the new set has under the same name, and with another
 * natural key. @throws AppError "input" when a file of a set was changed.
 */
export async function duplicatedAfter(
  base: TransformedSet,
  later: TransformedSet,
  changes: readonly IdentityChange[],
): Promise<Duplicated[]> {
  const duplicated: Duplicated[] = [];
  for await (const { step, missing, added } of compareSets({ set: base }, { set: later })) {
    const left = Map.groupBy(added, nameOf);
    const take = (name: string): boolean => left.get(name)?.pop() !== undefined;
    const names = missing.filter((old) => namesAfter(nameOf(old), changes).some(take)).map(nameOf);
    // A name that Proxmox VE gave the cluster is in no setting.
    const isRenamedCluster = step === "cluster" && missing.length === 1 && added.length === 1;
    const found = isRenamedCluster ? missing.map(nameOf) : names;
    if (found.length > 0) {
      duplicated.push({ step, count: found.length, names: found.slice(0, MAX_NAMES) });
    }
  }
  return duplicated;
}

/** Without the VRF: an address that moves into one is doubled too. */
function nameOf({ step, entity }: EntityAt): string {
  return labelOf(step, { ...entity, vrf: undefined } as EntityAt["entity"]);
}

/** The same name first: "10 at Amsterdam" → also "10 at London". */
function namesAfter(name: string, changes: readonly IdentityChange[]): string[] {
  const others = changes.map(({ setting, from, to }) =>
    from === undefined || to === undefined || setting === RULES
      ? name
      : name.replace(from, () => to)
  );
  return [...new Set([name, ...others])];
}

/** `base`: name of the run. */
export function identityError(
  base: string,
  changes: readonly IdentityChange[],
  duplicated: readonly Duplicated[],
): AppError {
  const what = duplicated.map(({ step, count, names }) => {
    const more = count > names.length ? ` and ${groupDigits(count - names.length)} more` : "";
    return `${ENTITY_TYPES[step].plural} ${names.join(", ")}${more}`;
  });
  const twice = what.length === 0
    ? "no entity of that run would be duplicated"
    : `NetBox would have these twice: ${what.join("; ")}`;
  return usageError(
    `Stopped before the push: since the run ${base}, ${
      changes.map(changeText).join("; ")
    }; ${twice}`,
    {
      hint:
        `Set ${changes.length > 1 ? "them" : "it"} back${
          changes.some(({ setting }) => setting === RULES) ? ", or use a target (run --survey)" : ""
        }, or change the objects in NetBox first and continue with ` +
        "--accept-identity-change, which sends everything",
    },
  );
}

function changeText({ setting, node, from, to }: IdentityChange): string {
  if (setting === RULES) return "rules that set tenants, sites, VRFs or VLAN groups have changed";
  const quoted = (text: string | undefined): string =>
    text === undefined ? "not set" : JSON.stringify(text);
  const what = node === undefined ? setting : `${setting} of ${node}`;
  return `${what} was ${quoted(from)} and is ${quoted(to)}`;
}
