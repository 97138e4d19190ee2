/** Why a field is never sent: the reasons that many tables share. */

export const USERS = "the user's own; Proxmox knows nothing of it";
export const METADATA = "Diode keeps it and NetBox does not";
export const DEFAULT_STATUS = "NetBox's default is active; what the user sets stays";
export const NO_CUSTOM_FIELDS = "the mapping document names none";
export const MAC_BY_OBJECT = "new in NetBox 4.7; primary_mac_address says it to every release";
