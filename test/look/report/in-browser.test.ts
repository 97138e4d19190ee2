/** The report page in a real browser, opened from a file without a network. All tests share one browser. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openRun } from "../../../src/look/run.ts";
import type { HistoryRun } from "../../../src/look/report/chapters/history.ts";
import { renderReport } from "../../../src/look/report/report.ts";
import { readRunRecord, recordedRuns } from "../../../src/run-folder/run-record.ts";
import { openStore } from "../../../src/run-folder/store/store.ts";
import { simulate } from "../../../src/rehearse/simulate/simulate.ts";
import {
  browserSuffix,
  canBrowse,
  startBrowser,
  visit,
  type VisitOptions,
} from "../../helpers/browser.ts";
import { ROOT } from "../../helpers/golden.ts";
import {
  buildRunFiles,
  readRunFiles,
  type RunFiles,
  storeIn,
  storeOf,
} from "../../helpers/run-in-memory.ts";
import { labSite } from "../../helpers/lab.ts";

const MARKUP = '</script><script>alert(1)</script><img src=x onerror="alert(2)">';
const GUESTS = 2000;

const example = (): Promise<RunFiles> => readRunFiles(join(ROOT, "snapshots/example"));

/** The runs that pages are made from. */
const RUNS = {
  example,
  "a snapshot without entities": async () => {
    const run = await example();
    return new Map([...run].filter(([file]) => !file.startsWith("netbox/")));
  },
  "entities without a snapshot": async () => {
    const run = await example();
    return new Map([...run].filter(([file]) => file.startsWith("netbox/")));
  },
  "a hostile site": () => {
    const network = [{ iface: MARKUP, type: "bridge", bridge_ports: "constructor", comments: "x" }];
    const config = {
      net0: `virtio=BC:24:11:00:00:01,bridge=${MARKUP}`,
      scsi0: "__proto__:x,size=1G",
    };
    const guests = [{ vmid: 101, node: "pve1", row: { name: MARKUP, tags: MARKUP }, config }];
    return buildRunFiles(labSite({ cluster: MARKUP, nodes: { pve1: { network } }, guests }));
  },
  "many guests": async () => {
    const files = new Map<string, Uint8Array>();
    await simulate(storeIn(files), { nodes: 8, guests: GUESTS, seed: 7 });
    return files;
  },
} as const satisfies Record<string, () => Promise<RunFiles>>;

type RunName = keyof typeof RUNS;

/** The history that a run is in. */
async function historyOfRun(name: RunName): Promise<HistoryRun[] | undefined> {
  if (name !== "example" && name !== "a hostile site") return undefined;
  const history = await openStore(join(ROOT, "test/golden/history"));
  const names = await recordedRuns(history);
  const records = await Promise.all(names.map((run) => readRunRecord(history, run)));
  const error = name === "example" ? {} : { error: MARKUP };
  return records.map((record, i) => ({
    run: names[i] ?? "",
    ...(record && { record: { ...record, ...error } }),
  }));
}

