import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTests, WatchedPage } from "../support/browser.ts";
import {
  type InspectedStack,
  sharedInspectedStack,
  startInspectedStack,
} from "../support/inspected_stack.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import { pictureSize } from "../support/shop_origin.ts";
import { eventually } from "../support/stack.ts";

const test = browserTests();
const shared = sharedInspectedStack();

type Browser = Parameters<Parameters<typeof test>[1]>[0];

/** A page on which one request, that was just made, is in the list. */
interface Opened extends AsyncDisposable {
  readonly watched: WatchedPage;
  readonly page: Page;
}

async function openedOn(
  browser: Browser,
  stack: InspectedStack,
  asked: { path: string; init?: RequestInit },
): Promise<Opened> {
  await stack.ask(asked.path, asked.init);
  await using started = new AsyncDisposableStack();
  const watched = started.use(await WatchedPage.open(browser, stack.page));
  await watched.live();
  await watched.page.getByRole("row", { name: asked.path }).waitFor();
  const owned = started.move();
  return { watched, page: watched.page, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("a click shows headers and bodies of both sides: JSON folded, as text and as bytes", async (browser) => {
  const body = JSON.stringify({ note: "two cups", size: 12345678901234567890n.toString(), tags: ["a", "b"] });
  const init = { method: "POST", body, headers: { "content-type": "application/json", "x-trace": "abc" } };
  await using opened = await openedOn(browser, shared(), { path: "/mirror?a=1", init });
  const { page, watched } = opened;
  await page.getByRole("row", { name: "/mirror?a=1" }).click();
  const [request, response] = ["Request", "Response"].map((name) =>
    page.getByRole("region", { name, exact: true })
  );
  await response.getByRole("row", { name: "x-trace abc" }).waitFor();
  await request.getByRole("row", { name: "content-type application/json" }).waitFor();

  // Folded, its members are not seen; opened, they are.
  const tags = response.locator("summary", { hasText: "tags" });
  await response.getByText('"a"').waitFor();
  await tags.click();
  await response.getByText("2 items").waitFor();
  assert.equal(await response.getByText('"a"').isVisible(), false);

  await response.getByRole("button", { name: "Text" }).click();
  assert.equal(await response.locator("pre").textContent(), body);
  await response.getByRole("button", { name: "Hex" }).click();
  assert.match(
    await response.locator("pre").textContent() ?? "",
    /^00000000 {2}7b 22 6e 6f 74 65 22 3a {2}22 /,
  );
  watched.assertClean();
});

test("a picture is shown as one, from memory", async (browser) => {
  await using opened = await openedOn(browser, shared(), { path: "/picture.png" });
  const { page, watched } = opened;
  await page.getByRole("row", { name: "/picture.png" }).click();
  await page.getByText(`${pictureSize} × ${pictureSize}, image/png`).waitFor();
  assert.match(await page.locator("#detail img").getAttribute("src") ?? "", /^blob:/);
  await page.locator("#detail").getByRole("button", { name: "Hex" }).click();
  assert.match(await page.locator("#detail pre.hex").textContent() ?? "", /\.PNG/);
  watched.assertClean();
});

test("a replay shows both answers side by side, with what differs marked", async (browser) => {
  await using opened = await openedOn(browser, shared(), { path: "/api/visits" });
  const { page, watched } = opened;
  const { seen } = shared().origin;
  const seenBefore = seen.length;
  await page.getByRole("row", { name: "/api/visits" }).click();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByRole("region", { name: "Original answer" }).getByText("200").waitFor();
  await page.getByRole("region", { name: "Replay answer" }).getByText("200").waitFor();
  assert.equal(seen.length, seenBefore + 1);

  const bodies = page.getByRole("table", { name: "Bodies of both answers" });
  const cells = (kind: string) => bodies.locator(`tr.${kind} td bdi`).allTextContents();
  assert.deepEqual(await cells("differs"), ['  "visits": 1,', '  "visits": 2,']);
  assert.deepEqual((await cells("same")).slice(0, 4), ["{", "{", '  "page": "start",', '  "page": "start",']);
  const [left, right] = await bodies.locator("tr.differs td").all();
  const [leftBox, rightBox] = [await left.boundingBox(), await right.boundingBox()];
  assert.ok(leftBox !== null && rightBox !== null && leftBox.x + leftBox.width <= rightBox.x + 1);
  assert.equal(leftBox.y, rightBox.y);
  await page.getByText("same status").waitFor();
  await page.getByText("another body").waitFor();

  // The replay is a request of the list as well, and leads back to the comparison.
  const copy = page.getByRole("row", { name: /replay of \d+/ });
  await copy.click();
  await page.getByRole("button", { name: "Compare with original" }).click();
  await bodies.waitFor();
  watched.assertClean();
});

test("a replay that cannot be made says why", async (browser) => {
  await using stack = await startInspectedStack();
  await using opened = await openedOn(browser, stack, { path: "/api/orders" });
  const { page, watched } = opened;
  await page.getByRole("row", { name: "/api/orders" }).click();
  await page.getByRole("button", { name: "Replay" }).waitFor();
  stack.runner.signal("SIGTERM");
  await stack.runner.status();
  await page.locator("#no-links").waitFor();
  await stack.ask("/too-late");
  await page.getByRole("row", { name: "/too-late no_runner 503" }).waitFor();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByRole("alert").getByText('No runner named "default" is connected.').waitFor();
  assert.equal(await page.getByRole("button", { name: "Replay" }).isEnabled(), true);
  watched.assertClean();
});

test("the filter leaves those that match, and says how many of how many", async (browser) => {
  await using stack = await startInspectedStack();
  await using opened = await openedOn(browser, stack, { path: "/api/orders" });
  const { page, watched } = opened;
  await stack.ask("/api/orders", { method: "POST", body: "{}" });
  await stack.ask("/api/stock");
  await stack.ask("/nowhere");
  const shown = () =>
    page.locator("#rows .row").evaluateAll((rows) =>
      rows.map((row) =>
        ["method", "path", "status"].map((name) => row.querySelector(`.${name}`)?.textContent).join(" ")
      )
    );
  await eventually(shown, (rows) => rows.length === 4);
  const filter = page.getByRole("searchbox");
  const filtered: [string, string[]][] = [
    ["orders", ["POST /api/orders 201", "GET /api/orders 200"]],
    ["get 2xx", ["GET /api/orders 200"]],
    ["-api", ["GET /nowhere 404"]],
    ["status:5xx", ["GET /api/stock 500"]],
    ["no such thing", []],
  ];
  for (const [line, rows] of filtered) {
    await filter.fill(line);
    assert.deepEqual(await shown(), rows, line);
    assert.equal(await page.locator("#count").textContent(), `${rows.length} of 4 requests`);
  }
  await page.getByText("None of 4 requests matches the filter.").waitFor();
  await filter.fill("");
  await page.getByRole("button", { name: "Errors" }).click();
  assert.deepEqual(await shown(), ["GET /nowhere 404", "GET /api/stock 500"]);

  // What comes later is filtered too.
  await stack.ask("/also-nowhere");
  await stack.ask("/");
  await eventually(() => page.locator("#count").textContent(), (count) => count === "3 of 6 requests");
  watched.assertClean();
});

test("a request copied as curl is the same request to the origin", async (browser) => {
  const path = "/mirror?q=$HOME;(echo)*&list=[1-3]{a,b}";
  const body = 'it\'s $(echo text) `with` "everything" \\ !\n';
  const init = {
    method: "PUT",
    body,
    headers: { "content-type": "text/x-odd; a='1'", "x-odd": "$(touch /tmp/x) 'quoted' \\" },
  };
  await using opened = await openedOn(browser, shared(), { path, init });
  const { page, watched } = opened;
  await page.getByRole("row", { name: path }).click();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  await page.getByText("Copied as curl").waitFor();
  const command = await page.evaluate<string>("navigator.clipboard.readText()");
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `${command} --silent --fail`],
  }).output();
  assert.ok(success, `${command}\n${new TextDecoder().decode(stderr)}`);
  assert.equal(new TextDecoder().decode(stdout), body);

  const [first, again] = shared().origin.seen.slice(-2).map(({ method, url, headers, body }) => ({
    ...{ method, url, body },
    headers: [...headers].filter(([name]) => !name.startsWith("x-forwarded-") && name !== "forwarded").sort(),
  }));
  assert.deepEqual(again, first);
  watched.assertClean();
});

