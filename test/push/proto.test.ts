import { describe, expect, test } from "vitest";
import { IngesterService } from "../../src/netbox/diode/ingester.ts";
import {
  type FieldFacts,
  fieldsOf,
  parseRequest,
  requestFromBinary,
  requestToBinary,
  requestToJson,
} from "../helpers/proto.ts";

/**
 * The published fields of Diode: "number name type", then "[]" for a list, "?" for explicit presence,
 * "@oneof" for a member of a oneof. CF and Struct abbreviate the two long types.
 */
const PUBLISHED: Readonly<Record<string, string>> = {
  IngestRequest: `1 stream string, 2 entities Entity[], 3 id string, 4 producer_app_name string,
    5 producer_app_version string, 6 sdk_name string, 7 sdk_version string, 8 metadata Struct`,
  IngestResponse: "1 errors string[]",
  CustomFieldValue: `1 multiple_selection string[],
    2 multiple_objects CustomFieldObjectReference[], 3 text string @value,
    4 long_text string @value, 5 integer int64 @value, 6 decimal double @value,
    7 boolean bool @value, 8 date Timestamp @value, 9 datetime Timestamp @value,
    10 url string @value, 11 json string @value, 12 selection string @value,
    13 object CustomFieldObjectReference @value`,
  VirtualMachine: `1 name string, 2 status string?, 3 site Site?, 4 cluster Cluster?,
    5 device Device?, 6 serial string?, 7 role DeviceRole?, 8 tenant Tenant?,
    9 platform Platform?, 10 primary_ip4 IPAddress?, 11 primary_ip6 IPAddress?, 12 vcpus double?,
    13 memory int64?, 14 disk int64?, 15 description string?, 16 comments string?, 17 tags Tag[],
    18 custom_fields CF, 19 metadata Struct, 20 start_on_boot string?, 21 owner Owner?,
    22 virtual_machine_type VirtualMachineType?`,
  VMInterface: `1 virtual_machine VirtualMachine, 2 name string, 3 enabled bool?,
    4 parent VMInterface?, 5 bridge VMInterface?, 6 mtu int64?,
    7 primary_mac_address MACAddress?, 8 description string?, 9 mode string?,
    10 untagged_vlan VLAN?, 11 qinq_svlan VLAN?,
    12 vlan_translation_policy VLANTranslationPolicy?, 13 vrf VRF?, 14 tags Tag[],
    15 custom_fields CF, 16 tagged_vlans VLAN[], 17 metadata Struct, 18 owner Owner?,
    19 mac_address string?`,
  VirtualDisk: `1 virtual_machine VirtualMachine, 2 name string, 3 description string?,
    4 size int64, 5 tags Tag[], 6 custom_fields CF, 7 metadata Struct, 8 owner Owner?`,
  Cluster: `1 name string, 2 type ClusterType, 3 group ClusterGroup?, 4 status string?,
    5 tenant Tenant?, 6 scope_location Location @scope, 7 scope_region Region @scope,
    8 scope_site Site @scope, 9 scope_site_group SiteGroup @scope, 10 description string?,
    11 comments string?, 12 tags Tag[], 13 custom_fields CF, 14 metadata Struct, 15 owner Owner?`,
  Device: `1 name string?, 2 device_type DeviceType, 3 role DeviceRole, 4 tenant Tenant?,
    5 platform Platform?, 6 serial string?, 7 asset_tag string?, 8 site Site,
    9 location Location?, 10 rack Rack?, 11 position double?, 12 face string?,
    13 latitude double?, 14 longitude double?, 15 status string?, 16 airflow string?,
    17 primary_ip4 IPAddress?, 18 primary_ip6 IPAddress?, 19 oob_ip IPAddress?,
    20 cluster Cluster?, 21 virtual_chassis VirtualChassis?, 22 vc_position int64?,
    23 vc_priority int64?, 24 description string?, 25 comments string?, 26 tags Tag[],
    27 custom_fields CF, 28 metadata Struct, 29 owner Owner?, 30 config DeviceConfig?,
    31 cooling_method string?`,
  Interface: `1 device Device, 2 module Module?, 3 name string, 4 label string?, 5 type string,
    6 enabled bool?, 7 parent Interface?, 8 bridge Interface?, 9 lag Interface?, 10 mtu int64?,
    11 primary_mac_address MACAddress?, 12 speed int64?, 13 duplex string?, 14 wwn string?,
    15 mgmt_only bool?, 16 description string?, 17 mode string?, 18 rf_role string?,
    19 rf_channel string?, 20 poe_mode string?, 21 poe_type string?,
    22 rf_channel_frequency double?, 23 rf_channel_width double?, 24 tx_power int64?,
    25 untagged_vlan VLAN?, 26 qinq_svlan VLAN?,
    27 vlan_translation_policy VLANTranslationPolicy?, 28 mark_connected bool?, 29 vrf VRF?,
    30 tags Tag[], 31 custom_fields CF, 32 vdcs VirtualDeviceContext[], 33 tagged_vlans VLAN[],
    34 wireless_lans WirelessLAN[], 35 metadata Struct, 36 owner Owner?, 37 channels int64?,
    38 channel_id int64?, 39 mac_address string?`,
  IPAddress: `1 address string, 2 vrf VRF?, 3 tenant Tenant?, 4 status string?, 5 role string?,
    6 assigned_object_fhrp_group FHRPGroup @assigned_object,
    7 assigned_object_interface Interface @assigned_object,
    8 assigned_object_vm_interface VMInterface @assigned_object, 9 nat_inside IPAddress?,
    10 dns_name string?, 11 description string?, 12 comments string?, 13 tags Tag[],
    14 custom_fields CF, 15 metadata Struct, 16 owner Owner?`,
  Prefix: `1 prefix string, 2 vrf VRF?, 3 scope_location Location @scope,
    4 scope_region Region @scope, 5 scope_site Site @scope, 6 scope_site_group SiteGroup @scope,
    7 tenant Tenant?, 8 vlan VLAN?, 9 status string?, 10 role Role?, 11 is_pool bool?,
    12 mark_utilized bool?, 13 description string?, 14 comments string?, 15 tags Tag[],
    16 custom_fields CF, 17 metadata Struct, 18 owner Owner?`,
  VLAN: `1 site Site?, 2 group VLANGroup?, 3 vid int64, 4 name string, 5 tenant Tenant?,
    6 status string?, 7 role Role?, 8 description string?, 9 qinq_role string?,
    10 qinq_svlan VLAN?, 11 comments string?, 12 tags Tag[], 13 custom_fields CF,
    14 metadata Struct, 15 owner Owner?`,
  Platform: `1 name string, 2 slug string, 3 manufacturer Manufacturer?, 4 description string?,
    5 tags Tag[], 6 custom_fields CF, 7 parent Platform?, 8 comments string?, 9 metadata Struct,
    10 owner Owner?`,
  Tag: `1 name string, 2 slug string, 3 color string?, 4 description string?, 5 weight int64?,
    6 object_types string[], 7 metadata Struct`,
  CustomField: `1 type string, 2 related_object_type string?, 3 name string, 4 label string?,
    5 group_name string?, 6 description string?, 7 required bool?, 8 unique bool?,
    9 search_weight int64?, 10 filter_logic string?, 11 ui_visible string?,
    12 ui_editable string?, 13 is_cloneable bool?, 14 default string?,
    15 related_object_filter string?, 16 weight int64?, 17 validation_minimum double?,
    18 validation_maximum double?, 19 validation_regex string?,
    20 choice_set CustomFieldChoiceSet?, 21 comments string?, 22 object_types string[],
    23 metadata Struct, 24 owner Owner?, 25 validation_schema string?,
    26 nulls_first bool?`,
};

