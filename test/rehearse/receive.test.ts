/** `receive` on real sockets: it answers as Diode behind nginx. */
import { once } from "node:events";
import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  IngesterService,
  IngestRequestSchema,
  IngestResponseSchema,
} from "../../src/netbox/diode/ingester.ts";
import type { ReceiveOptions } from "../../src/rehearse/receive/receive.ts";
import { askToken, call, framed, INGEST_PATH, statusOf, tokenOf } from "../helpers/diode-client.ts";
import { HEADER, received, requestBytes, requestOfSize, tag } from "../helpers/receiving.ts";

const PROTOCOLS = [["h2c", {}], ["TLS", { isTls: true }]] as const satisfies readonly (
  readonly [string, ReceiveOptions]
)[];
const MIB = 2 ** 20;

describe.each(PROTOCOLS)("receive over %s", (_, options) => {
  test("accepts token requests and entities on one port, and stores the entities", async () => {
    const receiver = await received(options);
    const sent = [tag("one"), tag("two")];
    const answer = await call(receiver, requestBytes(sent), { token: await tokenOf(receiver) });
    expect([answer.status, statusOf(answer)]).toEqual([200, "0"]);
    expect(fromBinary(IngestResponseSchema, answer.body.subarray(5)).errors).toEqual([]);
    expect(receiver.entities()).toEqual(sent);
    expect(receiver.requests).toMatchObject([{ id: HEADER.id, sdkName: "a-test", entities: 2 }]);
  });

  test("accepts parallel requests of a Connect client over one connection", async () => {
    const receiver = await received(options);
    const ca = receiver.certificatePem;
    const transport = createGrpcTransport({
      baseUrl: receiver.target.replace(/^grpc/, "http"),
      ...(ca === undefined ? {} : { nodeOptions: { ca } }),
    });
    const client = createClient(IngesterService, transport);
    const headers = { authorization: `Bearer ${await tokenOf(receiver)}` };
    const request = fromBinary(IngestRequestSchema, requestOfSize(MIB));
    const answers = Array.from({ length: 8 }, () => client.ingest(request, { headers }));
    for (const { errors } of await Promise.all(answers)) expect(errors).toEqual([]);
    expect(receiver.requests).toHaveLength(8);
    expect(new Set(receiver.requests.map(({ bytes }) => bytes))).toEqual(new Set([MIB]));
  });

  test("accepts any path prefix, also an empty one", async () => {
    for (const prefix of ["", "/a/b"]) {
      const receiver = await received({ ...options, prefix });
      expect(receiver.target).toMatch(new RegExp(`:${receiver.port}${prefix}$`));
      const token = await tokenOf(receiver);
      expect(statusOf(await call(receiver, requestBytes([tag("x")]), { token }))).toBe("0");
    }
  });
});

test("receive listens only on the loopback interface, on a free port", async () => {
  const { target, port, certificatePem } = await received();
  expect(target).toBe(`grpc://127.0.0.1:${port}/diode`);
  expect(port).toBeGreaterThan(1023);
  expect(certificatePem).toBeUndefined();
});

test("receive closes all connections when it stops, also idle ones", async () => {
  const receiver = await received();
  const token = await tokenOf(receiver);
  const { connect } = await import("node:net");
  const silent = connect(receiver.port, "127.0.0.1");
  const closed = new Promise((resolve) => silent.on("close", resolve));
  silent.on("error", () => undefined);
  await call(receiver, requestBytes([tag("x")]), { token });
  await receiver.close();
  await closed;
  await expect(tokenOf(receiver)).rejects.toThrow(/ECONNREFUSED|refused/i);
});

