import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTests, WatchedPage } from "../support/browser.ts";
import { sharedInspectedStack } from "../support/inspected_stack.ts";

const test = browserTests();
const shared = sharedInspectedStack();

/** The path of the row that has the focus. */
function focusedPath(page: Page): Promise<string | null> {
  return page.evaluate<string | null>(
    "document.activeElement.querySelector?.('.path bdi')?.textContent ?? null",
  );
}

test("everything can be done by keys: filter, choose, open, replay, close", async (browser) => {
  const stack = shared();
  for (const path of ["/api/orders", "/api/visits", "/nowhere"]) await stack.ask(path);
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  const title = page.locator("#detail h2 .target");
  const { keyboard } = page;

  await keyboard.press("/");
  await keyboard.type("api");
  await page.getByText("2 of 3 requests").waitFor();
  // Letters that are keys elsewhere are typed here.
  await keyboard.type(" cpr");
  await page.getByText("0 of 3 requests").waitFor();
  for (let i = 0; i < 4; i++) await keyboard.press("Backspace");
  await keyboard.press("Enter");
  assert.equal(await focusedPath(page), "/api/visits");
  assert.notEqual(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "none");
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowDown");
  assert.equal(await focusedPath(page), "/api/orders");
  await keyboard.press("Home");
  assert.equal(await focusedPath(page), "/api/visits");

  await keyboard.press("Enter");
  await title.getByText("/api/visits").waitFor();
  assert.equal(await page.locator('#rows .row[aria-selected="true"]').count(), 1);
  // What is open follows the arrows.
  await keyboard.press("ArrowDown");
  await title.getByText("/api/orders").waitFor();
  await keyboard.press("ArrowUp");
  await title.getByText("/api/visits").waitFor();

  await keyboard.press("r");
  await page.getByRole("region", { name: "Replay answer" }).waitFor();
  assert.equal(stack.origin.seen.length, 4);
  await keyboard.press("Escape");
  await page.getByRole("region", { name: "Response", exact: true }).waitFor();
  await keyboard.press("c");
  await page.getByText("Copied as curl").waitFor();
  assert.match(await page.evaluate<string>("navigator.clipboard.readText()"), /^curl [^]*\/api\/visits/);
  await keyboard.press("Escape");
  await page.locator("#detail").waitFor({ state: "hidden" });
  assert.equal(await focusedPath(page), "/api/visits");

  await keyboard.press("/");
  await keyboard.press("Escape");
  await page.getByText("4 requests", { exact: true }).waitFor();
  await keyboard.press("Escape");
  assert.equal(await focusedPath(page), "/api/visits");
  watched.assertClean();
});

test("by Tab the focus reaches links, filter, list and pane, and each has a name and a role", async (browser) => {
  const stack = shared();
  await stack.ask("/api/orders");
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  await page.getByRole("row", { name: "/api/orders" }).first().click();
  await page.getByRole("region", { name: "Response", exact: true }).waitFor();
  await page.evaluate("document.activeElement.blur()");
  const reached: string[] = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate<string>(
        "[document.activeElement.getAttribute('role') ?? document.activeElement.tagName.toLowerCase(), " +
          "document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()].join(': ')",
      ),
    );
  }
  for (
    const wanted of [
      "button: default",
      "input: Filter requests",
      "button: All",
      "button: Pause",
      /^row: .*\/api\/orders/,
      /^button: Replay/,
      "button: Close",
      "button: Text",
    ]
  ) {
    assert.ok(
      reached.some((name) => typeof wanted === "string" ? name === wanted : wanted.test(name)),
      `${wanted} among ${reached.join(", ")}`,
    );
  }
  const snapshot = await page.locator("body").ariaSnapshot();
  for (const part of ["grid", "rowgroup", "columnheader", "complementary", "searchbox", "status", "region"]) {
    assert.match(snapshot, new RegExp(`- ${part}`), part);
  }
  watched.assertClean();
});

test("a row keeps the focus while requests come in above it", async (browser) => {
  const stack = shared();
  await stack.ask("/first");
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  await page.getByRole("row", { name: "/first" }).waitFor();
  await page.keyboard.press("ArrowDown");
  assert.equal(await focusedPath(page), "/first");
  await stack.ask("/second");
  await page.getByRole("row", { name: "/second" }).waitFor();
  assert.equal(await focusedPath(page), "/first");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focusedPath(page), "/second");
  watched.assertClean();
});
