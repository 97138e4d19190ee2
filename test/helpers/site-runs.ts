/** A cluster of a few guests, a Diode and a NetBox, and the settings of `run` for all three. */
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { REHEARSAL_NETBOX_TOKEN } from "../../src/rehearse/settings.ts";
import type { Served, ServeOptions } from "../../src/rehearse/serve/serve.ts";
import { expect, onTestFinished, vi } from "vitest";
import { liveLab } from "./capturing.ts";
import type { DiodeAndNetBox } from "./diode-and-netbox.ts";
import { agentRow, type LabGuest } from "./lab.ts";
import type { Finished } from "./run-cli.ts";
import { served } from "./serving.ts";

export function siteGuest(vmid: number, name: string, { address, tags = "" }: {
  readonly address: string;
  readonly tags?: string;
}): LabGuest {
  const mac = `BC:24:11:00:00:${vmid - 90}`;
  return {
    vmid,
    row: { name, tags },
    config: {
      agent: "1",
      ostype: "l26",
      net0: `virtio=${mac},bridge=vmbr0`,
      scsi0: "local:1,size=8G",
    },
    osinfo: { name: "Debian GNU/Linux", "version-id": "13" },
    interfaces: [agentRow(mac.toLowerCase(), [address])],
  };
}

export function siteOf(guests: readonly LabGuest[]): Snapshot {
  const nodes = { pve1: { network: [], status: { pveversion: "pve-manager/9.1.4/1" } } };
  return liveLab({ guests, nodes });
}

/** The settings of both servers, and of a cluster that is served until the end of the test. */
export async function siteSettings(
  both: Servers,
  snapshot: Snapshot,
  options: ServeOptions = {},
): Promise<Record<string, string>> {
  return settingsOf(both, await served(snapshot, options));
}

type Servers = Pick<DiodeAndNetBox, "receiver" | "netbox">;

export function settingsOf(
  { receiver, netbox }: Servers,
  cluster: Served,
): Record<string, string> {
  return {
    DIODE_TARGET: receiver.target,
    DIODE_CLIENT_ID: receiver.client.id,
    DIODE_CLIENT_SECRET: receiver.client.secret,
    NETBOX_URL: netbox.url,
    NETBOX_TOKEN: REHEARSAL_NETBOX_TOKEN,
    PUSH_RESEND_AFTER: "100ms",
    PUSH_CONFIRM_TIMEOUT: "20s",
    SITE_NAME: "HQ",
    PROXMOX_HOST: cluster.host,
    PROXMOX_PORT: String(cluster.port),
    PROXMOX_USER: cluster.token.user,
    PROXMOX_TOKEN_NAME: cluster.token.name,
    PROXMOX_TOKEN_VALUE: cluster.token.value,
    PROXMOX_FINGERPRINT: cluster.fingerprint,
  };
}

/** The clock says so until the end of the test, and advances when told. Timers are the real ones. */
export function clockAt(time: string): { advance(ms: number): void } {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(time) });
  onTestFinished(() => void vi.useRealTimers());
  return { advance: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

/** Shows what a run printed when it ended with another code. */
export function ended({ code, stdout, stderr }: Finished, expected = 0): void {
  expect(code, stdout + stderr).toBe(expected);
}
