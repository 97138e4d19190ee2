/** The tags of a guest: its cluster's and its own. */
import type { TagRef } from "../../entities/schema.ts";
import { cutName, MAX_LONG_NAME } from "../parse/name.ts";
import { text } from "../../snapshot/scalar.ts";
import { splitTags } from "../parse/tags.ts";
import { tagRef } from "../stubs.ts";
import type { GuestScene } from "./scene.ts";
import type { AnswersOf, Origin } from "./sources.ts";

/** Tags of one guest beyond this many characters would not fit a request. */
const MAX_TAGS_TEXT = 16_384;

/**
 * Its own tags as written, and what NetBox shall call each; undefined: their text is too long. From
 * the listing; releases before 7.2 have them in the config alone.
 */
export function tagNames(
  { resources, config }: AnswersOf<"resources" | "config">,
): { readonly tag: string; readonly name: string }[] | undefined {
  const written = text(resources?.tags) ?? text(config?.tags) ?? "";
  if (written.length > MAX_TAGS_TEXT) return undefined;
  return splitTags(written).map((tag) => ({ tag, name: cutName(tag, MAX_LONG_NAME) }));
}

export function readTags(
  origin: Origin<"resources" | "config">,
  scene: GuestScene,
): readonly TagRef[] {
  const { cluster, shared, ledger, listing } = scene;
  const written = tagNames(origin);
  if (written === undefined) {
    ledger.leave({ what: `${origin.subject.what}/tags`, answer: listing }, "too-long");
    return cluster.tags;
  }
  if (written.length === 0) return cluster.tags;
  const tags = [...cluster.tags];
  for (const { tag, name } of written) {
    if (name !== tag) {
      ledger.note({ what: `${origin.subject.what}/tags`, answer: listing }, "cut", name);
    }
    const ref = shared.tags.see(name, { cluster, origin }, () => tagRef(name));
    if (!tags.some((other) => other.name === name)) tags.push(ref);
  }
  return tags;
}
