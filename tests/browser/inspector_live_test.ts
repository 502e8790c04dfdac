import assert from "node:assert/strict";
import { browserTests, WatchedPage } from "../support/browser.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { pageOf, sharedInspectedStack } from "../support/inspected_stack.ts";
import { startGateway } from "../support/processes.ts";
import { eventually } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const test = browserTests();
const shared = sharedInspectedStack(["--inspect-requests", "300"]);

test("a request appears in the list without a reload, with method, path, status, time and size", async (browser) => {
  const stack = shared();
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  await page.getByText("No requests yet").waitFor();
  await page.evaluate("window.sameDocument = true");

  await stack.ask("/api/orders?page=1");
  const row = page.getByRole("row", { name: "/api/orders?page=1" });
  await row.getByRole("gridcell", { name: "200" }).waitFor();
  const cells = await row.getByRole("gridcell").allTextContents();
  assert.match(
    cells.join("|"),
    /^\d\d:\d\d:\d\d\|GET\|\/api\/orders\?page=1\|200\|[\d.]+ m?s\|\d+ B\|default$/,
  );

  await stack.ask("/nowhere");
  await page.getByRole("row", { name: "/nowhere" }).getByRole("gridcell", { name: "404" }).waitFor();
  assert.deepEqual(await page.locator("#rows .path bdi").allTextContents(), [
    "/nowhere",
    "/api/orders?page=1",
  ]);
  assert.equal(await page.evaluate("window.sameDocument"), true);
  watched.assertClean();
});

test("the runner's own page shows what it forwards, and its link to the gateway", async (browser) => {
  const stack = shared();
  await using watched = await WatchedPage.open(browser, stack.runnerPage);
  await watched.live();
  assert.equal(await watched.page.locator("#side").textContent(), "runner");
  await stack.ask("/api/stock");
  await watched.page.getByRole("row", { name: "/api/stock" }).getByRole("gridcell", { name: "500" })
    .waitFor();
  assert.equal(await watched.page.locator("#links tr .pill").textContent(), "alive");
  watched.assertClean();
});

test("the chart, the small curve and the percentiles follow the round trips of a link", async (browser) => {
  const stack = shared();
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  const largest = async () => {
    const label = await page.locator("#chart").getAttribute("aria-label") ?? "";
    return msOf(/at most ([\d.]+ m?s)/.exec(label)?.[1] ?? "");
  };
  const column = async (label: string) =>
    msOf(await page.locator(`#links td[data-label="${label}"]`).textContent() ?? "");
  const curve = () => page.locator("#links polyline").getAttribute("points");
  const drawn = () =>
    page.locator("#chart canvas").evaluate((canvas) =>
      (canvas as unknown as { toDataURL(): string }).toDataURL()
    );
  await eventually(largest, (ms) => ms > 0);
  const before = { curve: await curve(), chart: await drawn() };

  // From here on no round trip is shorter than twice that.
  stack.proxy.setConditions({ delayMs: 200 });
  await eventually(largest, (ms) => ms >= 400);
  await eventually(() => column("Last"), (ms) => ms >= 400);
  await eventually(() => column("p99"), (ms) => ms >= 400);
  // Drawn in a frame of their own, which a busy machine puts off.
  await eventually(curve, (points) => points !== before.curve);
  await eventually(drawn, (chart) => chart !== before.chart);
  stack.proxy.setConditions({ delayMs: 0 });
  watched.assertClean();
});

/** Milliseconds that a text such as `417 ms` or `1.02 s` says; `NaN` when it says none. */
function msOf(text: string): number {
  const [, value, unit] = /^([\d.]+) (m?s)$/.exec(text) ?? [];
  return Number(value) * (unit === "s" ? 1000 : 1);
}

