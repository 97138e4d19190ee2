/** What every store can do, on disk or remote. */

/** A set of named byte strings. Keys are relative, use "/" and never leave the store. */
export interface Store {
  /** As the user named it, without credentials. */
  readonly place: string;
  /** All keys, unsorted. */
  keys(): Promise<string[]>;
  /** Whole file, or undefined if it does not exist. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Atomic: when it fails, the old file stays. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Adds to a file, which is created if needed. A remote store rewrites the whole file. */
  append(key: string, bytes: Uint8Array): Promise<void>;
  /** Does nothing when there is no such file. */
  remove(key: string): Promise<void>;
  /** Starts a new version of a folder; the old one stays until `commit`. */
  draft(folder: string): Promise<Draft>;
  /** Closes connections. */
  close(): Promise<void>;
}

/** A new version of a folder. Either `commit` or `discard` ends it. */
export interface Draft {
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds to a file, which is created if needed. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes the last file and replaces the folder, with all of its older files. */
  commit(name: string, bytes: Uint8Array): Promise<void>;
  discard(): Promise<void>;
}

/** What a remote store needs besides its URI. */
export interface StoreCredentials {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}