describe("the token endpoint of receive", () => {
  const FORM = { grant_type: "client_credentials", scope: "diode:ingest" };

  test("accepts credentials in the form body, as the SDKs send them", async () => {
    const receiver = await received();
    const { status, headers, body } = await askToken(receiver);
    expect([status, headers["content-type"]]).toEqual([200, "application/json;charset=UTF-8"]);
    expect(JSON.parse(body.toString())).toEqual({
      access_token: expect.stringMatching(/^[\w-]{20,}$/),
      expires_in: 3600,
      scope: "diode:ingest",
      token_type: "bearer",
    });
    expect(receiver.countTokens()).toBe(1);
  });

  test.each([
    ["rehearsal", "a secret"],
    ["ümlaut:id", "100% +&=:"],
  ])("accepts HTTP Basic for the client %j", async (id, secret) => {
    const receiver = await received({ client: { id, secret } });
    const encoded = [id, secret].map((text) => new URLSearchParams({ text }).toString().slice(5));
    const authorization = `Basic ${Buffer.from(encoded.join(":")).toString("base64")}`;
    expect((await askToken(receiver, FORM, { headers: { authorization } })).status).toBe(200);
  });

  test.each([
    ["a wrong secret", { ...FORM, client_id: "diode-rehearsal", client_secret: "no" }, 401],
    ["an unknown client", { ...FORM, client_id: "no", client_secret: "rehearsal-only" }, 401],
    ["no credentials", FORM, 401],
  ])("answers %s with invalid_client", async (_, form, code) => {
    const receiver = await received();
    const { status, body } = await askToken(receiver, form);
    expect([status, JSON.parse(body.toString())]).toMatchObject([code, {
      error: "invalid_client",
    }]);
    expect(receiver.countTokens()).toBe(0);
  });

  test.each([
    ["no grant type", { grant_type: "" }, "unsupported_grant_type"],
    ["another grant type", { grant_type: "password" }, "unsupported_grant_type"],
    ["another scope", { scope: "diode:read" }, "invalid_scope"],
  ])("answers %s with 400", async (_, change, error) => {
    const receiver = await received();
    const { id: client_id, secret: client_secret } = receiver.client;
    const { status, body } = await askToken(receiver, {
      ...FORM,
      client_id,
      client_secret,
      ...change,
    });
    expect([status, JSON.parse(body.toString())]).toMatchObject([400, { error }]);
  });

  test("answers an empty form with invalid_request, and GET with 405", async () => {
    const receiver = await received();
    const { status, body } = await askToken(receiver, {});
    expect([status, JSON.parse(body.toString())]).toMatchObject([400, {
      error: "invalid_request",
    }]);
    const get = await askToken(receiver, {}, { method: "GET" });
    expect([get.status, get.headers.allow]).toEqual([405, "POST"]);
  });
});

describe("receive answers without gRPC, as nginx does:", () => {
  const UNAUTHORIZED = '{"error":"unauthorized","error_description":"Authentication required"}';

  test.each([
    ["without a token", undefined],
    ["with an unknown token", "made-up"],
  ])("401 %s", async (_, token) => {
    const receiver = await received();
    const options = token === undefined ? {} : { token };
    const answer = await call(receiver, requestBytes([tag("x")]), options);
    expect([answer.status, answer.body.toString()]).toEqual([401, UNAUTHORIZED]);
    expect(answer.headers["grpc-status"]).toBeUndefined();
    expect(receiver.requests).toEqual([]);
  });

  test("401 for an expired token", async () => {
    const receiver = await received({ tokenLifeMs: 0 });
    const token = await tokenOf(receiver);
    expect((await call(receiver, requestBytes([tag("x")]), { token })).status).toBe(401);
    expect(receiver.countTokens()).toBe(1);
  });

  test("401 before it reads a large body, and it answers further requests", async () => {
    const receiver = await received();
    const bytes = requestOfSize(3 * MIB);
    for (const _ of [1, 2, 3, 4]) expect((await call(receiver, bytes)).status).toBe(401);
    expect(statusOf(await call(receiver, bytes, { token: await tokenOf(receiver) }))).toBe("0");
  });

  test.each([INGEST_PATH, "/diode/", "/diode/diode.v1.ReconcilerService/X", "/auth/token"])(
    "404 with an HTML page for %s",
    async (path) => {
      const receiver = await received();
      const answer = await call(receiver, requestBytes([tag("x")]), {
        token: await tokenOf(receiver),
        path,
      });
      expect([answer.status, answer.headers["content-type"]]).toEqual([404, "text/html"]);
      expect(answer.body.toString()).toContain("<center><h1>404 Not Found</h1></center>");
    },
  );

  test("413 for a body of more than 25 MB", async () => {
    const receiver = await received();
    const token = await tokenOf(receiver);
    const answer = await call(receiver, new Uint8Array(25 * MIB), { token });
    expect([answer.status, answer.headers["content-type"]]).toEqual([413, "text/html"]);
  });
});