test("a list that is paused holds still, and says how much came", async (browser) => {
  const stack = shared();
  await using opened = await openedOn(browser, stack, { path: "/before" });
  const { page, watched } = opened;
  await page.getByRole("button", { name: "Pause" }).click();
  await stack.ask("/later");
  await page.getByRole("button", { name: "Paused, 1 new" }).click();
  await page.getByRole("row", { name: "/later" }).waitFor();
  watched.assertClean();
});

test("a link tells its streams and what became of it, and can be dropped", async (browser) => {
  const stack = shared();
  await using opened = await openedOn(browser, stack, { path: "/dropped" });
  const { page, watched } = opened;
  await page.locator("#links").getByRole("button", { name: "default" }).click();
  const pane = page.locator("#detail");
  await pane.getByText("No streams now").waitFor();
  await pane.locator(".timeline").getByText("opened", { exact: true }).waitFor();
  await pane.getByRole("button", { name: "Drop this link" }).click();
  await pane.locator(".timeline").getByText("dropped", { exact: true }).waitFor();
  await pane.locator(".timeline").getByText("resumed", { exact: true }).waitFor();
  await stack.proxy.accepted(2);
  await page.locator('#links .pill[data-state="alive"]').waitFor();
  watched.assertClean();
});

test("a body that grows stays shown the way somebody chose, where they had scrolled to", async (browser) => {
  const stack = shared();
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("POST /mirror?grows HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.send(chunk(lines(500)));
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  await page.getByRole("row", { name: "/mirror?grows" }).click();
  const request = page.getByRole("region", { name: "Request", exact: true });
  await request.getByText("4.4 kB").waitFor();
  await request.getByRole("button", { name: "Hex" }).click();
  await request.locator(".body-content").evaluate((place) => place.scrollTop = 300);

  await client.send(chunk(lines(500)));
  await request.getByText("8.8 kB").waitFor();
  assert.equal(await request.getByRole("button", { name: "Hex" }).getAttribute("aria-pressed"), "true");
  assert.match(await request.locator("pre.hex").textContent() ?? "", /^00000000 {2}6c 69 6e 65/);
  assert.equal(await request.locator(".body-content").evaluate((place) => place.scrollTop), 300);
  await client.send("0\r\n\r\n");
  assert.equal((await client.response()).status, 200);
  watched.assertClean();
});
