/** The node of a device, which NetBox may have under another name. */
import type { EntityManifest } from "../run-folder/entity-set.ts";
import { SETTINGS } from "../transform/settings.ts";

export class NodeNames {
  readonly #byDevice = new Map<string, string>();

  /** `snapshots`: with the settings that made the entities. */
  constructor(snapshots: EntityManifest["snapshots"] = []) {
    for (const { policy } of snapshots) {
      for (const [node, device] of nodeDevices(policy["NODE_DEVICE_MAP"] ?? "")) {
        this.#byDevice.set(device.toLowerCase(), node);
      }
    }
  }

  /**
   * "srv-0815" → "pve1" with NODE_DEVICE_MAP; "pve1.example.net" → "pve1"; "pve1 (lab)" → "pve1": the
   * second device of a name is called after its cluster. In lower case, since NetBox ignores the case.
   */
  of(device: string): string {
    const bare = device.replace(/ \([^()]*\)$/, "").split(".", 1)[0] ?? "";
    return (this.#byDevice.get(device.toLowerCase()) ?? bare).toLowerCase();
  }
}

function nodeDevices(text: string): ReadonlyMap<string, string> {
  try {
    return SETTINGS.NODE_DEVICE_MAP.read(text);
  } catch {
    // Another version wrote it.
    return new Map();
  }
}
