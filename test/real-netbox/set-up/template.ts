/**
 * A migrated NetBox as a template database. Its dump is kept, since migrating
 * takes minutes: a release with a dump is restored in seconds, and the next release
 * starts from the previous one.
 */
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Package } from "./packages.ts";
import type { Postgres } from "./postgres.ts";
import { run } from "./program.ts";

/** Tokens of a NetBox for one test. They are not secrets. */
export const PEPPER = "of-a-netbox-that-lives-for-one-test-and-listens-on-loopback";
export const TOKENS = {
  /** Read-only. */
  read: tokenOf("readonly0000", false),
  write: tokenOf("readwrite000", true),
} as const;

interface Token {
  readonly key: string;
  readonly secret: string;
  readonly mayWrite: boolean;
}

export interface TemplateOptions {
  readonly postgres: Postgres;
  /** The folder of the dump. */
  readonly folder: string;
  /** The environment for NetBox's commands on this `database`. */
  readonly environment: (database: string) => Readonly<Record<string, string>>;
  readonly print: (text: string) => void;
}

/** Returns the name of the template. `before`: the template of an older release to migrate from. */
export async function makeTemplate(
  { netbox, plugin, folder: venv }: Package,
  before: string | undefined,
  { postgres, folder, environment, print }: TemplateOptions,
): Promise<string> {
  const name = `netbox-${netbox}`;
  const text = join(folder, `netbox-${netbox}-diode-${plugin}.sql`);
  const isKept = existsSync(text);
  await postgres.client("createdb", [...(before && !isKept ? ["-T", before] : []), name]);
  if (isKept) {
    await postgres.client("psql", ["--quiet", "--output=/dev/null", "--file", text, name]);
  } else {
    print(`Migrating the database of NetBox ${netbox}, which takes some minutes the first time`);
    await run(join(venv, "bin/netbox"), ["migrate", "--no-input"], { env: environment(name) });
    await writeFile(`${text}.part`, await postgres.client("pg_dump", [name]));
    await rename(`${text}.part`, text);
  }
  await postgres.client("psql", ["--quiet", "--set=ON_ERROR_STOP=1", name], USERS);
  return name;
}

function tokenOf(key: string, mayWrite: boolean): Token {
  return { key, secret: `${key}${"x".repeat(28)}`, mayWrite };
}

/** Version 2, as in NetBox's users/models/tokens.py. */
const digestOf = (secret: string): string =>
  createHmac("sha256", PEPPER).update(secret).digest("hex");

/** A superuser and its tokens: what two more starts of Django would do, in a hundredth of the time. */
const USERS = `
delete from users_token; delete from users_user where username = 'tester';
insert into users_user
  (username, password, is_superuser, is_active, first_name, last_name, email, date_joined)
  values ('tester', '!', true, true, '', '', '', now());
${
  Object.values(TOKENS).map(({ key, secret, mayWrite }) => `
insert into users_token
  (created, version, key, pepper_id, hmac_digest, user_id, enabled, write_enabled, description)
  select now(), 2, '${key}', 1, '${digestOf(secret)}', id, true, ${mayWrite}, ''
  from users_user where username = 'tester';`).join("")
}`;
