/** The scene inside a guest's config: what its NICs and disks are called in left-out.json. */
import type { Scene } from "./scene.ts";
import type { Subject } from "./ledger.ts";

export type Config = Readonly<Record<string, unknown>>;

export interface ConfigScene extends Scene {
  /** The site of the virtual machine and of its interfaces' VLANs. */
  readonly guestSite: string;
  /** "net1" → "vm/101/net1" and the answer that it stands in. */
  readonly subject: (part: string) => Subject;
}
