/** The files for systemd and Kubernetes: their command lines and settings are ours, and their own tools take them. */
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { SettingRow } from "../../src/base/setting.ts";
import { COMMANDS, STAGE_SETTINGS } from "../../src/cli/catalog.ts";
import { checkMetricsFile } from "../../src/history/metrics.ts";
import { parseCommandLine } from "../../src/terminal/options.ts";
import { ROOT } from "../helpers/golden.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const FOLDER = join(ROOT, "src/history");
const SERVICE = join(FOLDER, "systemd/proxmox-diode.service");
const TIMER = join(FOLDER, "systemd/proxmox-diode.timer");
/** Where the service expects the program. */
const PROGRAM = "/usr/local/bin/proxmox-diode";

/** Variables that the program reads; of secrets, those that name a file. */
const VARIABLES = new Set([
  ...Object.values(STAGE_SETTINGS).flatMap((table) =>
    Object.entries<SettingRow>(table).map(([name, { secret }]) => secret ? `${name}_FILE` : name)
  ),
  // Settings of the history.
  "KEEP_LAST",
  "KEEP_DAILY",
  "KEEP_MONTHLY",
]);
const SECRETS = ["PROXMOX_TOKEN_VALUE_FILE", "DIODE_CLIENT_SECRET_FILE", "NETBOX_TOKEN_FILE"];
const HARDENING = [
  "DynamicUser",
  "NoNewPrivileges",
  "PrivateDevices",
  "PrivateTmp",
  "ProtectHome",
  "RestrictNamespaces",
];

/** Key → values, in order. */
function unitOf(file: string): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(file, "utf8").split("\n").filter((line) => /^[A-Za-z]+=/.test(line));
  const entries = lines.map((line) => [line.split("=", 1)[0] ?? "", line.replace(/^\w+=/, "")]);
  return new Map(
    [...Map.groupBy(entries, ([key = ""]) => key)].map(([key, all]) => [
      key,
      all.map(([, value = ""]) => value),
    ]),
  );
}

/** The options of `run`. @throws AppError "usage" for what it does not take. */
function optionsOf([command = "", ...words]: readonly string[]): ReadonlyMap<string, string> {
  expect(command).toBe("run");
  const row = COMMANDS[command];
  return parseCommandLine(words, row?.options ?? {}, row?.argument).options;
}

function systemdAnalyze(...args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  return { status, text: `${stdout ?? ""}${stderr ?? ""}` };
}

const IS_INSTALLED = systemdAnalyze("--version").status === 0;
const WHY_SKIPPED = IS_INSTALLED ? "" : " (skipped: systemd-analyze is not installed)";
/** In tenths: the exposure that "systemd-analyze security" may calculate, from 0 to 100. */
const MAX_EXPOSURE = 12;

describe("the systemd service", () => {
  const service = unitOf(SERVICE);

  test("runs a command line that the program takes", () => {
    const [program, ...words] = service.get("ExecStart")?.join().split(" ") ?? [];
    expect(program).toBe(PROGRAM);
    const options = optionsOf(words);
    expect(options.get("history")).toBe(`%S/${service.get("StateDirectory")?.join()}`);
    const metrics = options.get("metrics") ?? "";
    expect(metrics).toMatch(`%t/${service.get("RuntimeDirectory")?.join()}/`);
    checkMetricsFile(metrics);
  });

  test("gets every secret as a credential, by a variable that the program reads", () => {
    const variables = service.get("Environment")?.map((each) => each.split("=")) ?? [];
    expect(variables.map(([name]) => name)).toEqual(SECRETS);
    expect(SECRETS.filter((name) => !VARIABLES.has(name))).toEqual([]);
    const credentials = service.get("LoadCredential")?.map((each) => `%d/${each.split(":")[0]}`);
    expect(variables.map(([, file]) => file)).toEqual(credentials);
  });

  test("is hardened, except where V8 needs to write code that it runs", () => {
    expect(HARDENING.filter((key) => service.get(key)?.join() !== "yes")).toEqual([]);
    expect(service.get("ProtectSystem")).toEqual(["strict"]);
    expect(service.get("CapabilityBoundingSet")).toEqual([""]);
    expect(service.has("MemoryDenyWriteExecute")).toBe(false);
  });

  test.skipIf(!IS_INSTALLED)(
    `and its timer pass systemd-analyze verify${WHY_SKIPPED}`,
    async () => {
      const folder = await tempFolder();
      const [own, timer] = [
        join(folder, "proxmox-diode.service"),
        join(folder, "proxmox-diode.timer"),
      ];
      const verified = (text: string) => {
        writeFileSync(own, text);
        cpSync(TIMER, timer);
        return systemdAnalyze("verify", "--man=no", own, timer);
      };
      const text = readFileSync(SERVICE, "utf8").replace(PROGRAM, process.execPath);
      expect(verified(text)).toEqual({ status: 0, text: "" });
      expect(verified(text.replace("PrivateTmp", "PrivateTemp")).text).toContain("PrivateTemp");
    },
  );

  test.skipIf(!IS_INSTALLED)(`is little exposed, as systemd calculates it${WHY_SKIPPED}`, () => {
    const { status, text } = systemdAnalyze(
      "security",
      "--offline=true",
      "--no-pager",
      `--threshold=${MAX_EXPOSURE}`,
      SERVICE,
    );
    expect(status, text).toBe(0);
  });
});

interface Named {
  readonly name: string;
}

interface Pod {
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env: readonly (Named & { readonly value: unknown })[];
    readonly volumeMounts: readonly (Named & { readonly mountPath: string })[];
  }[];
  readonly volumes: readonly Named[];
}

interface CronJob {
  readonly spec: {
    readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: Pod } } };
  };
}

describe("the CronJob", () => {
  const documents = parseAllDocuments(
    readFileSync(join(FOLDER, "kubernetes/cronjob.yaml"), "utf8"),
  );
  const [job, claim] = documents.map((each): unknown => each.toJS()) as [
    CronJob,
    { readonly metadata: Named },
  ];
  const pod = job.spec.jobTemplate.spec.template.spec;
  const [container] = pod.containers;

  test("and its volume are valid YAML", () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(documents).toHaveLength(2);
  });

  test("runs a command line that the program takes, with settings that it has", () => {
    const options = optionsOf(container?.args ?? []);
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath))
      .toContain(options.get("history"));
    const env = container?.env ?? [];
    expect(env.filter(({ name }) => !VARIABLES.has(name)).map(({ name }) => name)).toEqual([]);
    // Kubernetes takes no numbers here.
    expect(env.filter(({ value }) => typeof value !== "string")).toEqual([]);
    const files = env.filter(({ name }) => name.endsWith("_FILE"));
    expect(files.map(({ name }) => name)).toEqual(SECRETS);
    expect(files.filter(({ value }) => !String(value).startsWith("/secrets/"))).toEqual([]);
  });

  test("is one run at a time, of a container that can do little", () => {
    expect(job).toMatchObject({ kind: "CronJob", spec: { concurrencyPolicy: "Forbid" } });
    expect(pod).toMatchObject({
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      }],
    });
  });

  test("mounts what it declares", () => {
    const names = (list: readonly Named[] = []) => list.map(({ name }) => name);
    expect(names(container?.volumeMounts)).toEqual(names(pod.volumes));
    expect(claim).toMatchObject({ kind: "PersistentVolumeClaim" });
    expect(pod.volumes[0]).toMatchObject({
      persistentVolumeClaim: { claimName: claim.metadata.name },
    });
  });
});
