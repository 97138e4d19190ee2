/** Which addresses name a machine whose primary address they are. */
import type { Outcome } from "./in-memory.ts";

/** By the name of the virtual machine or device: [IPv4, IPv6]. */
export function primaryOf(outcome: Pick<Outcome, "of">, name: string): (string | undefined)[] {
  const machines = outcome.of("ip-address").map((ip) =>
    ip.assigned_object_vm_interface?.virtual_machine ?? ip.assigned_object_interface?.device
  ).filter((machine) => machine?.name === name);
  return (["primary_ip4", "primary_ip6"] as const).map((family) => {
    const [first, second] = machines.flatMap((machine) => machine?.[family] ?? []);
    if (second !== undefined) throw new Error(`${name} has two of ${family}`);
    return first?.address;
  });
}
