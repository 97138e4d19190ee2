/** What unstorage's driver for S3 lacks: listing one folder of a bucket, however many files it has, and creating a file. */
import { reasonOf } from "../../base/errors.ts";

export interface BucketPlace {
  /** With the name of the bucket, without a slash at the end. */
  readonly url: string;
  readonly keys: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly region: string;
  };
}

export interface Bucket {
  /** `prefix` ends with "/" or is empty. With `delimiter`: the files in it, and the names of its folders. */
  list(prefix: string, delimiter?: "/"): Promise<Listing>;
  /** Writes unless the file exists. A server that ignores the condition always writes. */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
}

interface Listing {
  /** With the prefix. */
  readonly files: string[];
  /** Without the prefix. */
  readonly folders: string[];
}

/** Two programs created it at the same time; the next attempt shows who was first. */
const CONFLICT = 409;
const EXISTS = 412;
const MAX_ATTEMPTS = 5;

export async function openBucket({ url, keys }: BucketPlace): Promise<Bucket> {
  const { AwsClient } = await import("aws4fetch");
  const client = new AwsClient({ service: "s3", ...keys });
  const ask = async (at: URL, init: RequestInit = {}): Promise<Response> =>
    await fetch(await client.sign(at, init));
  return {
    async list(prefix, delimiter) {
      const files: string[] = [];
      const folders: string[] = [];
      let continued: string | undefined;
      do {
        const at = new URL(url);
        at.searchParams.set("list-type", "2");
        if (prefix !== "") at.searchParams.set("prefix", prefix);
        if (delimiter !== undefined) at.searchParams.set("delimiter", delimiter);
        if (continued !== undefined) at.searchParams.set("continuation-token", continued);
        const page = await textOf(await ask(at));
        files.push(...valuesOf(page, /<Contents>[\s\S]*?<Key>([^<]*)<\/Key>/g));
        folders.push(...valuesOf(page, /<CommonPrefixes>\s*<Prefix>([^<]*)<\/Prefix>/g));
        [continued] = valuesOf(page, /<NextContinuationToken>([^<]*)</g);
      } while (continued !== undefined);
      return { files, folders: folders.map((folder) => folder.slice(prefix.length, -1)) };
    },
    async create(key, bytes) {
      const at = new URL(`${url}/${key.split("/").map(encodeURIComponent).join("/")}`);
      for (let attempt = 1;; attempt += 1) {
        const response = await ask(at, {
          method: "PUT",
          body: Buffer.from(bytes),
          headers: { "if-none-match": "*" },
        });
        if (response.status === EXISTS) {
          await response.body?.cancel();
          return false;
        }
        if (response.status !== CONFLICT || attempt === MAX_ATTEMPTS) {
          await textOf(response);
          return true;
        }
        await response.body?.cancel();
      }
    },
  };
}

/** @throws Error with the status and the code that S3 gives. */
async function textOf(response: Response): Promise<string> {
  const text = await response.text().catch((cause: unknown) => {
    throw new Error(`the answer was cut short: ${reasonOf(cause)}`, { cause });
  });
  if (response.ok) return text;
  const [code] = valuesOf(text, /<Code>([^<]*)</g);
  throw new Error([response.status, response.statusText, code].filter(Boolean).join(" "));
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
};

/** The texts that an expression captures in XML. */
function valuesOf(xml: string, pattern: RegExp): string[] {
  return [...xml.matchAll(pattern)].map(([, text = ""]) => text.replace(/&[^;]*;/g, characterOf));
}

function characterOf(entity: string): string {
  const [, hex, decimal] = /^&#(?:x([0-9a-f]+)|(\d+));$/i.exec(entity) ?? [];
  if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
  if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
  return XML_ENTITIES[entity] ?? entity;
}
