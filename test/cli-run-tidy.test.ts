/** run --tidy: two runs of a cluster in which guests were renamed, removed, and exchanged their addresses. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ModelNetBox } from "./helpers/applied.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { type DiodeAndNetBox, diodeAndNetBox } from "./helpers/diode-and-netbox.ts";
import type { LabGuest } from "./helpers/lab.ts";
import { type Finished, runCli } from "./helpers/run-cli.ts";
import { siteGuest, siteOf, siteSettings } from "./helpers/site-runs.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const MONDAY = [
  siteGuest(101, "web", { address: "10.0.0.11/24", tags: "prod;old" }),
  siteGuest(102, "db", { address: "10.0.0.12/24" }),
  siteGuest(103, "mail", { address: "10.0.0.13/24" }),
];
/** web is www and lost a tag; db and mail exchanged their addresses; so did web and a guest that is gone. */
const TUESDAY = [
  siteGuest(101, "www", { address: "10.0.0.11/24", tags: "prod" }),
  siteGuest(102, "db", { address: "10.0.0.13/24" }),
  siteGuest(103, "mail", { address: "10.0.0.12/24" }),
];
const GONE = siteGuest(104, "gone", { address: "10.0.0.14/24" });

/** `run --tidy` of a cluster with these guests. */
async function ran(
  both: DiodeAndNetBox,
  guests: readonly LabGuest[],
  { out, since }: { readonly out: string; readonly since?: string },
): Promise<Finished> {
  const env = await siteSettings(both, siteOf(guests));
  const earlier = since === undefined ? [] : ["--since", since];
  return await runCli(["run", "--tidy", "--out", out, ...earlier, "--json"], { env });
}

function addressesIn(model: ModelNetBox): Record<string, unknown> {
  return Object.fromEntries(
    model.all("virtual-machine").map((machine) => [
      machine["name"],
      (machine["primary_ip4"] as { address?: unknown } | null | undefined)?.address,
    ]),
  );
}

describe("run --tidy", () => {
  test("renames, releases, removes and takes tags away, in one run", async () => {
    const model = new ModelNetBox();
    model.make("site", { name: "HQ" });
    const both = await diodeAndNetBox({ model });
    const folder = await tempFolder();
    const [monday, tuesday] = [join(folder, "monday"), join(folder, "tuesday")];
    const first = await ran(both, [...MONDAY, GONE], { out: monday });
    expect(first.code, first.stderr).toBe(0);
    const { id } = model.called("virtual-machine", "web");
    const second = await ran(both, TUESDAY, { out: tuesday, since: monday });
    expect(second.code, second.stdout + second.stderr).toBe(0);
    expect(addressesIn(model)).toEqual({
      www: "10.0.0.11/24",
      db: "10.0.0.13/24",
      mail: "10.0.0.12/24",
    });
    const www = model.called("virtual-machine", "www");
    expect(www.id).toBe(id);
    expect((www["tags"] as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["prod"]),
    );
    expect(JSON.stringify(www["tags"])).not.toContain('"old"');
    expect(model.all("virtual-disk")).toHaveLength(3);
    expect(model.all("ip-address").map(({ address }) => address).toSorted()).toEqual([
      "10.0.0.11/24",
      "10.0.0.12/24",
      "10.0.0.13/24",
    ]);
    expect(model.refused).toEqual([]);
    const result = JSON.parse(second.stdout) as object;
    expect(Object.keys(result).toSorted()).toEqual([
      "capture",
      "push",
      "survey",
      "tidy_after_push",
      "tidy_before_push",
      "transform",
    ]);
  }, 60_000);

  test("joins what the push doubled, and confirms again", async () => {
    const model = new ModelNetBox();
    model.make("site", { name: "HQ" });
    const both = await diodeAndNetBox({ model, isPostedTwice: () => true });
    const out = join(await tempFolder(), "lab");
    const { code, stdout, stderr } = await ran(both, MONDAY, { out });
    expect(code, stdout + stderr).toBe(0);
    const addresses = model.all("ip-address").map(({ address }) => address);
    expect(new Set(addresses).size).toBe(addresses.length);
  }, 60_000);

  test(
    "step by step, a push after a rename is refused until the run is transformed again",
    async () => {
      const model = new ModelNetBox();
      model.make("site", { name: "HQ" });
      const both = await diodeAndNetBox({ model });
      const folder = await tempFolder();
      const [monday, tuesday, target] = ["monday", "tuesday", "netbox"].map((name) =>
        join(folder, name)
      ) as [string, string, string];
      await ran(both, MONDAY, { out: monday });
      const env = await siteSettings(both, siteOf(TUESDAY));
      const done = async (...args: readonly string[]): Promise<Finished> => {
        const finished = await runCli(args, { env });
        expect(finished.code, args.join(" ") + finished.stdout + finished.stderr).toBe(0);
        return finished;
      };
      await done("capture", "--out", tuesday);
      const transform = async (): Promise<void> => {
        await done("survey", "--out", target);
        await done("transform", tuesday, "--target", target, "--since", monday);
      };
      await transform();
      const { stdout } = await done("tidy", tuesday);
      expect(stdout).toContain("web");
      await done("tidy", tuesday, "--apply", "--only", "release,rename");
      const refused = await runCli(["push", tuesday, "--confirm"], { env });
      expectError(
        refused,
        2,
        "tidy has given other names, tenants or VRFs",
        "1 change",
        "--target again",
      );
      await transform();
      await done("push", tuesday, "--confirm", "--since", monday);
      expect(model.all("virtual-machine").map(({ name }) => name).toSorted())
        .toEqual(["db", "mail", "www"]);
    },
    60_000,
  );
});