describe("the ingester of receive", () => {
  async function statusFor(body: Uint8Array, headers: Record<string, string> = {}) {
    const receiver = await received();
    const token = await tokenOf(receiver);
    const status = statusOf(await call(receiver, body, { token, headers }));
    return { status, kept: receiver.requests.length };
  }

  test.each([
    ["id", "id is empty"],
    ["producer_app_name", "producer app name is empty"],
    ["producer_app_version", "producer app version is empty"],
    ["sdk_name", "sdk name is empty"],
    ["sdk_version", "sdk version is empty"],
  ])("answers UNKNOWN when %s is empty", async (field, text) => {
    const bytes = requestBytes([tag("x")], { ...HEADER, [field]: "" });
    expect(await statusFor(bytes)).toEqual({ status: `2 ${text}`, kept: 0 });
  });

  test("sends a status without a message only in the headers", async () => {
    const receiver = await received();
    const token = await tokenOf(receiver);
    const refused = await call(receiver, requestBytes([]), { token });
    const accepted = await call(receiver, requestBytes([tag("x")]), { token });
    expect([refused.isHeadersOnly, accepted.isHeadersOnly]).toEqual([true, false]);
    expect(accepted.trailers["grpc-status"]).toBe("0");
  });

  test("answers UNKNOWN without entities, and reports the first of several errors", async () => {
    expect((await statusFor(requestBytes([]))).status).toBe("2 entities is empty");
    expect((await statusFor(new Uint8Array())).status).toBe("2 id is empty");
  });

  test("does not check requirements that only the schema has", async () => {
    const many = Array.from({ length: 1001 }, (_, i) => tag(`t${i}`));
    const header = { ...HEADER, stream: "", id: "no UUID", sdk_version: "v1.2-dev" };
    expect(await statusFor(requestBytes(many, header))).toEqual({ status: "0", kept: 1 });
  });

  test("accepts a message of 4 MiB and rejects a larger one", async () => {
    expect(await statusFor(requestOfSize(4 * MIB))).toEqual({ status: "0", kept: 1 });
    const text = "grpc: received message larger than max (4194305 vs. 4194304)";
    expect(await statusFor(requestOfSize(4 * MIB + 1))).toEqual({ status: `8 ${text}`, kept: 0 });
  });

  test("acknowledges an entity without a type, with an error that names its index", async () => {
    const receiver = await received();
    const entities = [tag("x"), { timestamp: tag("x").timestamp }, {}];
    const token = await tokenOf(receiver);
    const { body } = await call(receiver, requestBytes(entities), { token });
    expect(fromBinary(IngestResponseSchema, body.subarray(5)).errors).toEqual([
      "entity at index 1 is nil",
      "entity at index 2 is nil",
    ]);
    expect(receiver.entities()).toEqual(entities);
  });

  test("answers INTERNAL to bytes that are not a message", async () => {
    const { status, kept } = await statusFor(new Uint8Array([0x0a, 0xff, 0x01]));
    expect(status).toMatch(/^13 grpc: error unmarshalling request: /);
    expect(kept).toBe(0);
  });

  test.each([
    ["an empty body", Buffer.alloc(0)],
    ["half of a length prefix", Buffer.from([0, 0])],
    ["fewer bytes than its length prefix", framed(requestBytes([tag("x")])).subarray(0, -1)],
  ])("answers INTERNAL to %s", async (_, body) => {
    const receiver = await received();
    const token = await tokenOf(receiver);
    const answer = await call(receiver, new Uint8Array(), { token, body });
    expect(statusOf(answer)).toBe("13 unexpected EOF");
  });

  test("answers UNIMPLEMENTED to compression and to other methods", async () => {
    const { status } = await statusFor(requestBytes([tag("x")]), { "grpc-encoding": "gzip" });
    expect(status).toBe('12 grpc: Decompressor is not installed for grpc-encoding "gzip"');
    const receiver = await received();
    const path = "/diode/diode.v1.IngesterService/Delete";
    const token = await tokenOf(receiver);
    expect(statusOf(await call(receiver, requestBytes([tag("x")]), { token, path }))).toBe(
      "12 unknown method Delete for service diode.v1.IngesterService",
    );
  });

  test("answers UNAUTHENTICATED to a token without the scope", async () => {
    const receiver = await received();
    const { id: client_id, secret: client_secret } = receiver.client;
    const form = { grant_type: "client_credentials", client_id, client_secret };
    const { body } = await askToken(receiver, form);
    const { access_token: token } = JSON.parse(body.toString()) as { access_token: string };
    expect(statusOf(await call(receiver, requestBytes([tag("x")]), { token }))).toBe(
      "16 missing required scope",
    );
  });

  test("answers INTERNAL when it cannot store the request", async () => {
    const receiver = await received({ onRequest: () => Promise.reject(new Error("disk full")) });
    const answer = await call(receiver, requestBytes([tag("x")]), {
      token: await tokenOf(receiver),
    });
    expect([answer.status, statusOf(answer)]).toEqual([200, "13"]);
    expect(receiver.requests).toEqual([]);
  });
});

