/** The token that `serve` accepts, and its answers to other tokens. */
import { describe, expect, test } from "vitest";
import { dialectOf, parseVersion } from "../../src/rehearse/serve/replies.ts";
import { parseToken, refusalOf, REHEARSAL_TOKEN } from "../../src/rehearse/serve/request.ts";
import { ask, authorizationOf, keepAliveAgent } from "../helpers/pve-client.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";

const TOKEN = { user: "netbox@pve", name: "sync", value: "s3cret" };

describe("the header Authorization for serve", () => {
  test.each([
    "PVEAPIToken=netbox@pve!sync=s3cret",
    "PVEAPIToken netbox@pve!sync=s3cret",
    "PVEAPIToken=netbox%40pve%21sync%3Ds3cret",
    "PVEAPIToken=netbox@pve!sync=s3cret; and more",
    "Bearer x PVEAPIToken=netbox@pve!sync=s3cret",
  ])("is accepted as %s", (header) => {
    expect(refusalOf(header, TOKEN)).toBeUndefined();
  });

  test.each([
    [undefined, "No ticket"],
    ["", "No ticket"],
    ["Bearer s3cret", "No ticket"],
    ["PVEAPIToken:netbox@pve!sync=s3cret", "No ticket"],
    ["PVEAPIToken=netbox@pve!sync", "no tokenid specified"],
    ["PVEAPIToken=netbox@pve!sync:s3cret", "no tokenid specified"],
    [
      "PVEAPIToken=netbox!sync=s3cret",
      "'netbox!sync' is not a valid token ID - not able to split into user and token parts",
    ],
    ["PVEAPIToken=root@pam!sync=s3cret", "no such user ('root@pam')"],
    ["PVEAPIToken=netbox@pve!x1=s3cret", "no such token 'x1' for user 'netbox@pve'"],
    ["PVEAPIToken=netbox@pve!sync=s3cre", "invalid token value!"],
    ["PVEAPIToken=netbox@pve!sync=s3cret\n", "invalid token value!"],
  ])("is rejected as %j: %s", (header, reason) => {
    expect(refusalOf(header, TOKEN)).toBe(reason);
  });
});

describe("serve rejects a token", () => {
  test.each([
    ["test/fixtures/pve7", "", "No ticket"],
    ["test/fixtures/pve7", "PVEAPIToken=a@b1!c1=d", "no such user ('a@b1')"],
    ["test/fixtures/pve8", "PVEAPIToken=a@b1!c1=d", "no such user ('a@b1')"],
    ["test/fixtures/pve9", "", "No ticket"],
    ["test/fixtures/pve9", "PVEAPIToken=a@b1!c1=d", "Authentication failed!"],
  ])(
    "from %s, %j, with 401 %s, without body and content type",
    async (folder, authorization, reason) => {
      const server = await served(folder, { refusalMs: 0 });
      const answer = await ask(server, "/version", { authorization });
      expect([answer.status, answer.reason]).toEqual([401, reason]);
      expect(answer.body.length).toBe(0);
      expect(answer.headers["content-type"]).toBeUndefined();
      expect(answer.headers["connection"]).toBe("close");
    },
  );

  test("after a delay, which slows down attempts to guess it", async () => {
    const server = await served(EXAMPLE, { refusalMs: 300 });
    const since = performance.now();
    await ask(server, "/version", { authorization: "PVEAPIToken=a@b1!c1=d" });
    expect(performance.now() - since).toBeGreaterThan(290);
  });

  test("without the secret in any answer", async () => {
    const server = await served(EXAMPLE, { token: TOKEN, refusalMs: 0 });
    const wrong = await ask(server, "/version", { authorization: "PVEAPIToken=netbox@pve!sync=x" });
    expect(wrong.status).toBe(401);
    const answers = [wrong, await ask(server, "/version"), await ask(server, "/nonsense")];
    expect(JSON.stringify(answers.map((each) => [each, each.body.toString()]))).not.toContain(
      TOKEN.value,
    );
  });

  test("from the request at which it expires", async () => {
    const server = await served("test/fixtures/pve7", { expireTokenAfter: 2, refusalMs: 0 });
    const agent = keepAliveAgent(server);
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push(await ask(server, "/version", { agent }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401]);
    expect(answers[2]?.reason).toBe("token 'capture' access expired");
  });
});

describe("the token that serve accepts", () => {
  test("is the default token, unless settings name another one", async () => {
    expect(authorizationOf(await served())).toBe(
      `PVEAPIToken=rehearsal@pve!capture=${REHEARSAL_TOKEN.value}`,
    );
    const other = await served(EXAMPLE, { token: TOKEN });
    expect((await ask(other, "/version")).status).toBe(200);
  });

  test.each([
    ["PROXMOX_USER", "netbox"],
    ["PROXMOX_USER", "netbox@pve!sync"],
    ["PROXMOX_TOKEN_NAME", "1st"],
  ])("cannot have the %s %j", (name, text) => {
    expect(() => parseToken({ [name]: text })).toThrow(
      new RegExp(`^${name} \\(--.*, not "${text}"$`),
    );
  });

  test("has a secret that errors do not print", () => {
    expect(() => parseToken({ PROXMOX_TOKEN_VALUE: "a=b" }))
      .toThrow(
        /^PROXMOX_TOKEN_VALUE \(--[a-z-]+\) must be letters, digits, dashes and underscores$/,
      );
  });
});

describe("the answers of serve depend on the version:", () => {
  test.each([
    ["7.4-16", { foldsUnauthorized: false, hasMessage: false, hidesBridges: false }],
    ["8.0.3", { hasLxcInterfaces: false, hidesBridges: true, hasDeflate: false }],
    ["8.1.4", { hasLxcInterfaces: true, major: 8 }],
    ["8.3.5", { hasMessage: false, hasPlainErrors: false, hasDeflate: true }],
    ["8.4.16", { hasMessage: true, hasPlainErrors: true, foldsUnauthorized: false }],
    ["8.4.17", { foldsUnauthorized: true }],
    ["9.0.6", {
      foldsUnauthorized: false,
      major: 9,
    }],
    ["9.1.5", { foldsUnauthorized: true }],
  ])("%s: %o", (version, expected) => {
    expect(dialectOf(parseVersion(version))).toMatchObject(expected);
  });

  test("an unknown version is treated as the newest", () => {
    expect(parseVersion("soon")).toBeUndefined();
    expect(dialectOf()).toEqual(dialectOf(parseVersion("9.2.0")));
  });
});
