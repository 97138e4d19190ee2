/** Names as NetBox takes them: short enough, and each one's own. */
import { sha256Hex } from "../../kernel/hash.ts";

/** Characters of a VM, device or interface name. Source: netbox virtualization/models, dcim/models. */
export const MAX_NAME = 64;
/** Characters of a platform, cluster, tag or site name. */
export const MAX_LONG_NAME = 100;

/**
 * Cuts to `max` characters, ending in ` (mark)`; shorter names stay. NetBox counts code points, as
 * Python does. Without a mark, 6 hex digits of the whole name tell two cut names apart.
 */
export function cutName(name: string, max: number, mark?: string | number): string {
  if (name.length <= max) return name;
  const points = [...name];
  if (points.length <= max) return name;
  const end = ` (${mark ?? sha256Hex(name).slice(0, 6)})`;
  return points.slice(0, max - end.length).join("").trimEnd() + end;
}

/** Hands out names that differ from each other even when case is ignored, as NetBox does. */
export class NamePool {
  readonly #taken = new Set<string>();

  /** `name`, or `name (mark)` when it is taken, cut to `max`. */
  take(name: string, mark: string | number, max: number): string {
    let free = cutName(name, max, mark);
    while (this.#taken.has(free.toLowerCase())) {
      const end = ` (${mark})`;
      free = [...free].slice(0, max - end.length).join("").trimEnd() + end;
      // Only a name made to collide comes here twice: the mark is the guest's own.
      if (this.#taken.has(free.toLowerCase())) mark = `${mark}*`;
    }
    this.#taken.add(free.toLowerCase());
    return free;
  }
}
