import assert from "node:assert/strict";
import { browserTests, WatchedPage } from "../support/browser.ts";
import { pageOf, sharedInspectedStack } from "../support/inspected_stack.ts";
import { startGateway } from "../support/processes.ts";
import { WsClient } from "../support/ws_client.ts";

const test = browserTests();
const shared = sharedInspectedStack();

/** What reaches over the right edge of the page: names of elements; empty when nothing does. */
const tooWide = `(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 0.5)
    .map((element) => element.tagName + "." + element.className + "#" + element.id);
})()`;

test("from 360 to 1600 pixels, in dark and light, nothing reaches over the edge", async (browser) => {
  const stack = shared();
  const long = "a-very-long-name-without-any-space-".repeat(12);
  await stack.ask(`/api/orders?${long}`, { headers: { "x-long": long } });
  await stack.ask("/mirror", {
    method: "POST",
    body: JSON.stringify({ [long]: [long, { deep: { deeper: [long] } }] }),
  });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/${long}`);
  await client.send(long);
  await client.nextText();
  await using watched = await WatchedPage.open(browser, stack.page, { width: 360, height: 800 });
  const { page } = watched;
  await watched.live();
  const rows = ["POST /mirror", "GET /a-very", "GET /api/orders"];
  for (const width of [360, 768, 1024, 1600]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const where = `${width} ${colorScheme}`;
      await page.getByRole("row", { name: rows[0] }).last().waitFor();
      assert.deepEqual(await page.evaluate(tooWide), [], `list at ${where}`);
      for (const row of rows) {
        await page.getByRole("row", { name: row }).last().click();
        await page.locator("#detail h2", { hasText: row }).waitFor();
        assert.deepEqual(await page.evaluate(tooWide), [], `${row} at ${where}`);
        await page.keyboard.press("Escape");
      }
    }
    await page.getByRole("row", { name: rows[0] }).last().click();
    await page.keyboard.press("r");
    await page.locator("#detail .diff").first().waitFor();
    assert.deepEqual(await page.evaluate(tooWide), [], `replay at ${width}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
  }
  watched.assertClean();
});

/** Contrast of an element's text to what is behind it (WCAG 2.2, 1.4.3). */
const contrastOf = `((element) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
  };
  const luminance = () => {
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const layers = [];
  for (let at = element; at !== null; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
  paint("white");
  layers.forEach(paint);
  const ground = luminance();
  paint(getComputedStyle(element).color);
  const ink = luminance();
  return (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
})`;

test("text can be read: its contrast is 4.5 or more in dark and in light", async (browser) => {
  const stack = shared();
  for (const path of ["/api/orders", "/nowhere", "/api/stock"]) await stack.ask(path);
  for (const colorScheme of ["light", "dark"] as const) {
    await using watched = await WatchedPage.open(browser, stack.page, { width: 1600, colorScheme });
    const { page } = watched;
    await watched.live();
    await page.getByRole("row", { name: "/api/orders" }).first().click();
    await page.locator("#detail .json .number").first().waitFor();
    const parts = [
      ".status",
      ".method",
      ".started",
      ".pill",
      ".json span",
      ".quiet",
      "th",
      "td",
      "dt",
      "dd",
      "button",
      "kbd",
      "#count",
    ];
    const poor = await page.evaluate<string[]>(
      `[...document.querySelectorAll(${JSON.stringify(parts.join(", "))})]
        .filter((element) => element.checkVisibility() && element.textContent.trim() !== "")
        .map((element) => [${contrastOf}(element), element.tagName + "." + element.className + " " + element.textContent])
        .filter(([contrast]) => contrast < 4.5).map(([contrast, name]) => contrast.toFixed(2) + " " + name)`,
    );
    assert.deepEqual(poor, [], colorScheme);
  }
});

test("on a narrow screen a request covers the page, and closing it leads back to its row", async (browser) => {
  const stack = shared();
  await stack.ask("/api/orders");
  await using watched = await WatchedPage.open(browser, stack.page, { width: 360, height: 740 });
  const { page } = watched;
  await watched.live();
  await page.getByRole("row", { name: "/api/orders" }).first().click();
  await page.locator("#detail .json").waitFor();
  assert.deepEqual(await page.locator("#detail").boundingBox(), { x: 0, y: 0, width: 360, height: 740 });
  assert.ok(await page.locator(".list-pane").evaluate((pane) => pane.hasAttribute("inert")));
  await page.getByRole("button", { name: "Close" }).click();
  await page.locator("#detail").waitFor({ state: "hidden" });
  assert.ok(
    await page.locator("#rows .row").first().evaluate((row) => row === row.ownerDocument.activeElement),
  );
  watched.assertClean();
});

test("an admin port that others can reach asks for its token, and shows nothing before it has it", async (browser) => {
  const token = "a-token-of-the-admin-port";
  await using gateway = await startGateway([
    ...["--admin-port", "any", "--admin-hostname", "0.0.0.0", "--admin-token", token],
  ]);
  const { port } = new URL(await pageOf(gateway.process));
  await using watched = await WatchedPage.open(browser, `http://127.0.0.1:${port}/`);
  const { page } = watched;
  const field = page.getByLabel("Token", { exact: true });
  await field.waitFor();
  // Chromium lets a page hold a dialog open against one Escape, not against the next.
  for (let i = 0; i < 4; i++) await page.keyboard.press("Escape");
  await field.fill("wrong");
  await field.press("Enter");
  await page.getByText("That is not its token.").waitFor();
  assert.equal(await page.locator("#connection").textContent(), "connecting");
  await field.fill(token);
  await page.getByRole("button", { name: "Open" }).click();
  await watched.live();
  assert.equal(await page.locator("#side").textContent(), "gateway");
  assert.ok(!page.url().includes(token));
  watched.assertClean();
});
