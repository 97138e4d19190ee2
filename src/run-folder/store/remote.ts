/** A store with a URI: an unstorage driver, loaded only when it is needed. */
import pLimit from "p-limit";
import { createStorage, type Driver, prefixStorage, type Storage } from "unstorage";
import { AppError, reasonOf, usageError } from "../../base/errors.ts";
import { openBucket } from "./bucket.ts";
import type { Draft, Store } from "./folder.ts";
import { parseUri, shownUri } from "./place.ts";

/** What a remote store needs besides its URI. */
export interface StoreCredentials {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}

type Opener = (uri: URL, credentials: StoreCredentials) => Promise<Opened>;

interface Opened {
  readonly driver: Driver;
  /** Folders of the URI: "snapshots:lab". */
  readonly base: string;
  /** Writes unless the key exists. unstorage has no such operation. */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Names of the folders in `base`; absent: only all keys show them. */
  folders?(): Promise<string[]>;
}

/** One row per scheme. */
const OPENERS: Readonly<Record<string, Opener>> = {
  "redis:": openRedis,
  "rediss:": openRedis,
  "s3:": openS3,
};

export async function openRemote(place: string, credentials: StoreCredentials): Promise<Store> {
  const uri = parseUri(place);
  const open = OPENERS[uri.protocol];
  if (open === undefined) {
    const known = Object.keys(OPENERS).map((scheme) => `${scheme}//`).join(", ");
    throw usageError(`Cannot open ${shownUri(uri)}: no driver serves ${uri.protocol}//`, {
      hint: `Name a folder, or a URI that starts with one of ${known}`,
    });
  }
  const opened = await open(uri, credentials).catch((cause: unknown) => {
    if (cause instanceof AppError) throw cause;
    const [reason = ""] = reasonOf(cause).split("\n");
    const isMissing = (cause as { code?: string }).code?.endsWith("MODULE_NOT_FOUND");
    throw usageError(`Cannot open ${shownUri(uri)}: ${reason}`, {
      ...(isMissing && { hint: "Install the drivers: npm install ioredis aws4fetch" }),
      cause,
    });
  });
  const { base } = opened;
  const whole = createStorage<Uint8Array>({ driver: opened.driver });
  const storage = base === "" ? whole : prefixStorage<Uint8Array>(whole, base);
  const orFail = <Result>(doing: string, work: Promise<Result>): Promise<Result> =>
    work.catch((cause: unknown) => {
      throw new AppError("remote", `Cannot ${doing} ${shownUri(uri)}: ${reasonOf(cause)}`, {
        hint: "Check the server, its free space, and the permissions of these credentials",
        cause,
      });
    });
  return {
    place: shownUri(uri),
    keys: (folder) => orFail("list the files in", keysOf(storage, folder)),
    folders: () => orFail("list the folders in", opened.folders?.() ?? foldersOf(storage)),
    read: (key) => orFail(`read "${key}" in`, readRaw(storage, key)),
    write: (key, bytes) => orFail(`write "${key}" in`, storage.setItemRaw(key, bytes)),
    create: (key, bytes) => {
      const full = [base, ...key.split("/")].filter((part) => part !== "").join(":");
      return orFail(`write "${key}" in`, opened.create(full, bytes));
    },
    append: (key, bytes) => orFail(`write "${key}" in`, appendRaw(storage, key, bytes)),
    remove: (key) => orFail(`remove "${key}" from`, storage.removeItem(key)),
    removeFolder: (folder) => orFail(`remove "${folder}" from`, removeFolder(storage, folder)),
    async draft(folder) {
      const draft = openDraft(storage, folder);
      return {
        write: (name, bytes) => orFail(`write "${name}" in`, draft.write(name, bytes)),
        append: (name, bytes) => draft.append(name, bytes),
        commit: (name, bytes) => orFail(`write "${name}" in`, draft.commit(name, bytes)),
        discard: () => orFail(`remove "${folder}" from`, draft.discard()),
      };
    },
    close: () => whole.dispose(),
  };
}

