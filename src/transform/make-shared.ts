/**
 * Makes the entities of what guests, nodes and clusters share, when everything that has it is known; and
 * custom fields, the cluster type and the clusters.
 */
import { compareNatural } from "../base/natural-order.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import { CLUSTER_TYPE_NAME } from "../netbox/types/cluster-type.ts";
import { NETBOX_CUSTOM_FIELD } from "../netbox/types/custom-field.ts";
import { BY_NAME, partOf } from "../netbox/types/object-type.ts";
import { ENTITY_TYPES, entitySortKey } from "../netbox/types/order.ts";
import { NETBOX_PREFIX } from "../netbox/types/prefix.ts";
import type { StepName } from "../netbox/types/steps.ts";
import { GLOBAL_TAGS, tagRef } from "../netbox/types/tag.ts";
import type { VLANRef } from "../netbox/types/vlan.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import { tagsOfHosts } from "./cluster.ts";
import type { Ledger } from "./ledger.ts";
import { type Made, make, type MakeOptions } from "./made.ts";
import { CUSTOM_FIELDS, type CustomFieldSource } from "./mapping/custom-field.ts";
import {
  placeOfPrefix,
  placeOfVlan,
  type SharedObject,
  type SharedObjects,
  type SharedVlan,
} from "./shared-objects.ts";
import type { Slugs } from "./slugs.ts";
import type { ClusterSource } from "./sources.ts";
import { findPrefix } from "./target/network.ts";
import { nameOf, type NetBoxTarget } from "./target/target.ts";

/** Source: the mapping document, "Tag Colors"; NetBox takes six lower-case hex digits. */
const TAG_COLORS: Readonly<Record<(typeof GLOBAL_TAGS)[number], string>> = {
  "proxmox-ve": "e57000",
  "discovered": "198754",
};
const HOST_TAG_COLOR = "fd7e14";

/** What shared objects are written by. */
interface Names {
  readonly slugs: Slugs;
  readonly target: NetBoxTarget;
}

export function makeShared(
  clusters: readonly ClusterSource[],
  { shared, target }: { readonly shared: SharedObjects; readonly target: NetBoxTarget },
  { slugs, ledger }: { readonly slugs: Slugs; readonly ledger: Ledger },
): Made[] {
  const names = { slugs, target };
  const noteName = (what: string, detail: string): void => {
    const [cluster] = clusters;
    if (cluster !== undefined) ledger.note({ ...cluster.subject, what }, "keeps-name", detail);
  };
  const all = optionsOf(clusters, names);
  const accepted = (made: Made, what: string, [cluster] = clusters): Made[] => {
    const refusal = target.refusal(ENTITY_TYPES[made.step], made.found);
    if (refusal === undefined || cluster === undefined) return [made];
    ledger.leave({ ...cluster.subject, what }, refusal.reason, { detail: refusal.detail });
    return [];
  };
  return [
    ...makeTags(clusters, shared, { ...names, ledger, noteName }),
    ...CUSTOM_FIELDS.flatMap((field) => makeCustomField(field, all, { target, ledger, clusters })),
    ...accepted(
      make("cluster-type", {
        tags: tagsOf(clusters),
        found: slugs.found("cluster-type", CLUSTER_TYPE_NAME),
      }, all),
      `cluster-type/${CLUSTER_TYPE_NAME}`,
    ),
    ...clusters.flatMap((cluster) =>
      accepted(make("cluster", cluster, optionsOf([cluster], names)), cluster.subject.what, [
        cluster,
      ])
    ),
    ...sorted(
      "platform",
      shared.platforms.inOrder().flatMap((object) => {
        const { name } = object.value;
        const source = { ...namingOf("platform", name, slugs), ...holdersOf(object) };
        if (source.found !== undefined && nameOf(source.found.object) !== name) {
          noteName(`platform/${name}`, `${name} → ${nameOf(source.found.object)}`);
        }
        return accepted(
          make("platform", source, optionsOf(object.clusters, names)),
          `platform/${name}`,
        );
      }),
    ),
    ...makeNamed(shared, names),
    ...sorted(
      "vlan",
      makeVlans(shared, names).flatMap(({ made, vid }) => accepted(made, `vlan/${vid}`)),
    ),
    ...sorted("prefix", makePrefixes(shared, names, ledger)),
  ];
}

