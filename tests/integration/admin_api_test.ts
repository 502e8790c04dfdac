import { Validator } from "@seriousme/openapi-schema-validator";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { apiRoutes } from "../../lib/inspector/api_routes.ts";
import { adminUrl } from "../support/admin.ts";
import { bounded } from "../support/bounded.ts";
import { EventStream } from "../support/event_stream.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { OpenApi } from "../support/openapi.ts";
import { type ChildProcess, startRunner, startWsOrigin } from "../support/processes.ts";
import { RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import { eventually, startStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const token = "an-admin-token";
const admin = ["--admin-port", "any", "--admin-token", token];
const path = "schemas/admin-api.openapi.json";

/** What the admin port serves, besides the files of the page. */
const served = [...apiRoutes, "GET /metrics"];

Deno.test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(await Deno.readTextFile(path)));
  assert.ok(valid, Deno.inspect(errors));
  assert.equal(validator.version, "3.1");
});

Deno.test("the document has every route that is served, and no other", async () => {
  assert.deepEqual((await OpenApi.read(path)).routes.sort(), [...served].sort());
});

/** Asks one process's admin port, and holds each answer to the document. */
class Asking {
  constructor(readonly api: OpenApi, readonly process: ChildProcess) {}

  /** @param id stands where the route has `{id}` */
  // deno-lint-ignore no-explicit-any -- what it is the document says, and has been checked
  async ask(route: string, options: { id?: string; query?: string; init?: RequestInit } = {}): Promise<any> {
    const [method, template] = route.split(" ");
    const { id = "x", query = "", init = {} } = options;
    const url = await adminUrl(this.process) + template.replace("{id}", id) + query;
    const headers = new Headers({ authorization: `Bearer ${token}` });
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    const response = await fetchOnce(url, { method, ...init, headers });
    const type = response.headers.get("content-type") ?? "";
    const body = type.startsWith("application/json") ? await response.json() : await response.text();
    this.api.check(route, { status: response.status, type, body });
    return body;
  }

  /** Every refusal that any route may answer with. */
  async refusals(): Promise<void> {
    const port = Number(new URL(await adminUrl(this.process)).port);
    for (const route of this.api.routes) {
      const [method, template] = route.split(" ");
      await this.ask(route, { init: { headers: { authorization: "Bearer wrong" } } });
      await this.ask(route, { init: { headers: { origin: "http://evil.example" } } });
      await this.ask(route, { init: { method: "PATCH" } });
      const raw = await rawRequest(
        port,
        `${method} ${template} HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`,
      );
      const type = "application/json; charset=utf-8";
      this.api.check(route, { status: raw.status, type, body: JSON.parse(textOf(raw)) });
    }
    for (const route of this.api.routes.filter((route) => route.includes("{id}"))) await this.ask(route);
    await this.ask("GET /api/requests", { query: "?limit=none" });
  }
}

const until = (
  asking: Asking,
  route: string,
  holds: (body: { requests: unknown[]; links: { state: string }[] }) => boolean,
) => eventually(() => asking.ask(route), holds);

