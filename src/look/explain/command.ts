/** explain <run> <thing>: where each value comes from, and why things are left out. */
import { usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import { ENTITIES_FOLDER } from "../../run-folder/entity-writer.ts";
import { terminalWidth } from "../../terminal/document.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { explain, openExplainInput } from "./explain.ts";
import type { Explanation } from "./explanation.ts";
import { explanationText } from "./text.ts";

export async function runExplain(session: Session): Promise<void> {
  const [, thing] = session.operands;
  const store = await openRunFolder(session);
  if (thing === undefined) {
    throw usageError("Missing argument: the thing to explain", {
      hint: "For example: explain snapshots/example vm/101",
    });
  }
  const given = await readSettings(session.context, SETTINGS);
  const input = await openExplainInput(store, given);
  const explanations = await explain(input, thing);
  if (input.entities !== undefined) warnOfDifferences(explanations, session);
  const options = { width: terminalWidth(), isVerbose: session.isOn("verbose") };
  session.data(
    session.isJson ? printableJson(explanations, 2) : explanationText(explanations, options),
  );
}

function warnOfDifferences(explanations: readonly Explanation[], { log }: Session): void {
  const entities = explanations.flatMap((explanation) => explanation.entities);
  const { length } = entities.filter(({ line }) => line === undefined);
  if (length === 0) return;
  log.warn(
    `${length} of ${entities.length} entities explained here differ from ${ENTITIES_FOLDER}/: it was ` +
      "made from another snapshot, with other settings or by another version",
  );
}