/** VRFs, VLAN groups and L2VPNs. */
function makeNamed({ vrfs, vlanGroups, l2vpns }: SharedObjects, names: Names): Made[] {
  const { slugs } = names;
  return [
    ...sorted(
      "vrf",
      vrfs.inOrder().map((vrf) =>
        make("vrf", { ...vrf.value, ...holdersOf(vrf) }, optionsOf(vrf.clusters, names))
      ),
    ),
    ...sorted(
      "vlan-group",
      vlanGroups.inOrder().map((group) => {
        const slug = slugs.of("vlan-group", group.value.name);
        const source = { ...group.value, slug, ...holdersOf(group) };
        return make("vlan-group", source, optionsOf(group.clusters, names));
      }),
    ),
    ...sorted(
      "l2vpn",
      l2vpns.inOrder().map((l2vpn) => {
        const slug = slugs.of("l2vpn", l2vpn.value.name);
        const source = { ...l2vpn.value, slug, ...holdersOf(l2vpn) };
        return make("l2vpn", source, optionsOf(l2vpn.clusters, names));
      }),
    ),
  ];
}

function namingOf(kind: "platform" | "tag", name: string, slugs: Slugs) {
  return { name, slug: slugs.of(kind, name), found: slugs.found(kind, name) };
}

/** Names of NetBox may be in another order than those of Proxmox VE. */
function sorted(step: StepName, made: readonly Made[]): Made[] {
  const keyOf = ({ entity }: Made): string => (entitySortKey(step, entity) ?? []).join(" ");
  return made.toSorted((a, b) => compareNatural(keyOf(a), keyOf(b)));
}

/** Left out where NetBox has a custom field of this name and of another type. */
function makeCustomField(
  field: CustomFieldSource,
  options: MakeOptions,
  { target, ledger, clusters: [cluster] }: {
    readonly target: NetBoxTarget;
    readonly ledger: Ledger;
    readonly clusters: readonly ClusterSource[];
  },
): Made[] {
  const [object] = target.objects.having(NETBOX_CUSTOM_FIELD, BY_NAME, field.name);
  if (object === undefined) return [make("custom-field", field, options)];
  const found = target.found(NETBOX_CUSTOM_FIELD, object);
  const type = partOf(object, "type", "value");
  if (type === field.type) return [make("custom-field", { ...field, found }, options)];
  if (cluster !== undefined) {
    const subject = { ...cluster.subject, what: `custom-field/${field.name}` };
    const place = target.placeOf(NETBOX_CUSTOM_FIELD, object);
    ledger.leave(subject, "other-kind", { detail: `${type} instead of ${field.type}, ${place}` });
  }
  return [];
}

/** VLANs of several sites may be one VLAN of NetBox. */
function makeVlans(
  shared: SharedObjects,
  names: Names,
): { readonly made: Made; readonly vid: number }[] {
  const objects = shared.vlans.inOrder().filter(({ value: { known } }) =>
    known === undefined || "object" in known
  );
  const keyOf = ({ value }: SharedObject<SharedVlan>): unknown =>
    value.known !== undefined && "object" in value.known ? value.known.object : placeOfVlan(value);
  return [...Map.groupBy(objects, keyOf).values()].map((same) => {
    const [first] = same as [SharedObject<SharedVlan>];
    const clusters = [...new Set(same.flatMap((object) => object.clusters))];
    const origins = same.flatMap((object) => object.origins);
    const { vid, site, group, known, name } = first.value;
    const found = known !== undefined && "object" in known ? known : undefined;
    const source = { vid, site, group, name, found, ...holdersOf({ clusters, origins }) };
    return { made: make("vlan", source, optionsOf(clusters, names)), vid };
  });
}

/** The static entities of the mapping document's bootstrap mode. */
export function makeBootstrap(capturedAt: string): Made[] {
  return [
    ...GLOBAL_TAGS.toSorted(compareNatural).map((name) => {
      const source = { name, slug: undefined, color: TAG_COLORS[name], origins: [] };
      return make("tag", source, { capturedAt });
    }),
    ...CUSTOM_FIELDS.map((field) => make("custom-field", field, { capturedAt })),
    make("cluster-type", { tags: GLOBAL_TAGS.map(tagRef) }, { capturedAt }),
  ];
}

function makeTags(
  clusters: readonly ClusterSource[],
  shared: SharedObjects,
  names: Names & {
    readonly ledger: Ledger;
    readonly noteName: (what: string, detail: string) => void;
  },
): Made[] {
  const { slugs, target, ledger, noteName } = names;
  const made = new Map<string, Made>();
  const ofGuests = new Map(shared.tags.inOrder().map((object) => [object.value.name, object]));
  // A guest's tag that has the name of one of the others is one entity with it.
  const add = (name: string, holders: readonly ClusterSource[], color?: string): void => {
    if (made.has(name)) return;
    const { clusters: more = [], origins = [] } = ofGuests.get(name) ?? {};
    const source = { ...namingOf("tag", name, slugs), color, origins };
    const options = optionsOf([...holders, ...more], names);
    made.set(name, make("tag", source, options));
    const { found } = source;
    if (found !== undefined && nameOf(found.object) !== name) {
      noteName(`tag/${name}`, `${name} → ${nameOf(found.object)}`);
    }
    const limit = target.limitOf(found === undefined ? name : nameOf(found.object));
    const [holder = clusters[0]] = [...holders, ...more];
    if (limit === undefined || holder === undefined) return;
    const subject = { ...holder.subject, what: `tag/${name}` };
    ledger.leave(subject, limit.reason, { detail: limit.detail });
  };
  for (const name of GLOBAL_TAGS) add(name, clusters, TAG_COLORS[name]);
  for (const { hostTag } of clusters) {
    add(hostTag, clusters.filter((cluster) => cluster.hostTag === hostTag), HOST_TAG_COLOR);
  }
  for (const name of ofGuests.keys()) add(name, []);
  return sorted("tag", [...made.values()]);
}

