/** The NetBox of `serve-netbox`, with objects that a test changes while it runs, and a record of its requests. */
import {
  type NetBoxRequest,
  type NetBoxServerOptions,
  type ServedNetBox,
  serveNetBox,
} from "../../src/rehearse/netbox/server.ts";
import { REHEARSAL_NETBOX_TOKEN } from "../../src/rehearse/settings.ts";

export type { NetBoxFault as Fault } from "../../src/rehearse/netbox/server.ts";

export type Row = Record<string, unknown> & { readonly id: number };
/** "dcim/devices" → its objects. */
export type Rows = Record<string, Row[]>;

export interface SmallNetBoxOptions extends Omit<NetBoxServerOptions, "objects"> {
  readonly rows?: Rows;
}

export interface SmallNetBox extends Omit<ServedNetBox, "asked"> {
  readonly rows: Rows;
  readonly asked: NetBoxRequest[];
}

export const TOKEN = REHEARSAL_NETBOX_TOKEN;
export const AUTHORIZATION = `Bearer ${TOKEN}`;

export async function startSmallNetBox(
  { rows = {}, faultOf, ...options }: SmallNetBoxOptions = {},
): Promise<SmallNetBox> {
  const asked: NetBoxRequest[] = [];
  const { url, token, certificate, close } = await serveNetBox({
    ...options,
    objects: rows,
    faultOf(request, index) {
      asked.push(request);
      return faultOf?.(request, index);
    },
  });
  return { url, token, certificate, close, rows, asked };
}