const PUBLISHED_ENTITIES =
  `2 asn, 3 asn_range, 4 aggregate, 5 cable, 6 cable_path, 7 cable_termination, 8 circuit,
  9 circuit_group, 10 circuit_group_assignment, 11 circuit_termination, 12 circuit_type,
  13 cluster, 14 cluster_group, 15 cluster_type, 16 console_port, 17 console_server_port,
  18 contact, 19 contact_assignment, 20 contact_group, 21 contact_role, 22 device, 23 device_bay,
  24 device_role, 25 device_type, 26 fhrp_group, 27 fhrp_group_assignment, 28 front_port,
  29 ike_policy, 30 ike_proposal, 31 ip_address, 32 ip_range, 33 ip_sec_policy, 34 ip_sec_profile,
  35 ip_sec_proposal, 36 interface, 37 inventory_item, 38 inventory_item_role, 39 l2vpn,
  40 l2vpn_termination, 41 location, 42 mac_address, 43 manufacturer, 44 module, 45 module_bay,
  46 module_type, 47 platform, 48 power_feed, 49 power_outlet, 50 power_panel, 51 power_port,
  52 prefix, 53 provider, 54 provider_account, 55 provider_network, 56 rir, 57 rack,
  58 rack_reservation, 59 rack_role, 60 rack_type, 61 rear_port, 62 region, 63 role,
  64 route_target, 65 service, 66 site, 67 site_group, 68 tag, 69 tenant, 70 tenant_group,
  71 tunnel, 72 tunnel_group, 73 tunnel_termination, 74 vlan, 75 vlan_group,
  76 vlan_translation_policy, 77 vlan_translation_rule, 78 vm_interface, 79 vrf,
  80 virtual_chassis, 81 virtual_circuit, 82 virtual_circuit_termination, 83 virtual_circuit_type,
  84 virtual_device_context, 85 virtual_disk, 86 virtual_machine, 87 wireless_lan,
  88 wireless_lan_group, 89 wireless_link, 90 custom_field, 91 custom_field_choice_set,
  92 journal_entry, 93 module_type_profile, 94 custom_link, 95 owner, 96 owner_group,
  97 device_config, 98 cable_bundle, 99 rack_group, 100 script_module, 101 virtual_machine_type,
  102 user, 103 cooling_feed, 104 cooling_intake, 105 cooling_outflow, 106 cooling_source,
  107 module_bay_type`;

