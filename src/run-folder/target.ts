/** Types of the target folder: what `survey` writes and `transform` reads. */
import { type } from "arktype";
import { FileEntry } from "./manifest.ts";

/** The newest format that this program reads, and the only one that it writes. */
export const TARGET_FORMAT = 1;

export const TARGET_MANIFEST_FILE = "manifest.json";
export const TARGET_FOLDER = "target";

/** Why objects of a type are missing: the token may not view them, or NetBox refused to list them. */
export const MISSING_CAUSES = ["denied", "refused"] as const;

/** The run that a survey was made for: hashes of its entity set, and of the snapshots that this was made of. */
export const TargetScope = type({ entities: "string.hex", snapshots: "string.hex[]" });
export type TargetScope = typeof TargetScope.infer;

const MissingType = type({
  type: "string",
  cause: type.enumerated(...MISSING_CAUSES),
  reason: "string",
});

/** manifest.json of a target folder. */
export const TargetManifest = type({
  format: "number.integer >= 1",
  tool: { name: "string", version: "string" },
  /** `url`: of NetBox, without a final slash. */
  netbox: { url: "string", version: "string", "plugin?": "string" },
  /** RFC 3339. */
  surveyed_at: "string",
  /** With --for: the hash of the entity set whose keys were looked for; absent: everything. */
  "scope?": TargetScope,
  outcome: "'complete' | 'partial'",
  /** Type → objects; without the types that are missing, and those that only some runs need and NetBox has none of. */
  counts: { "[string]": "number.integer >= 0" },
  /** Types that could not be read: never taken for empty. */
  missing: MissingType.array(),
  /** The same of types that only some runs need: the target is complete without them. */
  "unread?": MissingType.array(),
  files: FileEntry.array(),
});
export type TargetManifest = typeof TargetManifest.infer;

/** Names the target that entities were made with. */
export const TargetSource = type({
  /** Of NetBox, without a final slash. */
  url: "string",
  /** Of the target's manifest. */
  sha256: "string.hex",
  /** RFC 3339. */
  surveyed_at: "string",
});
export type TargetSource = typeof TargetSource.infer;
