/** What `dist/` contains, and what the scripts of this folder read of package.json. */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../helpers/golden.ts";

export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly engines: Readonly<Record<"node" | "deno", string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export function packageManifest(): PackageManifest {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as PackageManifest;
}

const { name, version } = packageManifest();
const SUFFIX = process.platform === "win32" ? ".exe" : "";

export const DIST = join(ROOT, "dist");
/** The folder of the npm package, and the file that `npm publish` takes. */
export const PACKAGE = join(DIST, "package");
export const TARBALL = join(DIST, `${name}-${version}.tgz`);
export const BUNDLE = join(DIST, `${name}.mjs`);
/** Of this machine's platform: "linux-x64". */
export const EXECUTABLE = join(DIST, `${name}-${process.platform}-${process.arch}${SUFFIX}`);
export const CHECKSUMS = join(DIST, "SHA256SUMS");

/** The files that src/base/asset.ts reads, relative to src/. */
export async function assetNames(): Promise<string[]> {
  const files = await readdir(join(ROOT, "src"), { recursive: true });
  return files.filter((file) => /\.(?:binpb|css|js)$/.test(file))
    .map((file) => file.replaceAll("\\", "/")).sort();
}
