/** Names of files and folders that Windows accepts, too. */

/**
 * Devices of Windows, in any case and with any extension: "con.json" is the console.
 * Source: learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
const DEVICE_REGEXP = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;
/** What `withoutDevice` makes of such a name. */
const MARKED_REGEXP = /^(con|prn|aux|nul|com\d|lpt\d)_(?=\.|$)/i;

/** "aux" → "aux_", "con.example.net" → "con_.example.net", "pve1" → "pve1" */
export function withoutDevice(name: string): string {
  return name.replace(DEVICE_REGEXP, "$&_");
}

/** "aux_" → "aux". Only for names that have no "_" of their own. */
export function withDevice(fileName: string): string {
  return fileName.replace(MARKED_REGEXP, "$1");
}
