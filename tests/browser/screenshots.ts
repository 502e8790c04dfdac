/**
 * Takes the pictures of the inspector page in `docs/images/`, from a real gateway with two runners and real traffic.
 *
 * usage: deno task screenshots
 */
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { pageOf } from "../support/inspected_stack.ts";
import { type RunningGateway, startGateway, startRunner } from "../support/processes.ts";
import { ShopOrigin } from "../support/shop_origin.ts";
import { WsClient } from "../support/ws_client.ts";

const folder = new URL("../../docs/images/", import.meta.url);

/** Long enough for a chart with something to see in it. */
const trafficMs = 75_000;
const betweenMs = 2_500;

const wide = { width: 1280, height: 720 };
const narrow = { width: 360, height: 740 };

/** What clients of the shop ask for, again and again. */
const asked: [path: string, init?: RequestInit][] = [
  ["/"],
  ["/picture.png"],
  ["/api/orders?page=1"],
  ["/api/visits"],
  ["/api/orders", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      customer: "Ada",
      items: [{ name: "Assam", grams: 250 }, { name: "cup", count: 2 }],
    }),
  }],
  ["/api/orders/1042?detail=full"],
  ["/api/visits"],
  ["/api/stock"],
];

async function run(): Promise<void> {
  await using origin = ShopOrigin.start();
  await using gateway = await startGateway(["--admin-port", "any", "--ping-interval", "1s"]);
  await using near = await FaultProxy.start(gateway.port);
  await using far = await FaultProxy.start(gateway.port);
  near.setConditions({ delayMs: 3, jitterMs: 2 });
  far.setConditions({ delayMs: 11, jitterMs: 6 });
  await using _shop = await startRunner(near.wsUrl, origin.url, ["--name", "shop", "--ping-interval", "1s"]);
  await using _chat = await startRunner(far.wsUrl, origin.url, ["--name", "chat", "--ping-interval", "1s"]);
  using client = await WsClient.open(`${gateway.wsUrl}/chat/tea-room`, {
    headers: { "x-tunnel-runner": "chat" },
  });
  const url = await pageOf(gateway.process);
  await traffic(gateway, client, far);
  await using browser = await launchBrowser();
  await pictures(browser, url);
}

/** Visitors of the shop and a talk in the chat, whose link is cut once. */
async function traffic(gateway: RunningGateway, client: WsClient, link: FaultProxy): Promise<void> {
  const until = performance.now() + trafficMs;
  for (let round = 0; performance.now() < until; round++) {
    const [path, init] = asked[round % asked.length];
    const headers = new Headers(init?.headers);
    headers.set("x-tunnel-runner", "shop");
    await (await fetch(gateway.url + path, { ...init, headers })).arrayBuffer();
    await client.send(
      JSON.stringify({ from: "Grace", text: `cup ${round + 1} is ready`, at: round * betweenMs }),
    );
    await client.next();
    if (round === 16) link.cut();
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
}

async function pictures(browser: Browser, url: string): Promise<void> {
  await shoot(browser, { url, name: "light", colorScheme: "light" });
  await shoot(browser, { url, name: "dark", colorScheme: "dark" }, async (page) => {
    await page.getByRole("row", { name: "/chat/tea-room" }).click();
    await page.locator("#detail .link-change").first().waitFor();
    await page.locator("#detail .timeline").evaluate((list) => {
      const change = list.querySelector(".link-change") as unknown as { offsetTop: number };
      list.scrollTop = change.offsetTop - (list as unknown as { offsetTop: number }).offsetTop - 80;
    });
  });
  await shoot(browser, { url, name: "request", colorScheme: "light" }, async (page) => {
    await page.getByRole("row", { name: "POST /api/orders" }).first().click();
    await page.locator("#detail .json").first().waitFor();
  });
  await shoot(browser, { url, name: "replay", colorScheme: "light" }, async (page) => {
    await page.getByRole("row", { name: "/api/visits" }).first().click();
    await page.keyboard.press("r");
    await page.locator("#detail .diff").first().waitFor();
  });
  await shoot(browser, { url, name: "narrow", colorScheme: "dark", size: narrow });
}

interface Shot {
  url: string;
  name: string;
  colorScheme: "light" | "dark";
  size?: { width: number; height: number };
}

async function shoot(browser: Browser, shot: Shot, act?: (page: Page) => Promise<void>): Promise<void> {
  const { url, name, colorScheme, size = wide } = shot;
  const context = await browser.newContext({ viewport: size, colorScheme });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#connection[data-state="live"]').waitFor();
  await page.locator("#rows .row").first().waitFor();
  await act?.(page);
  await page.locator("#notice").evaluate((notice) => notice.textContent = "");
  const path = new URL(`inspector-${name}.png`, folder).pathname;
  await page.screenshot({ path, animations: "disabled" });
  await context.close();
  // deno-lint-ignore no-console -- a program's own output
  console.log(`${path} ${Math.round((await Deno.stat(path)).size / 1000)} kB`);
}

if (import.meta.main) await run();
