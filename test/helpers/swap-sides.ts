/** The differences that a comparison reports when its two sides are exchanged. */
import type { RunDifferences } from "../../src/look/diff/differences.ts";

/** Names and nodes are those of b, and are emptied. */
export function swapSides(
  { added, changed, gone, unread, unreadBefore }: RunDifferences,
): RunDifferences {
  const named = <Item extends { what: string }>(items: readonly Item[]): Item[] =>
    items.map((item) => ({ ...item, name: "", node: "" }));
  const swap = <Side extends { before: unknown; after: unknown }>(side: Side): Side => ({
    ...side,
    before: side.after,
    after: side.before,
  });
  return {
    added: named(gone),
    gone: named(added),
    unread: named(unreadBefore),
    unreadBefore: named(unread),
    changed: named(changed).map((each) => ({
      ...each,
      ...(each.renamed && { renamed: swap(each.renamed) }),
      ...(each.moved && { moved: swap(each.moved) }),
      fields: each.fields.map(swap),
    })),
  };
}