describe("the protobuf schema", () => {
  test("has one unary method at the path of Diode", () => {
    const calls = IngesterService.methods.map((method) => [
      `/${IngesterService.typeName}/${method.name}`,
      method.methodKind,
      method.input.typeName,
      method.output.typeName,
    ]);
    expect(calls).toEqual([
      [
        "/diode.v1.IngesterService/Ingest",
        "unary",
        "diode.v1.IngestRequest",
        "diode.v1.IngestResponse",
      ],
    ]);
  });

  test("numbers every entity type as Diode does", () => {
    const [timestamp, ...entityTypes] = fieldsOf("Entity");
    expect(timestamp).toMatchObject({ number: 1, name: "timestamp", oneof: undefined });
    expect(entityTypes.map((kind) => `${kind.number} ${kind.name}`)).toEqual(
      rows(PUBLISHED_ENTITIES),
    );
    expect(new Set(entityTypes.map((kind) => kind.oneof))).toEqual(new Set(["entity"]));
  });

  test("names each entity type after its message", () => {
    for (const { name, type } of fieldsOf("Entity").slice(1)) {
      expect(type.toLowerCase()).toBe(name.replaceAll("_", ""));
    }
  });

  test("numbers the object references of custom fields one less than Entity, up to wireless", () => {
    const numbers = new Map(fieldsOf("Entity").map((kind) => [kind.name, kind.number]));
    for (const { name, number } of fieldsOf("CustomFieldObjectReference")) {
      if (number <= 88) expect([name, number + 1]).toEqual([name, numbers.get(name)]);
    }
  });

  test.each(Object.entries(PUBLISHED))("has the published fields of %s", (name, published) => {
    expect(fieldsOf(name).map(rowOf)).toEqual(rows(published));
  });
});

