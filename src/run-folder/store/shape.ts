/** What every store can do, whatever it lives in. */

/** A set of named byte strings. Keys are relative, use "/" and never leave the store. */
export interface Store {
  /** As the user named it, without credentials. */
  readonly place: string;
  /** All keys, unsorted. */
  keys(): Promise<string[]>;
  /** Whole file, or undefined when there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** The whole file or, when it fails, what was there before. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Adds to a file, which is made if need be. A remote store writes the whole anew. */
  append(key: string, bytes: Uint8Array): Promise<void>;
  /** The file is gone afterwards; it need not have been there. */
  remove(key: string): Promise<void>;
  /** Starts a folder anew, beside the one that is there until `commit`. */
  draft(folder: string): Promise<Draft>;
  /** Lets go of connections. */
  close(): Promise<void>;
}

/** A folder in the making. Either `commit` or `discard` ends it. */
export interface Draft {
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds to a file, which is made if need be. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes the last file and puts the draft in the place of the folder, older files gone. */
  commit(name: string, bytes: Uint8Array): Promise<void>;
  discard(): Promise<void>;
}

/** What a remote store needs beside its URI; comes from the settings. */
export interface StoreCredentials {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}
