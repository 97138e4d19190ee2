/** A NetBox with Diode's plugin on the loopback interface, which can be reset to an empty database. */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Package } from "../set-up/packages.ts";
import type { Postgres } from "../set-up/postgres.ts";
import { type Running, start } from "../set-up/program.ts";
import { type Redis, startRedis } from "../set-up/redis.ts";
import { PEPPER, TOKENS } from "../set-up/template.ts";
import { type TemporaryFolder, temporaryFolder } from "../set-up/temporary-folder.ts";
import { type Introspect, startIntrospect } from "./introspect.ts";

export interface NetBox {
  /** "4.7.3" */
  readonly release: string;
  /** "http://127.0.0.1:43210", without a slash at its end. */
  readonly url: string;
  /** For NetBox's REST API: values of the header `Authorization`. */
  readonly authorization: { readonly read: string; readonly write: string };
  /** The token of Diode's reconciler for the plugin's API. */
  readonly diode: string;
  /** Resets the database to the state after migration. */
  reset(): Promise<void>;
  /**
   * Clears NetBox's cache. Without that, the plugin matches an entity for 30 s with what it found
   * before, whatever people changed meanwhile. Source: netbox_diode_plugin, find_obj_cache_ttl.
   */
  clearCache(): Promise<void>;
  /** Another server of the same NetBox, with a process and a cache of code of its own. */
  startTwin(): Promise<Twin>;
  stop(): Promise<void>;
}

export interface Twin {
  readonly url: string;
  stop(): Promise<void>;
}

const CONFIGURATION = fileURLToPath(new URL("../set-up/configuration.py", import.meta.url));

/**
 * What a process of NetBox needs besides configuration.py, which is in `root`.
 * Source: netbox/settings_utils.py, load_configuration.
 */
export function environmentOf(
  root: string,
  at: { readonly database: string; readonly postgres: Postgres; readonly redis: Redis },
): Record<string, string> {
  return {
    NETBOX_ROOT: root,
    TEST_DATABASE: at.database,
    TEST_DATABASE_FOLDER: at.postgres.folder,
    TEST_REDIS: at.redis.socket,
    TEST_TOKEN_PEPPER: PEPPER,
    TEST_DIODE_TARGET: "grpc://127.0.0.1/diode",
  };
}

/** A folder that NetBox uses as its instance root. */
export async function makeRoot(): Promise<TemporaryFolder> {
  const root = await temporaryFolder("netbox");
  await mkdir(join(root.path, "conf"));
  await copyFile(CONFIGURATION, join(root.path, "conf/configuration.py"));
  return root;
}

export async function startNetBox(
  { netbox: release, folder }: Package,
  { template, postgres }: { readonly template: string; readonly postgres: Postgres },
): Promise<NetBox> {
  const database = `${template}-${randomUUID()}`;
  const [root, redis, introspect] = await Promise.all([
    makeRoot(),
    startRedis(),
    startIntrospect(),
  ]);
  const copyTemplate = async (): Promise<void> => {
    await postgres.client("dropdb", ["--force", "--if-exists", database]);
    await postgres.client("createdb", ["-T", template, database]);
  };
  await copyTemplate();
  const env = {
    ...environmentOf(root.path, { database, postgres, redis }),
    TEST_DIODE_TARGET: introspect.target,
  };
  const server = serve(folder, env);
  const [, url = ""] = await server.line(/Listening at: (http:\S+)/);
  let [, worker = ""] = await server.line(WORKER);
  return {
    release,
    url,
    authorization: { read: headerOf(TOKENS.read), write: headerOf(TOKENS.write) },
    diode: introspect.token,
    async reset() {
      await Promise.all([copyTemplate(), redis.flush()]);
      // Ending the process removes NetBox's cached state of the last database. The next
      // process is a fork of the first one, which imported everything once.
      const printed = server.printed();
      process.kill(Number(worker), "SIGKILL");
      [, worker = ""] = await server.line(WORKER, printed);
    },
    clearCache: () => redis.flush(),
    async startTwin() {
      const twin = serve(folder, env);
      const [, at = ""] = await twin.line(/Listening at: (http:\S+)/);
      await twin.line(WORKER);
      return { url: at, stop: () => twin.stop("SIGQUIT") };
    },
    stop: () => stopAll({ server, redis, introspect, root }),
  };
}

const WORKER = /Booting worker with pid: (\d+)/;

/** One worker process, so that requests are handled in order. */
function serve(folder: string, env: Readonly<Record<string, string>>): Running {
  const options = {
    bind: "127.0.0.1:0",
    workers: "1",
    threads: "1",
    "worker-class": "gthread",
    "keep-alive": "600",
    timeout: "600",
    "graceful-timeout": "1",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const python = join(folder, "bin/python");
  return start(python, ["-m", "gunicorn", "--preload", ...args, "netbox.wsgi"], { env });
}

/** "Bearer nbt_…" → "nbt_…" */
export function tokenIn(authorization: string): string {
  return authorization.split(" ")[1] ?? "";
}

function headerOf({ key, secret }: { readonly key: string; readonly secret: string }): string {
  return `Bearer nbt_${key}.${secret}`;
}

async function stopAll(parts: {
  readonly server: Running;
  readonly redis: Redis;
  readonly introspect: Introspect;
  readonly root: TemporaryFolder;
}): Promise<void> {
  // Quick: it does not wait for connections that are kept alive.
  await parts.server.stop("SIGQUIT");
  await Promise.all([parts.redis.stop(), parts.introspect.stop(), parts.root.remove()]);
}
