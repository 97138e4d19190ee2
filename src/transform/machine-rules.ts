/** What the rules of the policy file say about a machine and its parts. */
import type { Address } from "../base/ip-address.ts";
import type { NodeRow } from "../proxmox/rows.ts";
import { text } from "../proxmox/values.ts";
import type { Reason } from "../run-folder/left-out.ts";
import type { InterfaceFacts, MachineFacts } from "./rules/conditions.ts";
import type { AddressDecision, InterfaceDecision, MachineDecision } from "./rules/match.ts";
import { ruleAt } from "./rules/texts.ts";
import type { Ledger } from "./ledger.ts";
import type { Policy } from "./policy.ts";
import type { Subject } from "./sources.ts";

export interface RuledMachine {
  readonly machine: MachineDecision;
  /** Key or name of the interface → what they say about it. */
  readonly interfaces: ReadonlyMap<string, InterfaceDecision>;
  /** An address in an answer → what they say about it. */
  readonly addresses: ReadonlyMap<object, AddressDecision>;
}

/** undefined: there are no rules. */
export function decideNode(
  { node, site, row }: {
    readonly node: string;
    readonly site: string;
    readonly row: NodeRow | undefined;
  },
  policy: Policy,
  parts: readonly PartFacts[],
): RuledMachine | undefined {
  if (policy.rules.isEmpty) return undefined;
  return decideMachine(
    policy,
    { kind: "node", name: node, tags: [], node, site, status: text(row?.status) },
    parts,
  );
}

interface PartFacts {
  readonly key: string;
  readonly facts: Omit<InterfaceFacts, "addresses">;
  /** Those that cannot be read have no facts. */
  readonly found: readonly { readonly address: Address | Reason }[];
}

export function decideMachine(
  { rules }: Policy,
  facts: Omit<MachineFacts, "interfaces">,
  parts: readonly PartFacts[],
): RuledMachine {
  const readable = parts.map(({ found }) =>
    found.flatMap((each) =>
      typeof each.address === "string" ? [] : [{ each, address: each.address }]
    )
  );
  const machine = rules.decide({
    ...facts,
    interfaces: parts.map((part, i) => ({
      ...part.facts,
      addresses: readable[i]?.map(({ address }) => address) ?? [],
    })),
  });
  const interfaces = new Map<string, InterfaceDecision>();
  const addresses = new Map<object, AddressDecision>();
  for (const [i, decision] of machine.interfaces.entries()) {
    interfaces.set(parts[i]?.key ?? "", decision);
    for (const [k, { each }] of readable[i]?.entries() ?? []) {
      const own = decision.addresses[k];
      if (own !== undefined) addresses.set(each, own);
    }
  }
  return { machine, interfaces, addresses };
}

/** Values that rules make and NetBox would refuse, such as a DNS name of a guest called "Büro". */
export function noteProblems(
  machine: MachineDecision | undefined,
  { subject, ledger }: { readonly subject: Subject; readonly ledger: Ledger },
): void {
  for (const { value, text, reason, rule } of machine?.problems ?? []) {
    const detail = `"${text}" (${ruleAt(rule)}): ${reason}`;
    ledger.note({ ...subject, what: `${subject.what}/${value}` }, "rule-not-applied", detail);
  }
}
