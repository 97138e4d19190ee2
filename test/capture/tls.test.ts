/** The token is sent only to a host with a trusted certificate. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCertificate } from "../../src/http/certificate.ts";
import type { CaptureTexts } from "../../src/capture/settings.ts";
import { makeCertificate } from "../../src/rehearse/server.ts";
import { captured, liveLab } from "../helpers/capturing.ts";
import { served } from "../helpers/serving.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const OTHER =
  "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

async function fileOf(pem: string): Promise<string> {
  const file = join(await tempFolder(), "ca.pem");
  await writeFile(file, pem);
  return file;
}

const server = () => served(liveLab({ guests: [{ vmid: 101, config: {} }] }));

describe("is trusted", () => {
  test("a certificate that is pinned, in any spelling, one of several", async () => {
    const one = await server();
    const plain = one.fingerprint.replaceAll(":", "").toLowerCase();
    for (const PROXMOX_FINGERPRINT of [plain, `${OTHER}, ${one.fingerprint}`, `SHA256:${plain}`]) {
      const { warnings } = await captured(one, { settings: { PROXMOX_FINGERPRINT } });
      expect(warnings).toEqual([]);
    }
  });

  test("a certificate that the authority of a file signed, for the host that is asked", async () => {
    const one = await server();
    const settings = { PROXMOX_FINGERPRINT: "", PROXMOX_CA_FILE: await fileOf(one.certificatePem) };
    const { summary, warnings } = await captured(one, { settings });
    expect(warnings).toEqual([]);
    expect(summary.manifest.source.fingerprint).toBe(one.fingerprint);
  });

  test("any, as in the mapping document, with one warning that names the fingerprint to pin", async () => {
    const one = await server();
    const { warnings, summary } = await captured(one, { settings: { PROXMOX_FINGERPRINT: "" } });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`PROXMOX_FINGERPRINT=${one.fingerprint}`);
    expect(summary.manifest.source.fingerprint).toBe(one.fingerprint);
  });
});

describe("is not trusted, gets no request, and its fingerprint is shown", () => {
  const cases: readonly (readonly [string, () => Promise<CaptureTexts>])[] = [
    ["another than the pinned one", async () => ({ PROXMOX_FINGERPRINT: OTHER })],
    ["one that no authority of the system signed", async () => ({
      PROXMOX_FINGERPRINT: "",
      PROXMOX_SSL_VERIFY: "true",
    })],
    ["one that another authority signed", async () => ({
      PROXMOX_FINGERPRINT: "",
      PROXMOX_CA_FILE: await fileOf((await makeCertificate()).certificatePem),
    })],
  ];

  test.each(cases)("%s", async (_, settings) => {
    const one = await server();
    await expect(captured(one, { settings: await settings() })).rejects.toMatchObject({
      kind: "remote",
      message: expect.stringContaining("its certificate is not trusted"),
      hint: expect.stringContaining(one.fingerprint),
    });
    expect(one.traffic.requests).toBe(0);
  });

  test("one for another name, though its authority is trusted", async () => {
    const one = await server();
    const settings = {
      PROXMOX_HOST: "127.0.0.2",
      PROXMOX_FINGERPRINT: "",
      PROXMOX_CA_FILE: await fileOf(one.certificatePem),
    };
    await expect(captured(one, { settings })).rejects.toMatchObject({ kind: "remote" });
    expect(one.traffic.requests).toBe(0);
  });
});

test.each([
  ["that is not there", "/nowhere/ca.pem", "no such file"],
  ["that holds no certificate", import.meta.filename, "holds no certificate"],
])("a file of authorities %s is refused by name", async (_, PROXMOX_CA_FILE, why) => {
  const settings = { PROXMOX_FINGERPRINT: "", PROXMOX_CA_FILE };
  await expect(captured(await server(), { settings })).rejects.toMatchObject({
    kind: "usage",
    message: expect.stringMatching(new RegExp(`${PROXMOX_CA_FILE}.*${why}`, "i")),
  });
});

test("a certificate is shown with its names and its end", async () => {
  const one = await server();
  const shown = await readCertificate({ name: one.host, port: one.port });
  expect(shown).toMatchObject({ fingerprint: one.fingerprint, subject: "CN=localhost" });
  expect(shown.names).toContain("127.0.0.1");
  expect(new Date(shown.validTo).getTime()).toBeGreaterThan(Date.now());
  expect(one.traffic.requests).toBe(0);
});