describe.skipIf(!canBrowse)(`the page of a report${browserSuffix}`, { timeout: 180_000 }, () => {
  let folder = "";
  let browser: Browser;
  const files = new Map<RunName, Promise<string>>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "proxmox-diode-report-"));
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function write(name: RunName): Promise<string> {
    const run = await openRun(storeOf(await RUNS[name]()));
    const { page } = await renderReport(run, undefined, await historyOfRun(name));
    const file = join(folder, `${files.size}.html`);
    await writeFile(file, page);
    return file;
  }

  async function open(name: RunName, options: VisitOptions = {}) {
    const file = files.get(name) ?? write(name);
    files.set(name, file);
    const found = await visit(browser, await file, options);
    onTestFinished(() => found.page.context().close());
    return found;
  }

  test("has no accessibility problems in light and dark mode (axe)", async () => {
    const { page, complaints } = await open("example");
    const { violations, passes } = await axe(page).analyze();
    expect(faultsOf(violations)).toEqual([]);
    expect(passes.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["color-contrast", "button-name", "select-name", "svg-img-alt"]),
    );
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await axe(page).withRules(["color-contrast"]).analyze();
    expect(faultsOf(dark.violations)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test.each(Object.keys(RUNS) as RunName[])(
    "of %s logs no errors, makes no requests and fits a phone",
    async (name) => {
      const { page, complaints } = await open(name, { width: 390 });
      await list(page, "guest-rows").getByRole("searchbox").fill("a");
      expect(complaints).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    },
  );

  test("searches, filters, sorts and pages guests", async () => {
    const { page, complaints } = await open("example");
    const guests = list(page, "guest-rows");
    const count = guests.getByRole("status");
    expect(await count.textContent()).toBe("1–25 of 41 guests");
    await guests.getByRole("button", { name: "Next" }).click();
    expect(await count.textContent()).toBe("26–41 of 41 guests");
    await guests.getByRole("searchbox").fill("fs01 PVE1");
    expect(await rowsOf(guests)).toHaveLength(1);
    expect((await rowsOf(guests))[0]).toContain("10.20.40.30/24");
    await guests.getByRole("searchbox").fill("no-such-guest");
    await guests.getByRole("button", { name: "Show all guests" }).click();
    await guests.getByRole("combobox", { name: "Status" }).selectOption("=staged");
    expect(await count.textContent()).toBe("1 guests, 41 in all");
    await guests.getByRole("combobox", { name: "Status" }).selectOption("");
    await guests.getByRole("button", { name: "Memory, GiB" }).click();
    await guests.getByRole("button", { name: "Memory, GiB" }).click();
    expect((await rowsOf(guests))[0]).toMatch(/^104\tFS01\t/);
    const head = guests.getByRole("columnheader", { name: "Memory, GiB" });
    expect(await head.getAttribute("aria-sort")).toBe("descending");
    expect(complaints).toEqual([]);
  });

  test("links a reason to its records", async () => {
    const { page } = await open("example");
    await page.getByRole("link", { name: "duplicate-address" }).click();
    const records = list(page, "left-out-records");
    expect(await records.getByRole("status").textContent()).toBe("4 records, 136 in all");
    for (const row of await rowsOf(records)) expect(row).toContain("duplicate-address");
  });

  test("links a node to its diagram", async () => {
    const { page } = await open("many guests");
    const drawing = page.locator("details", { hasText: "pve-0007" });
    expect(await drawing.getAttribute("open")).toBeNull();
    await page.getByRole("link", { name: "pve-0007" }).first().click();
    expect(await drawing.getAttribute("open")).toBe("");
  });

  test("has a content security policy that blocks other scripts", async () => {
    const { page, complaints } = await open("example");
    await page.evaluate(() => {
      const image = document.body.appendChild(document.createElement("img"));
      image.setAttribute("src", "https://example.invalid/a.png");
    });
    const attempt = page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'taken over'";
      document.body.append(script);
    });
    await expect(attempt).rejects.toThrow("TrustedScript");
    await expect(page.evaluate(() => fetch("https://example.invalid/"))).rejects.toThrow();
    const refused = complaints.filter((text) => text.includes("Content Security Policy"));
    expect(refused.some((text) => text.includes("a.png"))).toBe(true);
    expect(await page.title()).not.toBe("taken over");
  });

  test("shows names that look like markup unchanged", async () => {
    const { page, complaints } = await open("a hostile site");
    const guests = list(page, "guest-rows");
    await guests.getByRole("searchbox").fill("alert(1)");
    expect((await rowsOf(guests))[0]).toContain(MARKUP);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(MARKUP);
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("stays small with thousands of guests", async () => {
    const { page } = await open("many guests");
    const guests = list(page, "guest-rows");
    expect(await guests.getByRole("status").textContent()).toBe("1–25 of 2,000 guests");
    await guests.getByRole("searchbox").fill("web");
    expect(await rowsOf(guests)).toHaveLength(25);
    expect(await guests.getByRole("status").textContent()).toMatch(
      /^1–25 of \d+ guests, 2,000 in all$/,
    );
  });

  test("prints all matching rows and all diagrams", async () => {
    const { page } = await open("many guests");
    const guests = list(page, "guest-rows");
    await guests.getByRole("searchbox").fill("pve-0001");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect((await rowsOf(guests)).length).toBeGreaterThan(50);
    expect(await page.locator("details:not([open])").count()).toBe(0);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    expect(await rowsOf(guests)).toHaveLength(25);
    expect(await page.locator("details[open]").count()).toBe(0);
  });
});

function list(page: Page, id: string): Locator {
  return page.locator(`#list-${id}`);
}

/** Table rows are alike: only some of them are checked, to save time. */
function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).exclude("tbody tr:nth-child(n + 4)");
}

/** Rows as text, with tabs between cells. */
async function rowsOf(shown: Locator): Promise<string[]> {
  return await shown.locator("tbody").evaluate((body) =>
    [...body.querySelectorAll("tr")].map((row) =>
      [...row.cells].map((cell) => cell.textContent).join("\t")
    )
  );
}

type Violations = Awaited<ReturnType<AxeBuilder["analyze"]>>["violations"];

function faultsOf(violations: Violations): string[] {
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`)
  );
}
