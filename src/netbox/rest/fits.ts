/** Is an object of NetBox the one that an entity or a stub means? In parts, for the table of places. */
import { isSameAddress } from "../../base/ip-address.ts";
import { autoSlug } from "../names.ts";
import type { NetBoxObject } from "./client.ts";
import type { Identities } from "./kinds.ts";
import { partOf, SITE_SCOPE, textOf } from "./part.ts";

/** `ownerId`: NetBox's id of what it belongs to, for kinds that belong to something. */
export type Fits<Identity> = (identity: Identity, object: NetBoxObject, ownerId: number) => boolean;

export interface Named {
  readonly name: string;
}

/** The site that an object is scoped to; null for none, and for a scope of another type. */
export function scopeSiteOf(object: NetBoxObject): string | null {
  return object["scope_type"] === SITE_SCOPE ? textOf(partOf(object, "scope", "name")) : null;
}

export function isNone(value: unknown): boolean {
  return value === null || value === undefined;
}

export function hasName({ name }: Named, object: NetBoxObject): boolean {
  return object["name"] === name;
}

function hasNameInAnyCase({ name }: Named, object: NetBoxObject): boolean {
  return String(object["name"]).toLowerCase() === name.toLowerCase();
}

/** What Diode looks for where it finds no object of the name. */
export function slugOf({ name, slug }: Named & { readonly slug?: string }): string {
  return slug ?? autoSlug(name);
}

export function hasSlug(named: Named & { readonly slug?: string }, object: NetBoxObject): boolean {
  return object["slug"] === slugOf(named);
}

export function isVlanOfSite({ vid, site }: Identities["vlan"], object: NetBoxObject): boolean {
  return String(object["vid"]) === vid &&
    textOf(partOf(object, "site", "name")) === (site?.name ?? null);
}

export function isPrefix({ prefix }: Identities["prefix"], object: NetBoxObject): boolean {
  return isSameAddress(String(object["prefix"]), prefix) && isNone(object["vrf"]);
}

export function isOfMachine(named: Named, object: NetBoxObject, id: number): boolean {
  return hasName(named, object) && partOf(object, "virtual_machine", "id") === id;
}

export function isOfCluster(machine: Named, object: NetBoxObject, id: number): boolean {
  return hasNameInAnyCase(machine, object) && partOf(object, "cluster", "id") === id;
}

export function isAtSite(device: Identities["device"], object: NetBoxObject): boolean {
  return hasNameInAnyCase(device, object) && partOf(object, "site", "name") === device.site.name;
}

export function isOfTenant(
  { tenant }: { readonly tenant?: Named },
  object: NetBoxObject,
): boolean {
  return textOf(partOf(object, "tenant", "name")) === (tenant?.name ?? null);
}
