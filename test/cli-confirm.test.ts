/** push --confirm: what people and pipelines see of a Diode that loses, refuses and doubles entities. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REHEARSAL_NETBOX_TOKEN } from "../src/rehearse/settings.ts";
import { expectError } from "./helpers/cli-folders.ts";
import {
  type DiodeAndNetBox,
  diodeAndNetBox,
  type Disturbances,
} from "./helpers/diode-and-netbox.ts";
import { ROOT } from "./helpers/golden.ts";
import { type Finished, runCli } from "./helpers/run-cli.ts";
import { served } from "./helpers/serving.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");

function envOf({ receiver, netbox }: DiodeAndNetBox): Record<string, string> {
  return {
    DIODE_TARGET: receiver.target,
    DIODE_CLIENT_ID: receiver.client.id,
    DIODE_CLIENT_SECRET: receiver.client.secret,
    NETBOX_URL: netbox.url,
    NETBOX_TOKEN: REHEARSAL_NETBOX_TOKEN,
    NETBOX_RETRY_DELAY: "1ms",
    PUSH_RETRY_DELAY: "1ms",
    PUSH_RESEND_AFTER: "100ms",
    PUSH_CONFIRM_TIMEOUT: "20s",
  };
}

async function example(): Promise<string> {
  const run = await tempFolder();
  await cp(EXAMPLE, run, { recursive: true });
  return run;
}

async function confirmed(
  disturbances: Disturbances,
  args: readonly string[] = [],
): Promise<Finished & { readonly both: DiodeAndNetBox; readonly run: string }> {
  const both = await diodeAndNetBox(disturbances);
  const run = await example();
  const done = await runCli(["push", run, "--confirm", ...args], { env: envOf(both) });
  return Object.assign(done, { both, run });
}

describe("push --confirm", () => {
  test("says that NetBox has all of it, and does nothing the second time", async () => {
    const { code, stdout, stderr, both, run } = await confirmed({});
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain(
      `Confirmed: NetBox 4.7.3 at ${both.netbox.url} has all 289 entities as they were sent`,
    );
    expect(stdout).not.toContain("Acknowledged means queued");
    const again = await runCli(["push", run, "--confirm"], { env: envOf(both) });
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain("Nothing to send: NetBox was seen to have all of");
    const { stdout: inspected } = await runCli(["inspect", run]);
    expect(inspected).toMatch(/Confirmed/);
  });

  test("sends again what a restart of NetBox lost", async () => {
    const { code, stdout, both } = await confirmed({ outage: { afterApplied: 60, forMs: 250 } });
    expect(code, stdout).toBe(0);
    expect(both.wasAway).toBe(true);
    expect(stdout).toMatch(/has all 289 entities as they were sent; \d+ were sent again/);
  });

  test("lists what NetBox refuses for good, with field and both values, and exits with 7", async () => {
    const refuses: Disturbances["refuses"] = (type, fields) =>
      type === "virtual-disk" && fields["name"] === "scsi0" ? "Invalid choice" : undefined;
    const { code, stdout } = await confirmed({ refuses }, ["--resend-after", "10ms"]);
    expect(code).toBe(7);
    expect(stdout).toMatch(/Not confirmed: NetBox 4\.7\.3 at \S+ has \d+ of 289 entities/);
    expect(stdout).toMatch(/virtual-disk \S+\/scsi0 +\(missing\) +nothing +all of it/);
    expect(stdout).toContain("Diode → Ingestion Logs");
  });

  test("names what NetBox has twice, with both objects, and exits with 7", async () => {
    const { code, stdout } = await confirmed({ isPostedTwice: () => true }, ["--json"]);
    expect(code).toBe(7);
    const { confirmed: { doubled, not_arrived: notArrived } } = JSON.parse(stdout) as {
      confirmed: { doubled: { urls: string[] }[]; not_arrived: unknown[] };
    };
    expect(notArrived).toEqual([]);
    expect(doubled.length).toBeGreaterThan(0);
    for (const { urls } of doubled) expect(new Set(urls).size).toBe(2);
  });

  test("waits until NetBox has the custom fields, however long the queue is", async () => {
    const { code, stdout, both } = await confirmed({ batchMs: 40, seed: 4 });
    expect(code, stdout).toBe(0);
    expect(both.model.refused).toEqual([]);
    expect(both.entitiesIn("failed")).toEqual([]);
  });

  test.each([
    ["NETBOX_URL", ["--confirm"], "NETBOX_URL (--netbox) is required"],
    ["a dry run", ["--confirm", "--dry-run"], "--confirm and --dry-run exclude each other"],
  ])("refuses before it sends anything: %s", async (_, args, message) => {
    const both = await diodeAndNetBox();
    const env = { ...envOf(both), NETBOX_URL: "" };
    expectError(await runCli(["push", await example(), ...args], { env }), 2, message);
    expect(both.receiver.requests).toEqual([]);
  });

  test("prints no secret", async () => {
    const { stdout, stderr, both } = await confirmed({ outage: { afterApplied: 5, forMs: 150 } }, [
      "--verbose",
    ]);
    for (const secret of [REHEARSAL_NETBOX_TOKEN, both.receiver.client.secret]) {
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

test("run confirms when NETBOX_URL is set", async () => {
  const both = await diodeAndNetBox();
  const cluster = await served("test/fixtures/pve9");
  const env = {
    ...envOf(both),
    PROXMOX_HOST: cluster.host,
    PROXMOX_PORT: String(cluster.port),
    PROXMOX_USER: cluster.token.user,
    PROXMOX_TOKEN_NAME: cluster.token.name,
    PROXMOX_TOKEN_VALUE: cluster.token.value,
    PROXMOX_FINGERPRINT: cluster.fingerprint,
  };
  const out = await tempFolder();
  const { code, stdout } = await runCli(["run", "--out", out, "--json"], { env });
  expect(code).toBe(0);
  const { push } = JSON.parse(stdout) as { push: { confirmed: Record<string, unknown> } };
  expect(push.confirmed).toMatchObject({ values_sent: true, not_arrived: [], doubled: [] });
});
