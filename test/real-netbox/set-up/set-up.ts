/**
 * Installs and starts everything that a NetBox needs:
 *
 *   const site = await setUp({ folder: "test/.cache/netbox", print: console.error });
 *   const netbox = await site.start(site.packages.chosen[0]);
 *   …
 *   await netbox.stop();
 *   await site.stop();
 */
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { environmentOf, makeRoot, type NetBox, startNetBox } from "../server/netbox.ts";
import { installPackages, type Package, type Packages } from "./packages.ts";
import { findPostgres, type Postgres, startPostgres } from "./postgres.ts";
import { findPython } from "./python.ts";
import { startRedis } from "./redis.ts";
import { makeTemplate } from "./template.ts";

export interface SetUp {
  readonly packages: Packages;
  start(release: Package): Promise<NetBox>;
  /** Call it after every NetBox is stopped. */
  stop(): Promise<void>;
}

export interface SetUpOptions {
  /** The folder of virtual environments and migrated databases. */
  readonly folder: string;
  readonly print: (text: string) => void;
}

/** The tests cannot run on this machine; the message has the reason. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** @throws Unavailable */
export async function setUp({ folder, print }: SetUpOptions): Promise<SetUp> {
  const { python, postgresBin } = await prerequisites();
  const packages = await installPackages(folder, python).catch((cause: unknown) => {
    throw new Unavailable(`NetBox could not be installed from PyPI: ${String(cause)}`, { cause });
  });
  const postgres = await startPostgres(postgresBin);
  const templates = await makeTemplates(packages.chosen, { postgres, folder, print });
  return {
    packages,
    start: (release) =>
      startNetBox(release, { template: templates.get(release.netbox) ?? "", postgres }),
    stop: () => postgres.stop(),
  };
}

async function prerequisites(): Promise<{ python: string; postgresBin: string }> {
  const python = await findPython();
  const postgresBin = findPostgres();
  const missing = [
    ...(python === undefined
      ? ["Python 3.12 or newer: apt-get install python3 python3-venv, or pyenv"]
      : []),
    ...(postgresBin === undefined ? ["PostgreSQL: apt-get install postgresql"] : []),
    ...(await hasProgram("redis-server") ? [] : ["Redis: apt-get install redis-server"]),
  ];
  if (python === undefined || postgresBin === undefined || missing.length > 0) {
    throw new Unavailable(`What a NetBox needs is missing:\n- ${missing.join("\n- ")}`);
  }
  return { python, postgresBin };
}

async function hasProgram(name: string): Promise<boolean> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => access(join(folder, name)).then(() => true, () => false));
  return (await Promise.all(found)).includes(true);
}

/** Oldest first: each release starts from the database of the previous one. */
async function makeTemplates(
  packages: readonly Package[],
  at: { readonly postgres: Postgres } & SetUpOptions,
): Promise<Map<string, string>> {
  const { postgres, folder, print } = at;
  const [root, redis] = await Promise.all([makeRoot(), startRedis()]);
  const environment = (database: string): Record<string, string> =>
    environmentOf(root.path, { database, postgres, redis });
  const templates = new Map<string, string>();
  let before: string | undefined;
  for (const release of packages.toReversed()) {
    before = await makeTemplate(release, before, { postgres, folder, environment, print });
    templates.set(release.netbox, before);
  }
  await Promise.all([redis.stop(), root.remove()]);
  return templates;
}
