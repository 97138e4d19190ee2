/** What is answered where a snapshot holds no answer, and to requests outside of the API. */
import { describe, expect, test } from "vitest";
import { inMemory } from "../helpers/in-memory.ts";
import { ask, dataOf, envelopeOf } from "../helpers/pve-client.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";
import { answersText, sealFiles } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const UNKNOWN = "The snapshot has no answer for this path";

describe("a request that capture did not send", () => {
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
    ["an agent's command that is never asked", "/nodes/pve1/qemu/100/agent/get-time", 500, UNKNOWN],
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
      "a container that is called a virtual machine",
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
    ["nothing at all", "", 501, "Method 'GET /' not implemented"],
  ])("%s: %s", async (_, path, status, reason) => {
    const heard = await ask(await served(), path);
    expect([heard.status, heard.reason]).toEqual([status, reason]);
  });

  test("interfaces of a stopped container are null, as in Proxmox VE", async () => {
    const heard = await ask(await served(), "/nodes/pve1/lxc/116/interfaces");
    expect([heard.status, envelopeOf(heard)]).toEqual([200, { data: null }]);
  });

  test("interfaces of containers are unknown before PVE 8.1", async () => {
    const heard = await ask(await served("test/fixtures/pve7"), "/nodes/alder/lxc/999/interfaces");
    expect(heard.reason).toBe("Method 'GET /nodes/alder/lxc/999/interfaces' not implemented");
  });

  test.each([
    [
      "/cluster/resources?type=pool",
      "type",
      /^value 'pool' does not have a value in the enumeration/,
    ],
    ["/nodes?sort=name", "sort", /^property is not defined in schema/],
  ])("a parameter that is not taken is named: %s", async (path, key, text) => {
    const heard = await ask(await served(), path);
    expect([heard.status, heard.reason]).toEqual([400, "Parameter verification failed."]);
    expect(envelopeOf(heard)).toMatchObject({ data: null, errors: { [key]: text } });
  });

  test("the listing without a type has the guests", async () => {
    const server = await served();
    const [all, guests] = await Promise.all(
      ["/cluster/resources", "/cluster/resources?type=vm"].map((path) => ask(server, path)),
    );
    expect(dataOf(all!)).toHaveLength((dataOf(guests!) as unknown[]).length);
  });

  test("a nearly empty snapshot is served, too", async () => {
    const server = await served(inMemory({ cluster: {}, nodes: {} }));
    expect(await ask(server, "/nodes")).toMatchObject({ status: 500, reason: UNKNOWN });
    expect(await ask(server, "/nodes/pve1/status")).toMatchObject({ status: 500 });
  });
});

describe("a snapshot with invalid answers is served", () => {
  const DENIED = { denials: [{ privilege: "VM.Audit" }], offline: [] };

  test.each<[string, unknown, unknown]>([
    ["/nodes", ["x", null, 1], ["x", null, 1]],
    ["/nodes", "none", "none"],
    ["/cluster/resources?type=vm", [{}, null], [null]],
    ["/access/permissions", { "/": null }, { "/": null }],
    ["/version", { version: {} }, { version: {} }],
  ])("%s: %j as %j", async (path, data, expected) => {
    const snapshot = inMemory({ cluster: { [path]: { status: 200, data } }, nodes: {} });
    const heard = dataOf(await ask(await served(snapshot, DENIED), path));
    if (Array.isArray(expected)) expect(new Set(heard as unknown[])).toEqual(new Set(expected));
    else expect(heard).toEqual(expected);
  });

  test("an invalid line is a 500 that names it", async () => {
    const files = { "pve/cluster.json": answersText({ "/pools": '{"status":"fine"}' }) };
    const snapshot = await sealFiles(await tempFolder(), files);
    const heard = await ask(await served(snapshot), "/pools");
    expect(heard.status).toBe(500);
    expect(heard.reason).toMatch(/pve\/cluster\.json in .*, line 2: /);
  });
});

describe("requests outside of the API", () => {
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
  ])("%s %s: %i %s", async (method, path, status, reason) => {
    const heard = await ask(await served(), path, { method });
    expect([heard.status, heard.reason]).toEqual([status, reason]);
  });

  test("GET with content is refused", async () => {
    const heard = await ask(await served(), "/nodes", {
      content: "{}",
      headers: { "content-length": "2" },
    });
    expect([heard.status, heard.reason]).toEqual([501, "Unexpected content for method 'GET'"]);
  });

  test("chunked content is refused", async () => {
    const heard = await ask(await served(), "/nodes", {
      content: "{}",
      headers: { "transfer-encoding": "chunked" },
    });
    expect([heard.status, heard.reason])
      .toEqual([501, "chunked transfer encoding not supported"]);
  });

  test.each(["/api2//json/nodes", "/api2/json/nodes/", "/api2/json/%6Eodes"])(
    "but %s is one",
    async (path) => expect((await ask(await served(EXAMPLE), path)).status).toBe(200),
  );
});
