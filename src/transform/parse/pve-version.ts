/** "pve-manager/8.4.14/b502d23c55afcba1" → "8.4". Source: PVE/API2/Nodes.pm, status. */

/** Major and minor; also accepts "pve-manager/7.4-16/…". */
export function parsePveVersion(pveversion: string): string | undefined {
  return /\bpve-manager\/(\d+\.\d+)/.exec(pveversion)?.[1];
}
