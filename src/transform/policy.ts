/** The settings of `transform`, checked, with the rules of the policy file. */
import { reasonOf, usageError } from "../base/errors.ts";
import { settingReader } from "../base/setting.ts";
import { RuleSet } from "./rules/match.ts";
import { rulesFromManifest } from "./rules/read.ts";
import { type SettingName, SETTINGS, type SettingTexts } from "./settings.ts";

/** @throws AppError "usage" that names the setting, its value and what is allowed. */
export function parsePolicy(texts: SettingTexts) {
  const { value, optional } = settingReader(SETTINGS, texts);
  return {
    host: value("PROXMOX_HOST"),
    clusterName: optional("CLUSTER_NAME"),
    siteName: value("SITE_NAME"),
    nodeSites: value("NODE_SITE_MAP"),
    nodeDevices: optional("NODE_DEVICE_MAP") ?? new Map<string, string>(),
    /** undefined: all nodes. */
    nodes: value("nodes").names,
    tenantName: optional("TENANT_NAME"),
    clusterScope: value("CLUSTER_SCOPE"),
    prefixScope: value("PREFIX_SCOPE"),
    diskBaseUnit: value("DISK_BASE_UNIT") === "1000" ? 1000 as const : 1024 as const,
    allInterfaces: value("ALL_INTERFACES"),
    networkDepth: optional("NETWORK_DEPTH") ?? "mapped" as const,
    lxcLiveAddresses: value("LXC_LIVE_ADDRESSES"),
    platformWithoutAgent: value("PLATFORM_WITHOUT_AGENT"),
    clearEmpty: value("CLEAR_EMPTY"),
    nodeDeviceType: value("NODE_DEVICE_TYPE"),
    nodeDeviceRole: value("NODE_DEVICE_ROLE"),
    nodeManufacturer: value("NODE_MANUFACTURER"),
    deviceCluster: value("DEVICE_CLUSTER"),
    goneStatus: optional("GONE_STATUS") ?? "keep" as const,
    /** undefined: guests that are gone are removed at once with the status "keep", else never. */
    goneAfterMs: optional("GONE_AFTER"),
    cloudInitAddresses: optional("CLOUD_INIT_ADDRESSES") ?? false,
    guestSerial: optional("GUEST_SERIAL") ?? false,
    suspendedStatus: optional("SUSPENDED_STATUS"),
    rules: rulesOf(texts.rules),
  };
}

/** @throws AppError "usage" for a value that is not allowed; what is not given is not missed. */
export function checkSettings(texts: SettingTexts): void {
  const { optional } = settingReader(SETTINGS, texts);
  for (const name of Object.keys(SETTINGS) as SettingName[]) optional(name);
  rulesOf(texts.rules);
}

export type Policy = Readonly<ReturnType<typeof parsePolicy>>;

/** Of an entity manifest, too. */
function rulesOf(text: string | undefined): RuleSet {
  if (text === undefined) return RuleSet.NONE;
  try {
    return rulesFromManifest(JSON.parse(text));
  } catch (cause) {
    throw usageError(`Cannot read the rules: ${reasonOf(cause)}`, { cause });
  }
}