test("receive with isForgetful counts requests and stores no entities", async () => {
  const receiver = await received({ isForgetful: true });
  await call(receiver, requestBytes([tag("x")]), { token: await tokenOf(receiver) });
  expect(receiver.requests).toMatchObject([{ entities: 1 }]);
  expect(receiver.entities()).toEqual([]);
});

test("receive with latencyMs delays every answer", async () => {
  const receiver = await received({ latencyMs: 60 });
  const start = performance.now();
  const token = await tokenOf(receiver);
  await call(receiver, requestBytes([tag("x")]), { token });
  expect(performance.now() - start).toBeGreaterThanOrEqual(115);
});

test("receive answers other clients after one disconnects during a request", async () => {
  const receiver = await received();
  const token = await tokenOf(receiver);
  const { connect } = await import("node:http2");
  const session = connect(`http://127.0.0.1:${receiver.port}`);
  session.on("error", () => undefined);
  const stream = session.request({
    ":method": "POST",
    ":path": `/diode${INGEST_PATH}`,
    authorization: `Bearer ${token}`,
  });
  stream.on("error", () => undefined);
  await new Promise((resolve) =>
    stream.write(framed(requestBytes([tag("x")])).subarray(0, 9), resolve)
  );
  const closed = new Promise((resolve) => session.on("close", resolve));
  session.destroy();
  await closed;
  expect(statusOf(await call(receiver, requestBytes([tag("y")]), { token }))).toBe("0");
  expect(receiver.entities()).toEqual([tag("y")]);
});

test.each([
  ["GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
])(
  "receive with TLS answers %j with a page, as nginx does, and closes the connection",
  async (sent) => {
    const { port } = await received({ isTls: true });
    const chunks: Buffer[] = [];
    const client = connect(port, "127.0.0.1", () => client.write(sent));
    client.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(client, "end");
    const answer = Buffer.concat(chunks).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain("The plain HTTP request was sent to HTTPS port");
  },
);
