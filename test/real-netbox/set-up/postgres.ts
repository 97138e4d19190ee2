/**
 * A temporary PostgreSQL: no port, a socket in a folder below the system's temporary folder, and no
 * files left afterwards. Its data may be lost at a power cut, so it never waits for the disk.
 */
import { existsSync, readdirSync } from "node:fs";
import { chown } from "node:fs/promises";
import { join } from "node:path";
import { compareNatural } from "../../../src/base/natural-order.ts";
import { type Owner, run, start } from "./program.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface Postgres {
  /** The folder of its socket, which NetBox uses as the host. */
  readonly folder: string;
  /** Runs a client program of PostgreSQL and returns its output. */
  client(program: string, args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
}

const DEBIANS_FOLDER = "/usr/lib/postgresql";
const SUPERUSER = "netbox";
const SETTINGS = [
  "listen_addresses=",
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "shared_buffers=128MB",
  "max_wal_size=2GB",
  "autovacuum=off",
  "jit=off",
];

/** The folder of its programs; undefined when it is not installed. */
export function findPostgres(): string | undefined {
  const versions = existsSync(DEBIANS_FOLDER) ? readdirSync(DEBIANS_FOLDER) : [];
  return versions.toSorted(compareNatural).toReversed()
    .map((version) => join(DEBIANS_FOLDER, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
}

export async function startPostgres(bin: string): Promise<Postgres> {
  const owner = await ownerOfPostgres();
  const temporary = await temporaryFolder("postgres");
  const folder = temporary.path;
  if (owner) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const cluster = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"];
  const kind = ["--locale", "C", "--no-sync"];
  await run(join(bin, "initdb"), ["--pgdata", data, ...cluster, ...kind], { owner });
  const settings = [`unix_socket_directories=${folder}`, ...SETTINGS].flatMap((one) => ["-c", one]);
  const server = start(join(bin, "postgres"), ["-D", data, ...settings], { owner });
  await server.line(/ready to accept connections/);
  return {
    folder,
    client: (program, args, input) =>
      run(join(bin, program), ["--host", folder, "--username", SUPERUSER, ...args], {
        ...(input !== undefined && { input }),
      }),
    async stop() {
      // Fast: it does not wait for clients.
      await server.stop("SIGINT");
      await temporary.remove();
    },
  };
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
async function ownerOfPostgres(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, "postgres"])));
  return { uid: Number(uid), gid: Number(gid) };
}
