/** TABLE: what must hold in a real NetBox. */
import type { Case } from "./case.ts";
import { INPUT_CASES } from "./inputs.ts";

export const CASES: readonly Case[] = [...INPUT_CASES];
