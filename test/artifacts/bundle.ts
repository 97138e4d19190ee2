/**
 * `npm run bundle`: the whole program in one file, dist/proxmox-diode.mjs, which needs no node_modules. The drivers
 * of Redis and S3 are used if they are installed next to the file.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { build, type Plugin } from "esbuild";
import { ROOT } from "../helpers/golden.ts";
import { assetNames, BUNDLE, DIST, packageManifest } from "./dist.ts";
import { versionCheck } from "./version-check.ts";

const { optionalDependencies } = packageManifest();

/** The program and its licences. `drivers`: are the packages for Redis and S3 part of it? */
export async function bundled(drivers: "inside" | "beside"): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(ROOT, "src/cli.ts")],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    // An older Node has to parse the file before it runs the check in its first lines.
    target: "node18",
    // Of Vite, which a package asks for; CommonJS cannot contain it.
    define: { "import.meta.env": "undefined" },
    legalComments: "none",
    charset: "utf8",
    plugins: [runtimeModules, assets, ...(drivers === "beside" ? [driversBeside] : [])],
  });
  const [{ text } = { text: "" }] = outputFiles;
  return `${text.replace(/^#!.*\n/, "")}\n${await licences(Object.keys(metafile.inputs))}`;
}

/**
 * Static imports are linked before the first line runs, so an older Node would only name the export that it lacks.
 * This loads a module of the runtime when the code that imports it runs.
 */
const runtimeModules: Plugin = {
  name: "runtime-modules",
  setup(building) {
    building.onResolve(
      { filter: /.*/ },
      ({ path }) => isBuiltin(path) ? { path, namespace: "runtime" } : undefined,
    );
    building.onLoad({ filter: /.*/, namespace: "runtime" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("${path}");
        if (module.exports === undefined) throw new Error("Cannot find module ${path}");`,
    }));
  },
};

/** Replaces src/base/asset.ts. */
const assets: Plugin = {
  name: "assets",
  setup(building) {
    building.onLoad({ filter: /[\\/]src[\\/]base[\\/]asset\.ts$/ }, async () => {
      const files = (await assetNames()).map(async (name) =>
        [name, await readFile(join(ROOT, "src", name), "base64")] as const
      );
      const encoded = JSON.stringify(Object.fromEntries(await Promise.all(files)));
      return {
        contents: `const ASSETS = ${encoded};
          export function readAsset(name) { return Buffer.from(ASSETS[name], "base64"); }`,
      };
    });
  },
};

const driversBeside: Plugin = {
  name: "drivers-beside",
  setup(building) {
    const filter = new RegExp(`^(?:${Object.keys(optionalDependencies).join("|")})$`);
    building.onResolve({ filter }, ({ path }) => ({ path, namespace: "driver" }));
    building.onLoad({ filter: /.*/, namespace: "driver" }, ({ path }) => ({
      // Not import(): Deno finds a package for it only below a package.json.
      contents: `const { createRequire } = require("node:module");
        module.exports = createRequire(bundleUrl)("${path}");`,
    }));
  },
};

/** The licences of the packages that the bundle contains, as a comment. */
async function licences(inputs: readonly string[]): Promise<string> {
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  );
  const texts = [...folders].sort().map(async (folder) => {
    const manifest = await readFile(join(ROOT, folder, "package.json"), "utf8");
    const { name, version, license } = JSON.parse(manifest) as Record<string, string>;
    const files = (await readdir(join(ROOT, folder)))
      .filter((file) => /^(?:licen[cs]e|notice)/i.test(file)).sort();
    const read = files.map((file) => readFile(join(ROOT, folder, file), "utf8"));
    return [`${name} ${version} (${license})`, ...await Promise.all(read)].join("\n\n");
  });
  const whole = (await Promise.all(texts)).join(`\n\n${"-".repeat(80)}\n\n`);
  return `/*\nThis file contains these packages:\n\n${whole.replaceAll("*/", "* /")}\n*/\n`;
}

if (process.argv[1] === import.meta.filename) {
  await mkdir(DIST, { recursive: true });
  const text =
    `#!/usr/bin/env node\n${versionCheck()}const bundleUrl = import.meta.url;\n${await bundled(
      "beside",
    )}`;
  await writeFile(BUNDLE, text, { mode: 0o755 });
}
