/** What a comparison would have found if its two sides had changed places. */
import type { RunDifferences } from "../../src/look/diff/differences.ts";

/** Names and nodes are those of b, and are left aside. */
export function turned(
  { added, changed, gone, unread, unreadBefore }: RunDifferences,
): RunDifferences {
  const named = <Item extends { what: string }>(items: readonly Item[]): Item[] =>
    items.map((item) => ({ ...item, name: "", node: "" }));
  const around = <Side extends { before: unknown; after: unknown }>(side: Side): Side => ({
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
      ...(each.renamed && { renamed: around(each.renamed) }),
      ...(each.moved && { moved: around(each.moved) }),
      fields: each.fields.map(around),
    })),
  };
}
