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

describe("capture trusts", () => {
  test("a pinned certificate, in any spelling and among several", async () => {
    const one = await server();
    const plain = one.fingerprint.replaceAll(":", "").toLowerCase();
    for (const PROXMOX_FINGERPRINT of [plain, `${OTHER}, ${one.fingerprint}`, `SHA256:${plain}`]) {
      const { warnings } = await captured(one, { settings: { PROXMOX_FINGERPRINT } });
      expect(warnings).toEqual([]);
    }
  });

  test("a certificate for the host that the CA of PROXMOX_CA_FILE signed", async () => {
    const one = await server();
    const settings = { PROXMOX_FINGERPRINT: "", PROXMOX_CA_FILE: await fileOf(one.certificatePem) };
    const { summary, warnings } = await captured(one, { settings });
    expect(warnings).toEqual([]);
    expect(summary.manifest.source.fingerprint).toBe(one.fingerprint);
  });

  test("any certificate by default, with one warning that prints the fingerprint to pin", async () => {
    const one = await server();
    const { warnings, summary } = await captured(one, { settings: { PROXMOX_FINGERPRINT: "" } });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`PROXMOX_FINGERPRINT=${one.fingerprint}`);
    expect(summary.manifest.source.fingerprint).toBe(one.fingerprint);
  });
});

describe("capture sends no request, and prints the fingerprint, for", () => {
  const cases: readonly (readonly [string, () => Promise<CaptureTexts>])[] = [
    ["a certificate other than the pinned one", async () => ({ PROXMOX_FINGERPRINT: OTHER })],
    ["a certificate that no CA of the system signed", async () => ({
      PROXMOX_FINGERPRINT: "",
      PROXMOX_SSL_VERIFY: "true",
    })],
    ["a certificate that another CA signed", async () => ({
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

  test("a certificate for another name, even of a trusted CA", async () => {
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
  ["that does not exist", "/nowhere/ca.pem", "no such file"],
  ["without a certificate", import.meta.filename, "holds no certificate"],
])("PROXMOX_CA_FILE %s is rejected with its path", async (_, PROXMOX_CA_FILE, why) => {
  const settings = { PROXMOX_FINGERPRINT: "", PROXMOX_CA_FILE };
  await expect(captured(await server(), { settings })).rejects.toMatchObject({
    kind: "usage",
    message: expect.stringMatching(new RegExp(`${PROXMOX_CA_FILE}.*${why}`, "i")),
  });
});

test("readCertificate returns the names and the end of a certificate", async () => {
  const one = await server();
  const shown = await readCertificate({ name: one.host, port: one.port });
  expect(shown).toMatchObject({ fingerprint: one.fingerprint, subject: "CN=localhost" });
  expect(shown.names).toContain("127.0.0.1");
  expect(new Date(shown.validTo).getTime()).toBeGreaterThan(Date.now());
  expect(one.traffic.requests).toBe(0);
});
