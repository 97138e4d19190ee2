/** Answers of `serve` for paths that the snapshot does not contain, and outside of the API. */
import { describe, expect, test } from "vitest";
import { inMemory } from "../helpers/in-memory.ts";
import { ask, dataOf, envelopeOf } from "../helpers/pve-client.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";
import { answersText, sealFiles } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const UNKNOWN = "The snapshot has no answer for this path";

describe("serve answers a request that capture did not send", () => {
  test.each([
    [
      "an agent that is off",
      "/nodes/pve1/qemu/109/agent/get-osinfo",
      500,
      "No QEMU guest agent configured",
    ],
    [
      "a stopped guest's agent",
      "/nodes/pve1/qemu/120/agent/get-osinfo",
      500,
      "VM 120 is not running",
    ],
    ["a template's agent", "/nodes/pve2/qemu/9000/agent/get-osinfo", 500, "VM 9000 is not running"],
    ["a template's config", "/nodes/pve2/qemu/9000/config", 500, UNKNOWN],
    ["an unreachable guest", "/nodes/pve4/qemu/152/config", 595, "No route to host"],
    ["an agent whose config was not read", "/nodes/pve3/qemu/119/agent/get-osinfo", 500, UNKNOWN],
    [
      "an agent command that capture never sends",
      "/nodes/pve1/qemu/100/agent/get-time",
      500,
      UNKNOWN,
    ],
    ["a running container's interfaces", "/nodes/pve1/lxc/110/interfaces", 500, UNKNOWN],
    [
      "a guest that no listing names",
      "/nodes/pve1/qemu/999/config",
      500,
      "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist",
    ],
    [
      "a guest on another node than its own",
      "/nodes/pve2/qemu/101/config",
      500,
      "Configuration file 'nodes/pve2/qemu-server/101.conf' does not exist",
    ],
    [
      "a container at the path of a virtual machine",
      "/nodes/pve1/qemu/110/config",
      500,
      "Configuration file 'nodes/pve1/qemu-server/110.conf' does not exist",
    ],
    [
      "a node that no listing names",
      "/nodes/pve9/status",
      500,
      "hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known",
    ],
    [
      "an endpoint that is not known",
      "/nodes/pve1/dns",
      501,
      "Method 'GET /nodes/pve1/dns' not implemented",
    ],
    ["an empty path", "", 501, "Method 'GET /' not implemented"],
  ])("for %s: %s", async (_, path, status, reason) => {
    const answer = await ask(await served(), path);
    expect([answer.status, answer.reason]).toEqual([status, reason]);
  });

  test("for interfaces of a stopped container: null, as in Proxmox VE", async () => {
    const answer = await ask(await served(), "/nodes/pve1/lxc/116/interfaces");
    expect([answer.status, envelopeOf(answer)]).toEqual([200, { data: null }]);
  });

  test("for interfaces of containers before PVE 8.1: not implemented", async () => {
    const answer = await ask(await served("test/fixtures/pve7"), "/nodes/alder/lxc/999/interfaces");
    expect(answer.reason).toBe("Method 'GET /nodes/alder/lxc/999/interfaces' not implemented");
  });

  test.each([
    [
      "/cluster/resources?type=pool",
      "type",
      /^value 'pool' does not have a value in the enumeration/,
    ],
    ["/nodes?sort=name", "sort", /^property is not defined in schema/],
  ])("for an unknown parameter with its name: %s", async (path, key, text) => {
    const answer = await ask(await served(), path);
    expect([answer.status, answer.reason]).toEqual([400, "Parameter verification failed."]);
    expect(envelopeOf(answer)).toMatchObject({ data: null, errors: { [key]: text } });
  });

  test("for the listing without a type with the guests", async () => {
    const server = await served();
    const [all, guests] = await Promise.all(
      ["/cluster/resources", "/cluster/resources?type=vm"].map((path) => ask(server, path)),
    );
    expect(dataOf(all!)).toHaveLength((dataOf(guests!) as unknown[]).length);
  });

  test("also from a nearly empty snapshot", async () => {
    const server = await served(inMemory({ cluster: {}, nodes: {} }));
    expect(await ask(server, "/nodes")).toMatchObject({ status: 500, reason: UNKNOWN });
    expect(await ask(server, "/nodes/pve1/status")).toMatchObject({ status: 500 });
  });
});

describe("serve answers from a snapshot with invalid answers:", () => {
  const DENIED = { denials: [{ privilege: "VM.Audit" }], offline: [] };

  test.each<[string, unknown, unknown]>([
    ["/nodes", ["x", null, 1], ["x", null, 1]],
    ["/nodes", "none", "none"],
    ["/cluster/resources?type=vm", [{}, null], [null]],
    ["/access/permissions", { "/": null }, { "/": null }],
    ["/version", { version: {} }, { version: {} }],
  ])("%s: %j as %j", async (path, data, expected) => {
    const snapshot = inMemory({ cluster: { [path]: { status: 200, data } }, nodes: {} });
    const answer = dataOf(await ask(await served(snapshot, DENIED), path));
    if (Array.isArray(expected)) expect(new Set(answer as unknown[])).toEqual(new Set(expected));
    else expect(answer).toEqual(expected);
  });

  test("an invalid line as a 500 that names the line", async () => {
    const files = { "pve/cluster.json": answersText({ "/pools": '{"status":"fine"}' }) };
    const snapshot = await sealFiles(await tempFolder(), files);
    const answer = await ask(await served(snapshot), "/pools");
    expect(answer.status).toBe(500);
    expect(answer.reason).toMatch(/pve\/cluster\.json in .*, line 2: /);
  });
});

describe("serve, outside of the API,", () => {
  test.each([
    ["GET", "/api2", 501, "no such uri"],
    ["GET", "/api2/extjs/nodes", 501, "no such uri"],
    ["GET", "/api2/jsonp", 501, "no such uri"],
    ["HEAD", "/api2/json/nodes", 501, "method 'HEAD' not available"],
    ["OPTIONS", "/api2/json/nodes", 501, "method 'OPTIONS' not available"],
    ["PATCH", "/api2/json/nodes", 501, "method 'PATCH' not available"],
    [
      "POST",
      "/api2/json/nodes/pve1/status",
      501,
      "Method 'POST /nodes/pve1/status' not implemented",
    ],
    ["DELETE", "/api2/json/nodes", 501, "Method 'DELETE /nodes' not implemented"],
  ])("answers %s %s with %i %s", async (method, path, status, reason) => {
    const answer = await ask(await served(), path, { method });
    expect([answer.status, answer.reason]).toEqual([status, reason]);
  });

  test("rejects GET with content", async () => {
    const answer = await ask(await served(), "/nodes", {
      content: "{}",
      headers: { "content-length": "2" },
    });
    expect([answer.status, answer.reason]).toEqual([501, "Unexpected content for method 'GET'"]);
  });

  test("rejects chunked content", async () => {
    const answer = await ask(await served(), "/nodes", {
      content: "{}",
      headers: { "transfer-encoding": "chunked" },
    });
    expect([answer.status, answer.reason])
      .toEqual([501, "chunked transfer encoding not supported"]);
  });

  test.each(["/api2//json/nodes", "/api2/json/nodes/", "/api2/json/%6Eodes"])(
    "accepts %s, a spelling of an API path",
    async (path) => expect((await ask(await served(EXAMPLE), path)).status).toBe(200),
  );
});
