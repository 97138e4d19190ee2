/** ipam.VRF: the routing tables that rules name, and those of EVPN zones. */
import type { VRF } from "../../netbox/types/vrf.ts";
import type { TaggedSource } from "../sources.ts";
import {
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  SHARED_TAGS,
  skip,
  type Table,
  USERS,
} from "./table.ts";

export interface VrfSource extends TaggedSource {
  readonly name: string;
}

const vrf = rowBuilder<VrfSource>();

export const VRF_TABLE: Table<VrfSource, VRF> = {
  name: owned.key(
    vrf.from(
      ["rule.vrf", "setting.NETWORK_DEPTH", "sdnZones.zone", "sdnZones.type"],
      "as the rule has it; NETWORK_DEPTH=full: the name of an EVPN zone, with that of the cluster if another cluster has the name",
      (v) => v.name,
    ),
  ),
  tags: owned.union(vrf.from(["stub.tags"], SHARED_TAGS, (v) => v.tags)),
  ...skip("it would become part of the VRF's identity in Diode", "rd", "tenant"),
  ...skip(USERS, "enforce_unique", "description", "comments", "import_targets", "export_targets"),
  ...skip(USERS, "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
