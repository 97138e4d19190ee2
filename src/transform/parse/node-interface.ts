/** Numbers of a node's network configuration. Source: PVE/INotify.pm; proxmox.md §5. */
import { MAX_INTEGER } from "./size.ts";
import { count, number } from "../../snapshot/scalar.ts";

/** Source: netbox dcim/constants.py, INTERFACE_MTU_MAX. */
const MAX_MTU_BYTES = 65_536;
const KBPS_PER_MBPS = 1000;

/** "9000" → 9000 bytes; undefined when there is none, or none that NetBox takes. */
export function mtuOf(value: unknown): number | undefined {
  const mtu = count(value);
  return mtu !== undefined && mtu >= 1 && mtu <= MAX_MTU_BYTES ? mtu : undefined;
}

/** Mbps → kbps. Source: netbox dcim/models/device_components.py, Interface.speed: 32 bits. */
export function speedKbps(value: unknown): number | undefined {
  const kbps = Math.round((number(value) ?? 0) * KBPS_PER_MBPS);
  return kbps > 0 && kbps <= MAX_INTEGER ? kbps : undefined;
}
