/** What this program is called, in files and on the wire. package.json has the same (a test checks it). */

export const TOOL = { name: "proxmox-diode", version: "0.1.0" } as const;

/** How it calls itself to a server. */
export const USER_AGENT = `${TOOL.name}/${TOOL.version}`;
