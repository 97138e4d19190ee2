/** explain <run> <what>: where every value came from, and why things were left out. */
import { usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import { ENTITIES_FOLDER } from "../../run-folder/entity-writer.ts";
import { terminalWidth } from "../../terminal/paragraphs.ts";
import { openRunFolder } from "../../terminal/run-folder.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { explain } from "./explain.ts";
import type { Explanation } from "./explanation.ts";
import { openExplainInput } from "./input.ts";
import { explanationText } from "./text.ts";

export async function runExplain(session: Session): Promise<void> {
  const [, what] = session.operands;
  const store = await openRunFolder(session);
  if (what === undefined) {
    throw usageError("No thing is named", {
      hint: "Name one in the run folder, such as: explain snapshots/example vm/101",
    });
  }
  const given = await readSettings(session.context, SETTINGS);
  const input = await openExplainInput(store, given);
  const explanations = await explain(input, what);
  if (input.entities !== undefined) warnOfOthers(explanations, session);
  const options = { width: terminalWidth(), isVerbose: session.isOn("verbose") };
  session.data(
    session.isJson ? printableJson(explanations, 2) : explanationText(explanations, options),
  );
}

function warnOfOthers(explanations: readonly Explanation[], { log }: Session): void {
  const entities = explanations.flatMap((explanation) => explanation.entities);
  const others = entities.filter(({ line }) => line === undefined);
  if (others.length === 0) return;
  log.warn(
    `${ENTITIES_FOLDER}/ does not hold ${others.length} of ${entities.length} entities as they are ` +
      "explained here: it was made of another snapshot, with other settings or by another version",
  );
}
