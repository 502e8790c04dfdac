import assert from "node:assert/strict";
import { connect } from "node:net";
import { browserTests, WatchedPage } from "../support/browser.ts";
import { sharedInspectedStack } from "../support/inspected_stack.ts";
import { eventually } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const test = browserTests();
const shared = sharedInspectedStack();

/** Says `owned` when it runs, and asks another machine for something when it is taken for markup. */
const markup = `"><img src=x onerror="window.owned=1;alert(1)"><script>window.owned=1;alert(2)</script>` +
  `<svg/onload=alert(3)><iframe src="http://example.invalid/"></iframe><base href="http://example.invalid/">`;

/** Sends a request as bytes: no client library would let all of it through. */
async function sendRaw(port: number, head: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => resolve());
  });
  socket.on("data", () => {});
  socket.end(head, "latin1");
  await closed;
}

test("scripts in paths, headers, bodies and messages are shown as text, and nothing of them runs", async (browser) => {
  const stack = shared();
  const { port } = stack.gateway;
  const path = `/<script>alert('path')</script>"><img/src=x/onerror=alert(4)>`;
  await sendRaw(
    port,
    `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nX-Evil: ${markup}\r\nReferer: javascript:alert(5)\r\nConnection: close\r\n\r\n`,
  );
  const types = ["text/html", "image/svg+xml", "application/json", "application/javascript", "image/png"];
  for (const type of types) {
    await stack.ask(`/mirror?${type}`, {
      method: "POST",
      body: markup,
      headers: { "content-type": type, "x-evil": "<b>" },
    });
  }
  await stack.ask("/mirror?json", {
    method: "POST",
    body: JSON.stringify({ [markup]: [markup, { __proto__: markup }] }),
    headers: { "content-type": "application/json" },
  });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/chat?<script>alert(6)</script>`);
  await client.send(markup);
  await client.nextText();

  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  await client.close(1000, markup.slice(0, 100));
  const rows = page.locator("#rows .row");
  await eventually(() => rows.count(), (count) => count === types.length + 3);
  const elements = await page.evaluate<number>("document.querySelectorAll('script').length");
  for (let i = 0; i < types.length + 3; i++) {
    const row = rows.nth(i);
    const target = await row.locator(".path bdi").textContent();
    await row.click();
    await page.locator("#detail h2 .target").getByText(target ?? "", { exact: true }).waitFor();
    const folded = page.locator("#detail details:not([open]) > summary");
    while (await folded.count() > 0) await folded.first().click();
    for (const button of await page.locator("#detail .segments button").all()) await button.click();
  }
  const happened = page.locator("#detail");
  await page.getByRole("row", { name: "/chat" }).click();
  await happened.locator(".message .preview").first().getByText(markup.slice(0, 60)).waitFor();
  await page.locator("#rows .row").last().click();
  await happened.getByRole("cell", { name: "javascript:alert(5)" }).waitFor();
  await page.keyboard.press("r");
  await page.getByRole("region", { name: "Replay answer" }).waitFor();

  assert.equal(await page.evaluate("window.owned"), undefined);
  assert.equal(await page.evaluate("document.querySelectorAll('script').length"), elements);
  assert.equal(await page.locator("iframe, base, object, embed, img[src='x']").count(), 0);
  assert.equal(await page.evaluate("document.baseURI"), stack.page);
  watched.assertClean();
});

test("even markup that got into the page would run nothing and reach nobody", async (browser) => {
  const stack = shared();
  await using watched = await WatchedPage.open(browser, stack.page);
  const { page } = watched;
  await watched.live();
  const directives = ["connect-src", "img-src", "script-src-attr", "script-src-elem", "style-src-attr"];
  await page.evaluate(`{
    window.blocked = new Set();
    addEventListener("securitypolicyviolation", ({ effectiveDirective }) => window.blocked.add(effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "window.owned = 1";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", '<p onclick="window.owned = 1" style="color: red"></p>');
    document.body.lastElementChild.click();
    const image = new Image();
    image.src = "http://example.invalid/pixel";
    fetch("http://example.invalid/").catch(() => {});
  }`);
  const blocked = await eventually(
    () => page.evaluate<string[]>("[...window.blocked].sort()"),
    (blocked) => blocked.length >= directives.length,
  );
  assert.deepEqual(blocked, directives);
  assert.equal(await page.evaluate("window.owned"), undefined);
});

test("a name that runs from right to left does not turn its row round", async (browser) => {
  const stack = shared();
  await stack.ask(`/${encodeURIComponent("\u202e")}x`, { headers: { "x-turn": "\xab\x85" } });
  await sendRaw(stack.gateway.port, `GET /\x85\xa0\xad HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await using watched = await WatchedPage.open(browser, stack.page);
  await watched.live();
  await watched.page.getByRole("row", { name: "/%E2%80%AEx" }).waitFor();
  watched.assertClean();
});
