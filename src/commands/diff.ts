/** diff <a> <b>: what changed between two run folders, for people, scripts and pull requests. */
import { inputError, usageError } from "../kernel/errors.ts";
import { printable, printableJson } from "../kernel/log.ts";
import type { Store } from "../kernel/store.ts";
import { isDifferent } from "../look/diff/differences.ts";
import { type Compared, type DiffResult, type Half, HALVES } from "./diff-halves.ts";
import { diffMarkdown } from "./diff-markdown.ts";
import { diffText } from "./diff-text.ts";
import type { Session } from "./session.ts";

const NAMES = Object.keys(HALVES) as Half[];

export async function runDiff(session: Session): Promise<void> {
  const [first, second] = session.operands;
  if (first === undefined || second === undefined) {
    throw usageError("Two run folders have to be named, an earlier and a later one", {
      hint: "Such as: diff snapshots/yesterday snapshots/today",
    });
  }
  if (session.isJson && session.isOn("markdown")) {
    throw usageError("Both --json and --markdown are given", { hint: "Choose one of them" });
  }
  const stores = [await session.openStore(first), await session.openStore(second)] as const;
  const compared: Compared[] = [];
  for (const half of await chooseHalves(session, stores)) {
    compared.push({ half, differences: await HALVES[half].diff(...stores) });
  }
  const result = { a: stores[0].place, b: stores[1].place, compared };
  if (session.isJson) session.print(printableJson(diffJson(result), 2));
  else session.print(session.isOn("markdown") ? diffMarkdown(result) : diffText(result));
  const isAny = compared.some(({ differences }) => isDifferent(differences));
  if (isAny && session.isOn("exit-code")) session.exitWith("differences");
}

/** What the user asks for, or what both folders hold. */
async function chooseHalves(
  session: Session,
  [a, b]: readonly [Store, Store],
): Promise<readonly Half[]> {
  const asked = NAMES.filter((half) => session.isOn(half));
  if (asked.length > 0) return asked;
  const [inA, inB] = [await halvesIn(a), await halvesIn(b)];
  const shared = NAMES.filter((half) => inA.includes(half) && inB.includes(half));
  if (shared.length === 0) {
    throw inputError(
      `Found nothing to compare: ${a.place} holds ${said(inA)}, ${b.place} ${said(inB)}`,
      { hint: "Name two run folders that capture, simulate or transform wrote" },
    );
  }
  for (const half of NAMES.filter((each) => inA.includes(each) !== inB.includes(each))) {
    const lacking = inA.includes(half) ? b : a;
    session.log.warn(`Not compared: ${printable(lacking.place)} holds no ${half}`);
  }
  return shared;
}

async function halvesIn(store: Store): Promise<readonly Half[]> {
  const keys = await store.keys();
  return NAMES.filter((half) => keys.some(HALVES[half].isIn));
}

function said(halves: readonly Half[]): string {
  return halves.length === 0 ? "neither a snapshot nor entities" : halves.join(" and ");
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
