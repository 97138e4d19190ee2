/** Where an answer stands: in which file of the run folder, and under which path. */
import type { AnswerRef } from "../../entities/left-out.ts";
import { CLUSTER_FILE, NODES_FOLDER } from "../../snapshot/paths.ts";

/** `label` names the snapshot when there are several. */
export function clusterAnswer(path: string, label: string | undefined): AnswerRef {
  return answerIn(CLUSTER_FILE, path, label);
}

/** An answer of a node or of one of its guests. */
export function nodeAnswer(node: string, path: string, label: string | undefined): AnswerRef {
  return answerIn(`${NODES_FOLDER}${node}.json`, path, label);
}

function answerIn(file: string, path: string, label: string | undefined): AnswerRef {
  return label === undefined ? { file, path } : { file, path, snapshot: label };
}
