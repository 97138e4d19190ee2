/** Name and version of this program in files and requests; a test compares them with package.json. */

export const TOOL = { name: "proxmox-diode", version: "0.1.0" } as const;

export const USER_AGENT = `${TOOL.name}/${TOOL.version}`;