const TIMESTAMP = "2026-03-04T05:06:07.890123Z";
const CLUSTER = { name: "lab", type: { name: "Proxmox VE" }, scope_site: { name: "Cellar" } };
const GUEST = {
  name: "db-7",
  status: "active",
  site: { name: "Cellar" },
  cluster: CLUSTER,
  role: { name: "Container", vm_role: true },
  vcpus: 1.5,
  memory: "9007199254740993",
  disk: "20480",
  tags: [{ name: "proxmox" }, { name: "backup" }],
  custom_fields: { proxmox_vmid: { integer: "107" }, proxmox_node: { text: "pve2" } },
  start_on_boot: "on",
};
const ADDRESS = {
  address: "198.51.100.7/26",
  status: "active",
  assigned_object_vm_interface: {
    virtual_machine: { name: "db-7", cluster: CLUSTER },
    name: "net0",
  },
};
const REQUEST = {
  stream: "latest",
  entities: [
    { timestamp: TIMESTAMP, virtual_machine: GUEST },
    { timestamp: TIMESTAMP, ip_address: ADDRESS },
  ],
  id: "0b7d3f0e-51c4-4a86-9a5e-3f1f6f0c2d18",
  producer_app_name: "proxmox-diode",
  sdk_name: "proxmox-diode",
  sdk_version: "0.1.0",
  metadata: { run: "first" },
};

describe("a request as JSON", () => {
  test("is unchanged after reading and writing", () => {
    expect(requestToJson(parseRequest(REQUEST))).toEqual(REQUEST);
  });

  test("keeps integers that a double cannot represent", () => {
    const sent = requestFromBinary(requestToBinary(parseRequest(REQUEST)));
    expect(requestToJson(sent)).toEqual(REQUEST);
  });

  test("accepts an integer as a number and writes it as text", () => {
    const request = requestWith({ virtual_disk: { name: "scsi0", size: 32_768 } });
    const [entity] = (requestToJson(parseRequest(request)) as typeof request).entities;
    expect(entity).toMatchObject({ virtual_disk: { size: "32768" } });
  });

  test("distinguishes an empty optional value from an absent one", () => {
    const request = requestWith({ virtual_machine: { name: "db-7", serial: "", memory: "0" } });
    expect(requestToJson(parseRequest(request))).toEqual(request);
  });

  test("reads lowerCamelCase names too", () => {
    const camel = requestWith({ virtualMachine: { name: "db-7", startOnBoot: "off" } });
    const snake = requestWith({ virtual_machine: { name: "db-7", start_on_boot: "off" } });
    expect(requestToJson(parseRequest(camel))).toEqual(snake);
  });

  test.each([
    ["at the top", { ...REQUEST, producer: "x" }, "producer"],
    ["in an entity", requestWith({ image_attachment: {} }), "image_attachment"],
    ["in a virtual machine", requestWith({ virtual_machine: { vmid: "1" } }), "vmid"],
    ["deep inside", requestWith({ ip_address: { vrf: { table: "1" } } }), "table"],
    ["in a list", requestWith({ site: { asns: [{ number: "1" }] } }), "number"],
  ])("is rejected with the name of an unknown field %s", (_where, request, name) => {
    expect(() => parseRequest(request)).toThrow(`"${name}" is unknown`);
  });

  test("is rejected when an entity has two types", () => {
    const request = requestWith({ site: { name: "Cellar" }, tag: { name: "proxmox" } });
    expect(() => parseRequest(request)).toThrow("oneof");
  });

  test("is rejected when a value has the wrong type", () => {
    const request = requestWith({ virtual_machine: { memory: "2 GB" } });
    expect(() => parseRequest(request)).toThrow("diode.v1.VirtualMachine.memory");
  });
});

function requestWith(entity: object): { entities: object[] } {
  return { entities: [entity] };
}

function rows(text: string): string[] {
  return text.split(",").map((row) => row.trim());
}

function rowOf(field: FieldFacts): string {
  const type = field.type
    .replace("map<string, CustomFieldValue>", "CF")
    .replace("google.protobuf.", "");
  const presence = field.optional ? "?" : "";
  const many = field.kind === "list" ? "[]" : "";
  const choice = field.oneof === undefined ? "" : ` @${field.oneof}`;
  return `${field.number} ${field.name} ${type}${many}${presence}${choice}`;
}
