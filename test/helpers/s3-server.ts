/** An S3 on a loopback port: objects of buckets in memory, listings in pages, and conditions. Signatures are not checked. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface S3Server {
  /** For AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  /** "bucket/key" → bytes. */
  readonly objects: Map<string, Uint8Array>;
  /** "GET bucket?list-type=2&prefix=…", in the order in which they came. */
  readonly requests: readonly string[];
}

export interface S3Options {
  /** Of a listing; S3 has 1,000. */
  readonly pageSize?: number;
  /** An older server that does not know If-None-Match. */
  readonly ignoresConditions?: boolean;
  /** How many conditional writes are answered with 409 first. */
  readonly conflicts?: number;
  /** Awaited before a request is answered, such as "PUT bucket/key". */
  readonly before?: (request: string) => Promise<void>;
}

export async function startS3(options: S3Options = {}): Promise<S3Server> {
  const objects = new Map<string, Uint8Array>();
  const requests: string[] = [];
  let conflicts = options.conflicts ?? 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const path = decodeURIComponent(url.pathname.slice(1));
    const asked = `${request.method} ${path}${url.search}`;
    requests.push(asked);
    const body = await buffer(request);
    await options.before?.(asked);
    const end = (status: number, text: string | Uint8Array = ""): void => {
      response.writeHead(status).end(text);
    };
    const fail = (status: number, code: string): void =>
      end(status, `<Error><Code>${code}</Code></Error>`);
    const found = objects.get(path);
    const isConditional = request.headers["if-none-match"] === "*" && !options.ignoresConditions;
    if (request.method === "PUT" && isConditional && conflicts > 0) {
      conflicts -= 1;
      fail(409, "ConditionalRequestConflict");
    } else if (request.method === "PUT" && isConditional && found !== undefined) {
      fail(412, "PreconditionFailed");
    } else if (request.method === "PUT") {
      objects.set(path, new Uint8Array(body));
      end(200);
    } else if (request.method === "DELETE") {
      objects.delete(path);
      end(204);
    } else if (request.method === "GET" && !path.includes("/")) {
      end(200, listing(path, url.searchParams, { objects, pageSize: options.pageSize ?? 1000 }));
    } else if (request.method === "GET" && found !== undefined) end(200, found);
    else if (request.method === "GET") fail(404, "NoSuchKey");
    else fail(405, "MethodNotAllowed");
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, objects, requests };
}

/** Files and folders are counted together, in the order of their names. */
function listing(
  bucket: string,
  parameters: URLSearchParams,
  { objects, pageSize }: { objects: ReadonlyMap<string, Uint8Array>; pageSize: number },
): string {
  const prefix = parameters.get("prefix") ?? "";
  const delimiter = parameters.get("delimiter");
  const start = parameters.get("continuation-token") ?? "";
  const names = new Set<string>();
  for (const path of objects.keys()) {
    if (!path.startsWith(`${bucket}/${prefix}`)) continue;
    const key = path.slice(bucket.length + 1);
    const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    names.add(end === -1 ? key : key.slice(0, end + 1));
  }
  const left = [...names].sort().filter((name) => name > start);
  const page = left.slice(0, pageSize);
  const parts = page.map((name) =>
    delimiter !== null && name.endsWith(delimiter)
      ? `<CommonPrefixes><Prefix>${escaped(name)}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${escaped(name)}</Key><Size>1</Size></Contents>`
  );
  const next = left.length > page.length
    ? `<NextContinuationToken>${escaped(page.at(-1) ?? "")}</NextContinuationToken>`
    : "";
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>${next}${
    parts.join("")
  }</ListBucketResult>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
