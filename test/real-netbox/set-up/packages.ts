/** NetBox and its plugin for Diode, from PyPI, in one virtual environment for each release. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareNatural } from "../../../src/base/natural-order.ts";
import { run } from "./program.ts";

const PLUGIN = "netboxlabs-diode-netbox-plugin";
/** NetBox requires psycopg[c], which needs a compiler and libpq's headers; this one is precompiled. */
const OVERRIDES = "psycopg[binary,pool]\n";

export interface Package {
  /** "4.7.3" */
  readonly netbox: string;
  readonly plugin: string;
  /** Its virtual environment. */
  readonly folder: string;
}

export interface Packages {
  /** All releases of NetBox that PyPI has for this Python, the newest first. */
  readonly onPyPi: readonly string[];
  /** The range of releases that the plugin accepts: "4.4.10", "4.7.99". */
  readonly accepted: { readonly min: string; readonly max: string };
  /** The newest and the oldest release that the plugin accepts; a single one when they are the same. */
  readonly chosen: readonly Package[];
}

/** Installs what is missing below `folder`. @throws Error when PyPI cannot be reached. */
export async function installPackages(folder: string, python: string): Promise<Packages> {
  await mkdir(folder, { recursive: true });
  const tools = await installTools(folder, python);
  const onPyPi = await releasesOf("netbox", tools);
  const [first] = onPyPi;
  if (first === undefined) throw new Error("PyPI has no NetBox for this Python");
  const newest = await install(first, { folder, python, tools });
  const accepted = await acceptedBy(newest);
  const taken = onPyPi.filter((release) =>
    compareNatural(release, accepted.min) >= 0 && compareNatural(release, accepted.max) <= 0
  );
  const chosen: Package[] = [];
  for (const release of new Set([taken.at(0), taken.at(-1)])) {
    if (release !== undefined) chosen.push(await install(release, { folder, python, tools }));
  }
  return { onPyPi, accepted, chosen };
}

/** pip, and uv, which installs NetBox in seconds. */
async function installTools(folder: string, python: string): Promise<string> {
  const tools = join(folder, "tools");
  const bin = join(tools, "bin");
  if (!existsSync(join(bin, "uv"))) {
    await run(python, ["-m", "venv", "--clear", tools]);
    await run(join(bin, "pip"), ["install", "--quiet", "uv"]);
  }
  return bin;
}

async function releasesOf(name: string, tools: string): Promise<string[]> {
  const text = await run(join(tools, "pip"), ["index", "versions", name]);
  const [, list = ""] = text.match(/^Available versions: (.*)$/m) ?? [];
  return list.split(", ").filter((release) => /^[0-9.]+$/.test(release));
}

async function install(
  netbox: string,
  at: { readonly folder: string; readonly python: string; readonly tools: string },
): Promise<Package> {
  const folder = join(at.folder, `netbox-${netbox}`);
  const uv = join(at.tools, "uv");
  const env = { UV_PYTHON_DOWNLOADS: "never", UV_LINK_MODE: "copy" };
  // Written last: a folder without it is incomplete.
  const done = join(folder, "installed");
  if (!existsSync(done)) {
    await rm(folder, { recursive: true, force: true });
    await run(uv, ["venv", "--quiet", "--python", at.python, folder], { env });
    const overrides = join(folder, "overrides.txt");
    await writeFile(overrides, OVERRIDES);
    const requirements = [`netbox==${netbox}`, PLUGIN];
    const to = ["--python", join(folder, "bin/python"), "--override", overrides];
    await run(uv, ["pip", "install", "--quiet", ...to, ...requirements], { env });
    await writeFile(done, "");
  }
  const packages = await run(uv, [
    "pip",
    "list",
    "--quiet",
    "--format",
    "json",
    "--python",
    folder,
  ]);
  const listed = JSON.parse(packages) as { name: string; version: string }[];
  const plugin = listed.find(({ name }) => name === PLUGIN)?.version ?? "unknown";
  return { netbox, plugin, folder };
}

/** Source: netbox_diode_plugin/__init__.py, min_version and max_version. */
async function acceptedBy({ folder }: Package): Promise<{ min: string; max: string }> {
  const lib = join(folder, "lib");
  const [python = ""] = await readdir(lib);
  const file = join(lib, python, "site-packages/netbox_diode_plugin/__init__.py");
  const text = await readFile(file, "utf8");
  const versionIn = (key: string): string | undefined =>
    text.match(new RegExp(`^ *${key} = "([0-9.]+)"`, "m"))?.[1];
  return { min: versionIn("min_version") ?? "0", max: versionIn("max_version") ?? "9999" };
}