function makePrefixes(shared: SharedObjects, names: Names, ledger: Ledger): Made[] {
  return networksOf(shared).flatMap(({ network, vrf, bySite, isUnscoped }) => {
    const groups = isUnscoped ? [bySite] : bySite.map((object) => [object]);
    const prefixes = groups.map((group) => {
      const [{ value: { site, answer, role } }] = group as [typeof bySite[0]];
      const scope = isUnscoped ? undefined : site;
      const found = findPrefix(names.target, network, {
        site: scope,
        addresses: shared.inVrf.get(network) ?? [],
        ownVrfs: shared.ownVrfs,
        vrf,
      });
      const refusal = found === undefined || "object" in found
        ? names.target.refusal(NETBOX_PREFIX, found)
        : undefined;
      return { group, scope, answer, role, known: refusal ?? found };
    });
    // NetBox may have one prefix for several sites.
    const keyOf = ({ known, scope }: (typeof prefixes)[0]): unknown =>
      known !== undefined && "object" in known ? known.object : scope;
    return [...Map.groupBy(prefixes, keyOf).values()].flatMap((same) => {
      const [{ scope, answer, role, known }] = same as [(typeof prefixes)[0]];
      if (known !== undefined && !("object" in known)) {
        const subject = { what: `prefix/${network}`, answer };
        ledger.leave(subject, known.reason, { detail: known.detail });
        return [];
      }
      const all = same.flatMap(({ group }) => group);
      const clusters = [...new Set(all.flatMap((object) => object.clusters))];
      const origins = all.flatMap((object) => object.origins);
      const holders = holdersOf({ clusters, origins });
      const vlan = onlyVlan(all.map(({ value }) => value.vlan));
      const source = { network, site: scope, vrf, vlan, role, found: known, ...holders };
      return [make("prefix", source, optionsOf(clusters, names))];
    });
  });
}

/** A prefix has one VLAN: that of several sites has none, if each site has its own. */
function onlyVlan(vlans: readonly (VLANRef | undefined)[]): VLANRef | undefined {
  const all = vlans.filter((vlan) => vlan !== undefined);
  const isOne = new Set(all.map((vlan) => JSON.stringify(vlan))).size === 1;
  return isOne ? all[0] : undefined;
}

/** Networks of several sites: one prefix, without a scope. `answer` is one that has it. */
export function unscopedPrefixes(
  shared: SharedObjects,
): { readonly network: string; readonly sites: readonly string[]; readonly answer: AnswerRef }[] {
  return networksOf(shared).flatMap(({ network, bySite, isUnscoped }) => {
    const [first] = bySite;
    if (first === undefined || !isUnscoped) return [];
    return [{ network, sites: bySite.map(({ value }) => value.site), answer: first.value.answer }];
  });
}

/** In natural order of networks, then sites. */
function networksOf(shared: SharedObjects) {
  const networks = Map.groupBy(shared.prefixes.inOrder(), ({ value }) => placeOfPrefix(value));
  return [...networks.values()].map((bySite) => {
    const [{ value: { network, vrf } }] = bySite as [(typeof bySite)[0]];
    const clusters = bySite.flatMap((object) => object.clusters);
    const perSite = clusters.some(({ policy }) => policy.prefixScope === "site");
    return { network, vrf, bySite, isUnscoped: bySite.length > 1 && !perSite };
  });
}

function holdersOf({ clusters, origins }: Omit<SharedObject<unknown>, "value">) {
  return { tags: tagsOf(clusters), origins };
}

/** The global tags and those of all hosts, sorted. */
function tagsOf(clusters: readonly ClusterSource[]): TagRef[] {
  return tagsOfHosts(clusters.map(({ hostTag }) => hostTag).sort(compareNatural));
}

/** An object has the newest time at which any of its clusters was captured. */
function optionsOf(clusters: readonly ClusterSource[], names: Names): MakeOptions {
  const times = clusters.map(({ capturedAt }) => capturedAt);
  const capturedAt = times.reduce((newest, time) => (time > newest ? time : newest), "");
  return { capturedAt, ...names };
}
