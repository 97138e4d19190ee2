/** Reads, changes, creates and deletes single objects of NetBox, and finds out what a token may do. */
import { AppError } from "../../base/errors.ts";
import { type NetBoxObject, partOf } from "../types/object-type.ts";
import { type NetBox, Refusal, type RestAnswer } from "./client.ts";

/** An object as it was at one time. */
export interface ObjectVersion {
  readonly object: NetBoxObject;
  /** undefined in older releases of NetBox, which answer without one. */
  readonly etag: string | undefined;
}

export interface ObjectPlace {
  /** "virtualization/interfaces" */
  readonly path: string;
  readonly id: number;
}

/** What is written beside a change into NetBox's change log. */
export interface WriteOptions {
  readonly message: string;
  /** Only if the object still has this version. */
  readonly etag?: string | undefined;
}

/** The object was changed since it was read. */
export class Outdated extends Error {
  override readonly name = "Outdated";
}

const METHODS = { add: "POST", change: "PATCH", delete: "DELETE" } as const;
export type WriteAction = keyof typeof METHODS;

/** All methods throw AppError "remote" when NetBox cannot be reached. */
export interface Editor {
  /** undefined: NetBox has no such object. @throws Refusal. */
  read(place: ObjectPlace): Promise<ObjectVersion | undefined>;
  /** @throws Refusal, Outdated. */
  change(place: ObjectPlace, fields: object, options: WriteOptions): Promise<NetBoxObject>;
  /** An object that is gone already counts as deleted. @throws Refusal, Outdated. */
  remove(place: ObjectPlace, options: WriteOptions): Promise<void>;
  /**
   * `find`: the object, if it exists. An answer may be lost, so it is called before each attempt.
   * @throws Refusal.
   */
  create(
    path: string,
    fields: object,
    options: Pick<WriteOptions, "message"> & {
      readonly find: () => Promise<NetBoxObject | undefined>;
    },
  ): Promise<{ readonly object: NetBoxObject; readonly isNew: boolean }>;
  /** Has the token the permission, at least for some objects of the type? */
  may(action: WriteAction, path: string): Promise<boolean>;
}

/** Longer ones make NetBox fail. Source: netbox/core/models/change_logging.py, ObjectChange.message. */
const MAX_MESSAGE = 200;
const MAX_CREATE_ATTEMPTS = 3;

export function openEditor(netbox: NetBox): Editor {
  async function read({ path, id }: ObjectPlace): Promise<ObjectVersion | undefined> {
    const answer = await netbox.send({ method: "GET", path: `${path}/${id}` });
    if (answer.status === 404) return undefined;
    return { object: objectIn(answer), etag: versionOf(answer.etag) };
  }

  return {
    read,
    async change({ path, id }, fields, { message, etag }) {
      const answer = await netbox.send({
        method: "PATCH",
        path: `${path}/${id}`,
        body: { ...fields, changelog_message: shortened(message) },
        etag,
      });
      return objectIn(answer);
    },
    async remove(place, { message, etag }) {
      const answer = await netbox.send({
        method: "DELETE",
        path: `${place.path}/${place.id}`,
        body: { changelog_message: shortened(message) },
        etag,
      });
      if (answer.status === 204) return;
      // Gone: an answer was lost. Or hidden by a constraint of the permission to delete.
      if (answer.status === 404 && await read(place) === undefined) return;
      throw refusalOf(answer);
    },
    async create(path, fields, { message, find }) {
      for (let attempt = 1;; attempt += 1) {
        const found = await find();
        if (found !== undefined) return { object: found, isNew: attempt > 1 };
        try {
          const body = { ...fields, changelog_message: shortened(message) };
          const answer = await netbox.send({ method: "POST", path, body });
          return { object: objectIn(answer, 201), isNew: true };
        } catch (error) {
          const isLost = error instanceof AppError && error.kind === "remote";
          if (!isLost || attempt === MAX_CREATE_ATTEMPTS) throw error;
        }
      }
    },
    async may(action, path) {
      // A list without objects changes nothing, and yet needs the permission.
      // Source: netbox/api/viewsets/mixins.py, BulkUpdateModelMixin.
      const { status } = await netbox.send({ method: METHODS[action], path, body: [] });
      return status !== 401 && status !== 403;
    },
  };
}

function objectIn(answer: RestAnswer, expected = 200): NetBoxObject {
  const { status, document } = answer;
  if (status === expected && typeof partOf(document, "id") === "number") {
    return document as NetBoxObject;
  }
  throw refusalOf(answer);
}

function refusalOf({ status, detail }: RestAnswer): Refusal | Outdated {
  if (status === 412) return new Outdated("it was changed since it was read");
  return new Refusal(`HTTP ${status}${detail}`, status === 401 || status === 403, status);
}

/** Apache adds "-gzip" to the version of a compressed answer, and NetBox does not know that one. */
function versionOf(etag: string | undefined): string | undefined {
  return etag?.replace(/-(?:gzip|br|zstd)(?="$)/, "");
}

function shortened(message: string): string {
  const characters = [...message];
  return characters.length <= MAX_MESSAGE
    ? message
    : `${characters.slice(0, MAX_MESSAGE - 1).join("")}…`;
}
