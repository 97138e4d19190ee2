/** A difference between what Proxmox VE has and what NetBox holds, that a push has to respect. */
import type { Lab } from "../../../helpers/lab.ts";
import type { Settings } from "../../judge/plan.ts";
import type { TypeName } from "../../judge/picture.ts";
import type { People } from "./people.ts";

/** Not combined with changes that need the site to be named as the run names it. */
export const NAME_OF_SITE = "name of the site";

/** Differences of one run from the one of the lab. */
export interface RunChange {
  readonly lab?: (lab: Lab) => Lab;
  readonly settings?: Settings;
}

export interface Change extends RunChange {
  /** Continues "…: what people made is theirs". */
  readonly name: string;
  /** What it needs or touches. Changes that have one of these in common are not combined. */
  readonly on: readonly string[];
  /** What people make before the first push. */
  readonly made?: (people: People) => Promise<unknown>;
  /** Needs the site of the run, which people made too if they made anything. */
  readonly isAtSite?: true;
  /** What people do after the first push. */
  readonly changed?: (people: People) => Promise<unknown>;
  /** Differences of the second run. */
  readonly second?: RunChange;
  /** Labels of objects that people made and that the run has to find: "device pve1". */
  readonly taken?: readonly string[];
  /** How many more new objects of each type than without the change; fewer: those of `taken`. */
  readonly adds?: Readonly<Partial<Record<TypeName, number>>>;
  /** Records and notes of left-out.json that must be there. */
  readonly says?: readonly RegExp[];
  /** What NetBox then does not have as Proxmox VE has it. */
  readonly unlike?: RegExp;
  /** The first run is pushed again after the second one, and changes nothing. */
  readonly isAlternating?: true;
}
