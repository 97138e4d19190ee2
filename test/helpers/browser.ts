/** Chromium from the packages of the system, without a network. */
import { existsSync } from "node:fs";
import { env } from "node:process";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const CHROMIUM = PLACES.find((place) => existsSync(place));

/** Without Chromium the tests are skipped; with CHROMIUM_REQUIRED=1 they fail. */
export const canBrowse = CHROMIUM !== undefined || env["CHROMIUM_REQUIRED"] === "1";

/** The reason for a skipped test, for its name. */
export const browserSuffix = canBrowse ? "" : ` (skipped: no Chromium at ${PLACES.join(", ")})`;

export async function startBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error(`Cannot find Chromium at ${PLACES.join(", ")}`);
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Visit {
  readonly page: Page;
  /** Console messages, errors, and requests of the page. */
  readonly complaints: readonly string[];
}

export interface VisitOptions {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
}

/** Opens a file by a file: URL. The caller closes the page's context. */
export async function visit(
  browser: Browser,
  file: string,
  { scheme = "light", width = 1280 }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height: 900 },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const address = pathToFileURL(file).href;
  page.on("request", (request) => {
    if (request.url() !== address) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return { page, complaints };
}
