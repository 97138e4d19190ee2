/** netbox/manifest.json: what `transform` made, of what, and the hash of every file. */
import { type } from "arktype";

export const EntityManifest = type({
  format: "number.integer >= 1",
  tool: { name: "string", version: "string" },
  /** Of the mapping that made the entities; absent when none did, or a version that did not record it. */
  "mapping_version?": "number.integer >= 1",
  /** The snapshots that the entities come from; none for a bootstrap. */
  snapshots: type({
    "name?": "string",
    sha256: "string.hex",
    policy: { "[string]": "string" },
  }).array(),
  /** Step → entities. */
  counts: { "[string]": "number.integer >= 0" },
  /** Reason → records. */
  left_out: { "[string]": "number.integer >= 0" },
  /** Code → notes. */
  notes: { "[string]": "number.integer >= 0" },
  files: type({ path: "string", bytes: "number.integer >= 0", sha256: "string.hex" }).array(),
});
export type EntityManifest = typeof EntityManifest.infer;
