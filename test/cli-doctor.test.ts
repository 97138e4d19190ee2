/** The command doctor for NetBox, alone and with Proxmox VE. */
import { expect, test } from "vitest";
import { SURVEYED } from "../src/netbox/types/surveyed.ts";
import { textsFor } from "./helpers/capturing.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { runCli } from "./helpers/run-cli.ts";
import { served } from "./helpers/serving.ts";
import { TOKEN } from "./helpers/small-netbox.ts";
import { surveyedNetBox } from "./helpers/surveying.ts";

const ENV = { NETBOX_TOKEN: TOKEN, NETBOX_RETRY_DELAY: "1ms" };
const DENIED = { denied: ["virtualization/virtual-machines", "extras/tags"] };

test("tells the versions and that the token may view every type", async () => {
  const { url, asked } = await surveyedNetBox();
  const { code, stdout, stderr } = await runCli(["doctor", "--netbox", url], { env: ENV });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`${url}, version 4.7.3`);
  expect(stdout).toMatch(/^ {2}Diode plugin +1\.18\.1$/m);
  expect(stdout).toMatch(/^ {2}virtual machines +yes +2 +virtualization\.view_virtualmachine$/m);
  expect(asked.length).toBe(SURVEYED.length + 1);
});

test("names exactly the permissions that the token lacks, and exits with 4", async () => {
  const { url } = await surveyedNetBox(DENIED);
  const { code, stdout } = await runCli(["doctor", "--netbox", url], { env: ENV });
  expect(code).toBe(4);
  expect(stdout.split("Admin > Permissions:\n\n")[1]).toBe(
    "    extras.view_tag\n    virtualization.view_virtualmachine\n\n",
  );
});

test("prints JSON", async () => {
  const { url } = await surveyedNetBox(DENIED);
  const { stdout } = await runCli(["doctor", "--netbox", url, "--json"], { env: ENV });
  const { netbox } = JSON.parse(stdout);
  expect(netbox).toMatchObject({
    url,
    version: "4.7.3",
    diode_plugin: "1.18.1",
    missing_permissions: ["extras.view_tag", "virtualization.view_virtualmachine"],
  });
  expect(netbox.access.map(({ type }: { type: string }) => type))
    .toEqual(SURVEYED.map(({ name }) => name));
  expect(netbox.access[0]).toEqual({ type: "tag", permission: "extras.view_tag", may: "denied" });
});

test("tells a refused type from a denied one", async () => {
  const { url } = await surveyedNetBox({
    faultOf: (asked) => asked.url.pathname.includes("/vlans/") ? { status: 404 } : undefined,
  });
  const { code, stdout } = await runCli(["doctor", "--netbox", url], { env: ENV });
  expect(code).toBe(4);
  expect(stdout).toMatch(/^ {2}VLANs +refused: HTTP 404 +ipam\.view_vlan$/m);
  expect(stdout).not.toContain("Grant");
});

test("checks Proxmox VE too if both are named", async () => {
  const { url } = await surveyedNetBox(DENIED);
  const server = await served("test/fixtures/pve9");
  const texts = Object.entries(textsFor(server)).map(([name, text]) => [name, text ?? ""]);
  const env = { ...ENV, ...Object.fromEntries(texts), NETBOX_URL: url };
  const { code, stdout, stderr } = await runCli(["doctor", "--json"], { env });
  expect(code, stderr).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({ port: server.port, netbox: { url } });
  const shown = await runCli(["doctor"], { env });
  expect(shown.stdout).toMatch(/Proxmox VE 9[\s\S]+version 4\.7\.3/);
});

test("requires a host if neither is named, and never prints a token that NetBox refuses", async () => {
  expectError(await runCli(["doctor"]), 2, "PROXMOX_HOST (--proxmox-host) is required");
  const { url } = await surveyedNetBox();
  const refused = await runCli(["doctor", "--netbox", url, "--verbose"], {
    env: { NETBOX_TOKEN: "nbt_other.t0p-s3cret" },
  });
  expectError(refused, 6, "Invalid v2 token", "NETBOX_TOKEN");
  expect(refused.stderr).not.toContain("t0p-s3cret");
});
