/** What a comparison found: in groups, each thing by the name that left-out.json has for it. */
import type { Reason } from "../../run-folder/left-out.ts";
import { compareCodeUnits, compareNatural } from "../../base/natural-order.ts";

export interface Subject {
  /** "vm/101", "node/pve1/vmbr0", "cluster"; of an entity its step and name: "tag prod". */
  readonly what: string;
  /** As people call it now, when that is not in `what`. */
  readonly name?: string;
  /** Of a guest: where it runs now, or ran last. */
  readonly node?: string;
}

/** undefined: there is none. */
export interface Change {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface FieldChange extends Change {
  readonly field: string;
}

/** The same guest under another name or on another node is one that changed. */
export interface Changed extends Subject {
  readonly renamed?: Change;
  /** From node to node. */
  readonly moved?: Change;
  /** All others. */
  readonly fields: readonly FieldChange[];
}

/** Known on one side, and nothing new is known of it on the other: not that it is gone. */
export interface Unread extends Subject {
  /** The answers or fields that are missing; empty: all that there was. */
  readonly parts: readonly string[];
  readonly reason: Reason;
  readonly detail: string;
}

export interface Differences {
  readonly added: readonly Subject[];
  readonly changed: readonly Changed[];
  readonly gone: readonly Subject[];
  /** Not readable in b. */
  readonly unread: readonly Unread[];
  /** Not readable in a: what b says of it may be old or new, so it is no difference. */
  readonly unreadBefore: readonly Unread[];
}

/** Where a comparison puts what it finds. */
export class Findings {
  readonly added: Subject[] = [];
  readonly changed: Changed[] = [];
  readonly gone: Subject[] = [];
  readonly unread: Unread[] = [];
  readonly unreadBefore: Unread[] = [];

  /** In natural order, whatever order they were found in. */
  sorted(): Differences {
    return {
      added: this.added.toSorted(bySubject),
      changed: this.changed.toSorted(bySubject),
      gone: this.gone.toSorted(bySubject),
      unread: this.unread.toSorted(bySubject),
      unreadBefore: this.unreadBefore.toSorted(bySubject),
    };
  }
}

/** Is there anything that a reader of b has to know? */
export function isDifferent({ added, changed, gone, unread }: Differences): boolean {
  return added.length + changed.length + gone.length + unread.length > 0;
}

function bySubject(a: Subject, b: Subject): number {
  return compareNatural(a.what, b.what) || compareCodeUnits(a.name ?? "", b.name ?? "");
}
