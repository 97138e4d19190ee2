/**
 * Takes README's pictures of a report, of the example, in Chromium:
 *
 *   npm run pictures
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openRun } from "../../src/look/run.ts";
import { renderReport } from "../../src/look/report/report.ts";
import { startBrowser, visit, type VisitOptions } from "./browser.ts";
import { ROOT } from "./golden.ts";

/** Next to the tests of the page, since they are generated like golden files. */
const FOLDER = join(ROOT, "test/look/report/pictures");

interface Shot extends VisitOptions {
  /** From the top of this element … */
  readonly from: string;
  readonly height: number;
}

/** TABLE: file → what it shows. */
const SHOTS: Readonly<Record<string, Shot>> = {
  "head.png": { from: "body", height: 800 },
  "topology.png": { from: "#topology", height: 1080, scheme: "dark" },
  "guests.png": { from: "#guests", height: 900 },
  "addresses.png": { from: "#addresses", height: 620, scheme: "dark" },
};

const folder = await mkdtemp(join(tmpdir(), "proxmox-diode-pictures-"));
const browser = await startBrowser();
try {
  const run = await openRun(await openStore(join(ROOT, "snapshots/example")));
  const file = join(folder, "report.html");
  await writeFile(file, (await renderReport(run)).page);
  await mkdir(FOLDER, { recursive: true });
  for (const [name, { from, height, ...options }] of Object.entries(SHOTS)) {
    const { page } = await visit(browser, file, { ...options, width: 1200 });
    const top = await page.locator(from).evaluate((element) => element.getBoundingClientRect().top);
    await page.screenshot({
      path: join(FOLDER, name),
      clip: { x: 0, y: Math.max(0, top), width: 1200, height },
      fullPage: true,
      style: ".contents { position: static }",
    });
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}
