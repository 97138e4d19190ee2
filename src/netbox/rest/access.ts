/** Which types of objects a token may view. */
import pMap from "p-map";
import { permissionOf } from "../types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../types/surveyed.ts";
import { type NetBoxOptions, openNetBox, Refusal, type Status } from "./client.ts";

export interface AccessInput extends NetBoxOptions {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Default: all that a survey reads. */
  readonly types?: readonly SurveyedName[];
}

export interface TypeAccess {
  readonly type: SurveyedName;
  readonly plural: string;
  /** "ipam.view_vlan" */
  readonly permission: string;
  /** Only some runs need it. */
  readonly isOptional: boolean;
  /** `refused`: NetBox does not list the type, whatever the permissions. */
  readonly may: "view" | "denied" | "refused";
  /** Objects that the token sees; absent unless it may view them. */
  readonly objects?: number;
  /** Why NetBox refused. */
  readonly reason?: string;
}

/** Asks for one object of each type. @throws AppError "remote" when NetBox does not answer or refuses the token. */
export async function netboxAccess(
  input: AccessInput,
): Promise<{ readonly status: Status; readonly types: readonly TypeAccess[] }> {
  const netbox = openNetBox(input);
  try {
    const status = await netbox.status();
    const asked = SURVEYED.filter(({ name }) => input.types?.includes(name) ?? true);
    const types = await pMap(asked, async ({ name, type, isOptional }): Promise<TypeAccess> => {
      const { plural } = type;
      const asked = { type: name, plural, permission: permissionOf(type), isOptional };
      try {
        const part = { limit: 1, offset: 0 };
        const { count } = await netbox.page(type.path, [["fields", "id"]], part);
        return { ...asked, may: "view", objects: count };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return error.isDenied
          ? { ...asked, may: "denied" }
          : { ...asked, may: "refused", reason: error.message };
      }
    }, { concurrency: input.concurrency });
    return { status, types };
  } finally {
    await netbox.close();
  }
}
