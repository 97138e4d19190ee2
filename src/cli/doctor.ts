/** doctor: checks Proxmox VE, NetBox or both, whichever the settings name. */
import { runDoctor } from "../capture/command/doctor.ts";
import { CAPTURE_SETTINGS } from "../capture/settings.ts";
import { NETBOX_SETTINGS } from "../netbox/rest/settings.ts";
import { runNetBoxDoctor } from "../survey/command/doctor.ts";
import type { Session } from "../terminal/session.ts";
import { readSettings } from "../terminal/settings.ts";

export async function runDoctors(session: Session): Promise<void> {
  const { PROXMOX_HOST } = await readSettings(session.context, CAPTURE_SETTINGS);
  const { NETBOX_URL } = await readSettings(session.context, NETBOX_SETTINGS);
  if (NETBOX_URL === undefined) return await runDoctor(session);
  if (PROXMOX_HOST === undefined) return await runNetBoxDoctor(session);
  let document = {};
  const part: Session = {
    ...session,
    data(text) {
      if (session.isJson) document = { ...document, ...JSON.parse(text) };
      else session.data(text);
    },
  };
  await runDoctor(part);
  await runNetBoxDoctor(part);
  if (session.isJson) session.data(JSON.stringify(document, null, 2));
}
