/** A snapshot in the previous form: the paths of configs have no query. */
import type { AnswersByPath, Site } from "./snapshot-builder.ts";

/** "/nodes/pve1/qemu/101/config?current=1" → "/nodes/pve1/qemu/101/config"; other paths are unchanged. */
export function olderPath(path: string): string {
  return path.replace(/\/config\?current=1$/, "/config");
}

export function olderForm(site: Site): Site {
  const nodes = Object.entries(site.nodes).map(([node, answers]) => [node, older(answers)]);
  return { ...site, nodes: Object.fromEntries(nodes) as Site["nodes"] };
}

function older(answers: AnswersByPath): AnswersByPath {
  const renamed = Object.entries(answers).map(([path, answer]) => [olderPath(path), answer]);
  return Object.fromEntries(renamed) as AnswersByPath;
}