async function openRedis(uri: URL): ReturnType<Opener> {
  const { default: redis } = await import("unstorage/drivers/redis");
  const [database = "0", ...path] = uri.pathname.split("/").filter((part) => part !== "");
  if (!/^\d+$/.test(database)) {
    throw new Error(
      `"${database}" is not a database number, as in redis://host:6379/0/snapshots/lab`,
    );
  }
  const server = new URL(uri);
  server.pathname = `/${database}`;
  const driver = redis({ url: server.href, maxRetriesPerRequest: 3, scanCount: 1000 });
  const client = driver.getInstance?.();
  const failures: unknown[] = [];
  client?.on("error", (failure: unknown) => failures.push(failure));
  // Selected again: when the database does not exist, ioredis silently continues in database 0.
  await client?.select(Number(database)).catch((cause: unknown) => {
    client.disconnect();
    const reason = reasonOf(failures[0] ?? cause);
    throw new AppError("remote", `Cannot open ${shownUri(uri)}: ${reason}`, { cause });
  });
  return {
    driver,
    base: path.join(":"),
    async create(key, bytes) {
      // As unstorage writes bytes.
      const text = `base64:${Buffer.from(bytes).toString("base64")}`;
      return await driver.getInstance?.().set(key, text, "NX") === "OK";
    },
  };
}

async function openS3(uri: URL, credentials: StoreCredentials): ReturnType<Opener> {
  const { accessKeyId, secretAccessKey, region = "us-east-1" } = credentials;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  }
  const { default: s3 } = await import("unstorage/drivers/s3");
  const endpoint = credentials.endpoint ?? `https://s3.${region}.amazonaws.com`;
  const bucket = await openBucket({
    url: `${endpoint.replace(/\/$/, "")}/${uri.host}`,
    keys: { accessKeyId, secretAccessKey, region },
  });
  const base = uri.pathname.split("/").filter((part) => part !== "");
  // The driver lists the first 1,000 files of the whole bucket, and its `clear` removes them, whatever the folder.
  const options = { accessKeyId, secretAccessKey, endpoint, region, bucket: uri.host };
  const { clear: _all, ...driver } = s3(options);
  return {
    driver: {
      ...driver,
      getKeys: async (folder: string | undefined) =>
        (await bucket.list((folder ?? "").replaceAll(":", "/"))).files,
    },
    base: base.join(":"),
    create: (key, bytes) => bucket.create(key.replaceAll(":", "/"), bytes),
    folders: async () => (await bucket.list(base.map((part) => `${part}/`).join(""), "/")).folders,
  };
}

async function keysOf(storage: Storage<Uint8Array>, folder?: string): Promise<string[]> {
  // Redis may name a key twice.
  return [...new Set(await storage.getKeys(folder))].map((key) => key.replaceAll(":", "/"));
}

async function foldersOf(storage: Storage<Uint8Array>): Promise<string[]> {
  const keys = await keysOf(storage);
  const first = keys.flatMap((key) => key.includes("/") ? key.split("/", 1) : []);
  return [...new Set(first)];
}

/** Requests at the same time. */
const CONCURRENCY = 16;

async function removeFolder(storage: Storage<Uint8Array>, folder: string): Promise<void> {
  const keys = await keysOf(storage, folder);
  await pLimit(CONCURRENCY).map(keys, (key) => storage.removeItem(key));
}

async function readRaw(storage: Storage<Uint8Array>, key: string): Promise<Uint8Array | undefined> {
  const value: unknown = await storage.getItemRaw(key);
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return new TextEncoder().encode(value);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : (value as Uint8Array);
}

async function appendRaw(storage: Storage<Uint8Array>, key: string, bytes: Uint8Array) {
  const before = await readRaw(storage, key) ?? new Uint8Array();
  await storage.setItemRaw(key, Buffer.concat([before, bytes]));
}

/** There is no rename: the manifest is removed first and written last, so that a half-written folder has none. */
function openDraft(storage: Storage<Uint8Array>, folder: string): Draft {
  const written = new Map<string, Uint8Array[]>();
  const key = (name: string): string => `${folder}/${name}`;
  let isBegun = false;
  const begin = async (): Promise<void> => {
    if (!isBegun) await storage.removeItem(key("manifest.json"));
    isBegun = true;
  };
  return {
    async write(name, bytes) {
      await begin();
      written.set(name, []);
      await storage.setItemRaw(key(name), bytes);
    },
    append(name, bytes) {
      written.set(name, [...(written.get(name) ?? []), bytes]);
      return Promise.resolve();
    },
    async commit(name, bytes) {
      await begin();
      for (const [appended, chunks] of written) {
        if (chunks.length > 0) await storage.setItemRaw(key(appended), Buffer.concat(chunks));
      }
      for (const stale of await storage.getKeys(folder)) {
        const rest = stale.slice(folder.length + 1);
        if (!written.has(rest)) await storage.removeItem(stale);
      }
      await storage.setItemRaw(key(name), bytes);
    },
    async discard() {
      if (isBegun) await removeFolder(storage, folder);
    },
  };
}
