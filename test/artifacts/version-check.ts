/** The first lines of the npm package and of the single file: on an older runtime they say what is needed, and exit with 2. */
import { packageManifest } from "./dist.ts";

export function versionCheck(): string {
  const { name, engines } = packageManifest();
  const [node, deno] = [minimum(engines.node), minimum(engines.deno)];
  return `{
  const { Deno } = globalThis;
  const found = Deno ? Deno.version.deno : process.versions.node;
  const [[major, minor], [neededMajor, neededMinor]] = [found, Deno ? "${deno}" : "${node}"]
    .map((version) => version.split(".").map(Number));
  if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
    const runtime = Deno ? "Deno" : "Node.js";
    console.error(\`${name} needs Node.js ${node} or Deno ${deno} or newer; this is \${runtime} \${found}\`);
    (Deno || process).exit(2);
  }
}
`;
}

/** ">=22.18.0" → "22.18" */
function minimum(engine: string): string {
  return /\d+\.\d+/.exec(engine)?.[0] ?? engine;
}