test("a link that is cut shows as hibernating and comes back, and its WebSocket tells what it lived through", async (browser) => {
  const stack = shared();
  using client = await WsClient.open(`${stack.gateway.wsUrl}/chat`);
  await client.send("before");
  await client.nextText();
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  const pill = page.locator("#links tr .pill");
  await page.locator('#links .pill[data-state="alive"]').waitFor();
  assert.equal(await page.locator('#links td[data-label="Streams"]').textContent(), "1");

  stack.proxy.refuse(true);
  stack.proxy.cut();
  await page.locator('#links .pill[data-state="hibernating"]').waitFor();
  assert.equal(await pill.textContent(), "hibernating");
  const row = page.getByRole("row", { name: "/chat" });
  await row.getByText("link lost").waitFor();

  stack.proxy.refuse(false);
  await page.locator('#links .pill[data-state="alive"]').waitFor();
  await row.getByText("2 link changes").waitFor();
  await client.send("after");
  await client.nextText();

  await row.click();
  const happened = page.locator("#detail .timeline > li");
  await eventually(() => happened.count(), (count) => count === 6);
  const lines = await happened.evaluateAll((items) =>
    items.map((item) => item.querySelector("strong, .preview")?.textContent)
  );
  assert.deepEqual(lines, ["before", "before", "link dropped", "link resumed", "after", "after"]);
  assert.match(await happened.first().textContent() ?? "", /^\+[\d.]+ m?s/);

  // While it is open, what goes on is added.
  await client.send(JSON.stringify({ more: [1, 2] }));
  await eventually(() => happened.count(), (count) => count === 8);
  await happened.nth(6).click();
  await happened.nth(6).locator(".json .key").first().waitFor();
  const directions = await page.locator("#detail .message").evaluateAll((items) =>
    items.map((item) => item.getAttribute("data-direction"))
  );
  assert.deepEqual(directions, ["received", "sent", "received", "sent", "received", "sent"]);
  watched.assertClean();
});

test("when the process behind it is restarted the page says so, and connects again by itself", async (browser) => {
  const port = unusedPort();
  await using first = await startGateway(["--admin-port", port]);
  await using watched = await WatchedPage.open(browser, await pageOf(first.process));
  const { page } = watched;
  await watched.live();
  first.process.signal("SIGKILL");
  await page.locator("#banner").getByText("The connection to the admin port is lost").waitFor();
  assert.equal(await page.locator("#connection").textContent(), "not connected");
  await first.process.status();
  await using _second = await startGateway(["--admin-port", port]);
  await watched.live();
  assert.ok(await page.locator("#banner").isHidden());
});

test("a process that was restarted counts requests anew, and none is taken for one of before", async (browser) => {
  const port = unusedPort();
  await using first = await startGateway(["--admin-port", port]);
  await using watched = await WatchedPage.open(browser, await pageOf(first.process));
  const { page } = watched;
  await watched.live();
  await fetchOnce(`${first.url}/before`);
  await page.getByRole("row", { name: "/before" }).click();
  const target = page.locator("#detail h2 .target");
  await target.getByText("/before").waitFor();
  first.process.signal("SIGKILL");
  await page.locator("#banner").getByText("The connection to the admin port is lost").waitFor();
  await first.process.status();

  await using second = await startGateway(["--admin-port", port]);
  // Before the page has connected again or after it: both are numbered 1.
  await fetchOnce(`${second.url}/after`, { method: "PUT" });
  await watched.live();
  await page.getByRole("row", { name: "/after" }).waitFor();
  assert.deepEqual(await page.locator("#rows .method").allTextContents(), ["PUT"]);
  assert.deepEqual(await page.locator("#rows .path bdi").allTextContents(), ["/after"]);
  assert.ok(await page.locator("#detail").isHidden(), "what was open is gone");
});

/** A port below those that the system gives to outgoing connections: nobody takes it between two processes. */
function unusedPort(): string {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return String(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

test("however many requests go by, the page holds a bounded number of rows", async (browser) => {
  const stack = shared();
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => stack.ask(`/flood/${batch * 20 + i}`)));
  }
  await stack.ask("/last");
  await page.getByRole("row", { name: "/last" }).waitFor();
  assert.equal(await page.locator("#rows .row").count(), 250);
  await page.getByRole("button", { name: "Show older" }).click();
  assert.equal(await page.locator("#rows .row").count(), 300);

  // What the list holds still may be forgotten by the time somebody wants to see it.
  await page.keyboard.press("p");
  for (let batch = 0; batch < 15; batch++) {
    await Promise.all(Array.from({ length: 20 }, () => stack.ask("/more")));
  }
  await page.getByRole("button", { name: "Paused, 300 new" }).waitFor();
  await page.getByRole("row", { name: "/last" }).click();
  await page.getByRole("alert").getByText(/No request "\d+" is recorded \(any more\)/).waitFor();
  watched.assertClean();
});