Deno.test("a real gateway and runner answer as the document says, whatever is asked and whatever goes wrong", async () => {
  await using stack = await startStack({ gatewayArgs: admin, runnerArgs: admin });
  await using websockets = await startWsOrigin();
  await using _ws = await startRunner(stack.gateway.wsUrl, websockets.url, ["--name", "ws", ...admin]);
  const api = await OpenApi.read(path);
  const gateway = new Asking(api, stack.gateway.process);
  const runner = new Asking(api, stack.runner);
  const base = stack.gateway.url;
  // Bodies of each kind: none, text, bytes, packed; an error of the origin's and of the gateway's.
  await (await fetchOnce(`${base}/name?of=one`)).text();
  await (await fetchOnce(`${base}/echo`, { method: "POST", body: "text" })).text();
  await (await fetchOnce(`${base}/mirror`, { method: "POST", body: new Uint8Array([0, 255, 1]) })).bytes();
  await (await fetchOnce(`${base}/hash`, {
    method: "POST",
    body: new Uint8Array(gzipSync("packed")),
    headers: { "content-encoding": "gzip" },
  })).text();
  await (await fetchOnce(`${base}/hash`, { method: "POST", body: new Uint8Array(100_000) })).text();
  await (await fetchOnce(`${base}/status?code=500`)).text();
  await (await fetchOnce(`${base}/`, { headers: { "x-tunnel-runner": "nobody" } })).text();
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`, { headers: { "x-tunnel-runner": "ws" } });
  for (const message of ["hello", new Uint8Array([0, 255]), "x".repeat(10_000)]) {
    await client.send(message);
    await client.next();
  }
  using closed = await WsClient.open(`${stack.gateway.wsUrl}/echo`, { headers: { "x-tunnel-runner": "ws" } });
  await closed.close(3000, "enough");
  using held = await RawHttpClient.connect(stack.gateway.port);
  await held.send("GET /hold?id=api HTTP/1.1\r\nHost: a\r\n\r\n");
  await (await fetchOnce(`${stack.origin.url}/held?id=api`)).text();
  await until(gateway, "GET /api/requests", ({ requests }) => requests.length === 10);

  for (const asking of [gateway, runner]) {
    const route = (of: string) => asking.ask(of);
    await route("GET /api/status");
    await route("GET /metrics");
    await asking.ask("GET /metrics", { init: { headers: { accept: "text/plain" } } });
    await eventually(
      () => route("GET /api/links"),
      ({ links }) => links.every((link: { percentiles: unknown }) => link.percentiles !== null),
    );
    const { links: [link] } = await route("GET /api/links");
    const { bins } = await asking.ask("GET /api/links/{id}/rtt", { id: link.id });
    assert.ok(bins.length > 0);
    assert.ok((await route("GET /api/link-events")).events.length > 0);
    const { streams } = await route("GET /api/streams");
    assert.ok(streams.length > 0);
    for (const { id } of streams) await asking.ask("GET /api/streams/{id}", { id });
    const { requests } = await route("GET /api/requests");
    for (const { id } of requests) await asking.ask("GET /api/requests/{id}", { id });
    for (
      const query of ["?limit=2", "?kind=http&method=post&status=2xx", "?q=NAME&runner=default&before=999"]
    ) {
      await asking.ask("GET /api/requests", { query });
    }
    const named = requests.find(({ target }: { target: string }) => target === "/name?of=one");
    const copy = await asking.ask("POST /api/requests/{id}/replay", { id: named.id });
    assert.equal(copy.replayOf, named.id);
    assert.equal(copy.responseBody.text, "origin");
    const large = requests.find(({ requestBytes }: { requestBytes: number }) => requestBytes === 100_000);
    await asking.ask("POST /api/requests/{id}/replay", { id: large.id });
    await asking.refusals();
  }

  const one = (await gateway.ask("GET /api/requests", { query: "?status=200&limit=1" })).requests[0].id;
  const ofWs = (await gateway.ask("GET /api/requests", { query: "?kind=websocket" })).requests[0].id;
  await gateway.ask("POST /api/requests/{id}/replay", { id: ofWs });
  await eventsOf(gateway, stack);
  held[Symbol.dispose]();
  stack.runner.signal("SIGKILL");
  await stack.runner.status();
  const { links } = await gateway.ask("GET /api/links");
  for (const { id, runner } of links) {
    if (runner === "ws") await gateway.ask("DELETE /api/links/{id}", { id });
  }
  // The gateway hears of the killed runner's end when the kernel tells it.
  await until(
    gateway,
    "GET /api/links",
    ({ links }) => links.some(({ state }) => state === "hibernating"),
  );
  const lone = (await gateway.ask("GET /api/requests", { query: "?q=/&runner=nobody" })).requests[0].id;
  await gateway.ask("POST /api/requests/{id}/replay", { id: lone });
  assert.ok(one > 0);
  await gateway.ask("POST /api/drain");
  const missing = new Set(api.answers).difference(api.seen);
  assert.deepEqual([...missing], [], "each answer that is described was seen");
});

/** Every kind of event, from a real link that is dropped and a real request. */
async function eventsOf(asking: Asking, stack: { gateway: { url: string } }): Promise<void> {
  const url = `${await adminUrl(asking.process)}/api/events`;
  const response = await fetchOnce(url, { headers: { authorization: `Bearer ${token}` } });
  await using events = new EventStream(response);
  const seen = new Set<string>();
  const { links } = await asking.ask("GET /api/links");
  const { id } = links.find(({ runner }: { runner: string }) => runner === "default");
  await asking.ask("DELETE /api/links/{id}", { id });
  await (await fetchOnce(`${stack.gateway.url}/name`)).text();
  await bounded(
    events.until((event) => {
      asking.api.checkEvent("GET /api/events", event);
      seen.add(event.name);
      return ["hello", "requests", "links", "rtt"].every((name) => seen.has(name));
    }),
    "an event of each kind",
  );
  asking.api.check("GET /api/events", {
    status: response.status,
    type: response.headers.get("content-type")!,
    body: "",
  });
}

Deno.test("the document's own examples of what is no answer are refused", async () => {
  const api = await OpenApi.read(path);
  const type = "application/json; charset=utf-8";
  const refused: [route: string, status: number, body: unknown][] = [
    ["GET /api/links", 200, { links: [{}] }],
    ["GET /api/links", 200, { links: [], more: 1 }],
    ["GET /api/status", 200, {}],
    ["GET /api/status", 418, {}],
    ["GET /api/streams/{id}", 404, { error: "no_such_stream" }],
  ];
  for (const [route, status, body] of refused) {
    assert.throws(() => api.check(route, { status, type, body }), assert.AssertionError, route);
  }
  assert.throws(() => api.checkEvent("GET /api/events", { name: "rtt", data: [{}] }), assert.AssertionError);
});
