/** What people do in NetBox by hand. */
import { autoSlug } from "../../../../src/netbox/names.ts";
import { labelOf, PATHS, type TypeName } from "../../judge/picture.ts";
import type { NetBox } from "../../server/netbox.ts";
import { listAll, type Row, send } from "../../server/rest.ts";

type Body = Readonly<Record<string, unknown>>;

/** Types that NetBox requires a slug of. */
const SLUGS =
  /^(?:region|site|location|tenant|manufacturer|device-|platform|cluster-|vlan-group|tag)/;

export class People {
  readonly #netbox: NetBox;

  constructor(netbox: NetBox) {
    this.#netbox = netbox;
  }

  /** Makes an object. Its slug is that of its name, unless `body` has one. */
  make(type: TypeName, body: Body): Promise<Row> {
    const name = body["name"] ?? body["model"];
    const slug = SLUGS.test(type) ? { slug: autoSlug(String(name)) } : {};
    return send(this.#netbox, { method: "POST", path: pathOf(type), body: { ...slug, ...body } });
  }

  /** Makes an object, unless NetBox has one of that name. Returns its id. */
  async ensure(type: TypeName, body: Body): Promise<number> {
    const label = `${type} ${body["model"] ?? body["name"]}`;
    const rows = await listAll(this.#netbox, pathOf(type));
    return (rows.find((row) => labelOf(type, row) === label) ?? await this.make(type, body)).id;
  }

  /** Changes the object with a label such as "virtual-machine web1". */
  async change(type: TypeName, name: string, body: Body): Promise<void> {
    const { id } = await this.find(type, name);
    await send(this.#netbox, { method: "PATCH", path: `${pathOf(type)}/${id}`, body });
  }

  /** ("virtual-disk", "web1/scsi0") */
  async find(type: TypeName, name: string): Promise<Row> {
    const rows = await listAll(this.#netbox, pathOf(type));
    const found = rows.find((row) => labelOf(type, row) === `${type} ${name}`);
    if (found === undefined) throw new Error(`NetBox has no ${type} ${name}`);
    return found;
  }
}

function pathOf(type: TypeName): string {
  return PATHS.get(type) ?? "";
}
