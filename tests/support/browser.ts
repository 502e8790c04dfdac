import assert from "node:assert/strict";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { bounded } from "./bounded.ts";

/** Names that Chromium goes by. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** It talks to nobody but the page's own server. */
const switches = [
  "--no-sandbox",
  "--disable-gpu",
  // Containers give little room in /dev/shm.
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a page's elements are waited for, milliseconds: the machine may be busy. */
const patienceMs = 20_000;

/** Chromium's path: `TUNNEL_TEST_CHROMIUM`, or the first of its names on PATH. `null`: there is none. */
export function chromiumPath(): string | null {
  const given = Deno.env.get("TUNNEL_TEST_CHROMIUM");
  if (given !== undefined && given !== "") return given;
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  for (const name of names) {
    for (const folder of folders) {
      if (isFile(`${folder}/${name}`)) return `${folder}/${name}`;
    }
  }
  return null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Whatever the reason, it cannot be started from there.
    return false;
  }
}

/** @throws {Error} when there is no Chromium, or it does not start */
export async function launchBrowser(): Promise<Browser & AsyncDisposable> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error(`no Chromium: none of ${names.join(", ")} is on PATH`);
  return await chromium.launch({ executablePath, args: switches });
}

export interface PageOptions {
  width?: number;
  height?: number;
  colorScheme?: "light" | "dark";
}

/** A page, and what must hold of every page: no script of anybody else's runs, nothing leaves for elsewhere. */
export class WatchedPage implements AsyncDisposable {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #origin: string;
  readonly #requested: string[] = [];
  readonly #troubles: string[] = [];

  private constructor(page: Page, options: { context: BrowserContext; origin: string }) {
    this.page = page;
    this.#context = options.context;
    this.#origin = options.origin;
    page.setDefaultTimeout(patienceMs);
    page.on("request", (request) => this.#requested.push(request.url()));
    page.on("dialog", (dialog) => {
      this.#troubles.push(`a dialog opened: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => this.#troubles.push(`a script failed: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      // That a request failed is told by the page in its own way.
      if (message.type() === "error" && !text.startsWith("Failed to load resource")) {
        this.#troubles.push(text);
      }
    });
    page.on("popup", (popup) => this.#troubles.push(`another page opened: ${popup.url()}`));
  }

  /** Opens `url` in a context of its own. */
  static async open(browser: Browser, url: string, options: PageOptions = {}): Promise<WatchedPage> {
    const { width = 1280, height = 800, colorScheme = "light" } = options;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(url).origin });
    const watched = new WatchedPage(await context.newPage(), { context, origin: new URL(url).origin });
    await watched.page.goto(url);
    return watched;
  }

  /** What the page, or the browser for it, complained of so far. */
  get troubles(): readonly string[] {
    return this.#troubles;
  }

  /** Fails when something ran that should not, or a request went to another origin than the page's. */
  assertClean(): void {
    assert.deepEqual(this.#troubles, []);
    const elsewhere = this.#requested.filter((url) => {
      const { origin, protocol } = new URL(url);
      return origin !== this.#origin && protocol !== "blob:";
    });
    assert.deepEqual(elsewhere, []);
    assert.ok(this.#requested.length > 10, "requests of the page were seen");
  }

  /** Waits until the page says that it is connected. */
  async live(): Promise<void> {
    await this.page.locator('#connection[data-state="live"]').waitFor();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

export type BrowserTest = (
  name: string,
  run: (browser: Browser) => Promise<void>,
) => void;

/** Tests of one file in one Chromium. On a machine without it they are ignored, and the report says why. */
export function browserTests(): BrowserTest {
  const missing = chromiumPath() === null;
  let browser: Browser | null = null;
  if (!missing) {
    Deno.test.beforeAll(async () => {
      browser = await launchBrowser();
    });
    Deno.test.afterAll(async () => {
      await browser?.close();
    });
  }
  return (name, run) =>
    Deno.test({
      name: missing ? `${name} (not tried: no Chromium on PATH, nor in TUNNEL_TEST_CHROMIUM)` : name,
      ignore: missing,
      // Playwright keeps its connection to the browser over all tests of the file.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        assert.ok(browser !== null, "the browser runs only while tests do");
        await bounded(run(browser), name, 60_000);
      },
    });
}
