/** diff <a> <b>: lists the changes between two run folders as text, JSON or Markdown. */
import { usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import type { Session } from "../../terminal/session.ts";
import { compareHalves, type DiffResult } from "./diff.ts";
import { isDifferent } from "./differences.ts";
import { diffMarkdown, diffText } from "./text.ts";

export async function runDiff(session: Session): Promise<void> {
  const [first, second] = session.operands;
  if (first === undefined || second === undefined) {
    throw usageError("Missing argument: two run folders, the earlier one first", {
      hint: "For example: diff snapshots/yesterday snapshots/today",
    });
  }
  if (session.isJson && session.isOn("markdown")) {
    throw usageError("--json and --markdown exclude each other", { hint: "Give one of them" });
  }
  const stores = [await session.openStore(first), await session.openStore(second)] as const;
  const compared = await compareHalves(session, stores);
  const result = { a: stores[0].place, b: stores[1].place, compared };
  if (session.isJson) session.print(printableJson(diffJson(result), 2));
  else session.print(session.isOn("markdown") ? diffMarkdown(result) : diffText(result));
  const isAny = compared.some(({ differences }) => isDifferent(differences));
  if (isAny && session.isOn("exit-code")) session.exitWith("differences");
}

function diffJson({ a, b, compared }: DiffResult): object {
  const halves = compared.map(({ half, differences }) => {
    const { added, changed, gone, unread, unreadBefore } = differences;
    return [half, {
      added,
      changed,
      gone,
      not_readable: unread,
      not_readable_in_a: unreadBefore,
    }];
  });
  const isAny = compared.some(({ differences }) => isDifferent(differences));
  return { a, b, is_different: isAny, ...Object.fromEntries(halves) };
}
