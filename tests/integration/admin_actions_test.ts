import assert from "node:assert/strict";
import { adminUrl, api, withAdmin } from "../support/admin.ts";
import { bounded } from "../support/bounded.ts";
import { EventStream } from "../support/event_stream.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { type ChildProcess, startWsOrigin } from "../support/processes.ts";
import { RawHttpClient, textOf } from "../support/raw_http.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const options = { gatewayArgs: withAdmin, runnerArgs: withAdmin };
const ends: [name: string, process: (of: Stack) => ChildProcess][] = [
  ["gateway", ({ gateway }) => gateway.process],
  ["runner", ({ runner }) => runner],
];

interface Links {
  links: { id: string; state: string; linkCount: number; streams: number }[];
}
interface Requests {
  requests: {
    id: number;
    target: string;
    replayOf: number | null;
    status: number;
    state: string;
    requestBytes: number;
  }[];
  unrecorded: number;
}

const requestsOf = async (process: ChildProcess, query = "") =>
  (await api<Requests>(process, `requests${query}`)).body;
const linksOf = async (process: ChildProcess) => (await api<Links>(process, "links")).body.links;

/** Opens the stream of events of a process. */
async function eventsOf(process: ChildProcess): Promise<EventStream> {
  return new EventStream(await fetchOnce(`${await adminUrl(process)}/api/events`));
}

for (const [name, process] of ends) {
  Deno.test(`a link that is dropped at the ${name} is resumed by the runner, and its streams go on`, async () => {
    await using stack = await startStack({ ...options, origin: startWsOrigin });
    using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
    const [{ id }] = await linksOf(process(stack));
    const dropped = await api(process(stack), `links/${id}`, { method: "DELETE" });
    assert.deepEqual(dropped, { status: 202, body: { dropped: id } });
    await client.send("through the drop");
    assert.equal(await client.nextText(), "through the drop");
    for (const [, each] of ends) {
      const [link] = await eventually(() => linksOf(each(stack)), ([link]) => link.linkCount === 2);
      assert.deepEqual([link.id, link.state, link.streams], [id, "alive", 1]);
    }
    const { requests: [{ id: request }] } = await requestsOf(stack.gateway.process);
    const { body } = await api<{ linkChangeList: { change: string; detail: string }[] }>(
      stack.gateway.process,
      `requests/${request}`,
    );
    assert.deepEqual(body.linkChangeList.map(({ change }) => change), ["dropped", "resumed"]);
    assert.match(body.linkChangeList[0].detail, /dropped by the operator/);
  });

  Deno.test(`a request replayed at the ${name} is sent again byte for byte, and recorded as a second one`, async () => {
    await using stack = await startStack(options);
    const body = "to be sent twice \u00e9";
    const init = { method: "PUT", body, headers: { "x-mark": "one", "content-type": "text/x-test" } };
    const first = await (await fetchOnce(`${stack.gateway.url}/echo?of=it`, init)).json();
    const end = process(stack);
    const { requests: [{ id }] } = await eventually(
      () => requestsOf(end),
      ({ requests }) => requests[0]?.state === "done",
    );
    const { body: copy } = await api<Requests["requests"][0] & { responseBody: { text: string } }>(
      end,
      `requests/${id}/replay`,
      { method: "POST" },
    );
    assert.deepEqual([copy.replayOf, copy.target, copy.status], [id, "/echo?of=it", 200]);
    const second = JSON.parse(copy.responseBody.text);
    for (const key of ["method", "url", "length", "sha256"]) assert.equal(second[key], first[key], key);
    const mark = second.rawHeaders.indexOf("x-mark");
    assert.equal(second.rawHeaders[mark + 1], "one");
    const { requests } = await requestsOf(end);
    const both = requests.filter(({ target }) => target === "/echo?of=it");
    assert.ok(both.some(({ replayOf }) => replayOf === id) && both.some(({ replayOf }) => replayOf === null));
  });

  Deno.test(`a request without a body can be replayed at the ${name}, and so can its replay`, async () => {
    await using stack = await startStack(options);
    const end = process(stack);
    await fetchOnce(`${stack.gateway.url}/name`);
    const { requests: [{ id }] } = await eventually(
      () => requestsOf(end),
      ({ requests }) => requests[0]?.state === "done",
    );
    const replay = (of: number) =>
      api<{ id: number; status: number }>(end, `requests/${of}/replay`, { method: "POST" });
    const first = await replay(id);
    assert.deepEqual([first.status, first.body.status], [200, 200]);
    const second = await replay(first.body.id);
    assert.deepEqual([second.status, second.body.status], [200, 200]);
  });

  Deno.test(`of an upload that its client broke off, the ${name} does not replay the beginning as the whole`, async () => {
    await using stack = await startStack(options);
    const end = process(stack);
    const heads = [
      "Content-Length: 1000\r\n\r\nbegun",
      "Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n",
      "Transfer-Encoding: chunked\r\n\r\n",
    ];
    for (const [i, head] of heads.entries()) {
      const begunBytes = head.includes("begun") ? 5 : 0;
      const target = `/echo?broken=${i}`;
      const seen = ({ requests }: Requests) => requests.find((request) => request.target === target);
      {
        using client = await RawHttpClient.connect(stack.gateway.port);
        await client.send(`POST ${target} HTTP/1.1\r\nHost: a\r\n${head}`);
        await eventually(() => requestsOf(end), (all) => seen(all)?.requestBytes === begunBytes);
      }
      const { id } = seen(await eventually(() => requestsOf(end), (all) => seen(all)?.state === "done"))!;
      const { status, body } = await api(end, `requests/${id}/replay`, { method: "POST" });
      assert.deepEqual([status, body.error], [409, "not_replayable"], head);
      assert.match(String(body.message), /before its body was complete/);
    }
  });

  Deno.test(`an upload that an origin answered before it was complete is not replayed by the ${name}`, async () => {
    await using stack = await startStack(options);
    const end = process(stack);
    using client = await RawHttpClient.connect(stack.gateway.port);
    await client.send(
      "POST /status?code=413 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n",
    );
    assert.equal((await client.response()).status, 413);
    const { requests: [{ id }] } = await eventually(
      () => requestsOf(end),
      ({ requests }) => requests[0]?.state === "done",
    );
    const { status, body } = await api(end, `requests/${id}/replay`, { method: "POST" });
    assert.deepEqual([status, body.error], [409, "not_replayable"]);
  });

  Deno.test(`an upload that came whole is replayed by the ${name}, whatever its client did then`, async () => {
    await using stack = await startStack(options);
    const end = process(stack);
    {
      using client = await RawHttpClient.connect(stack.gateway.port);
      await client.send(
        "POST /slow?ms=600000 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n",
      );
      await eventually(() => requestsOf(end), ({ requests }) => requests[0]?.requestBytes === 5);
    }
    const { requests: [{ id }] } = await eventually(
      () => requestsOf(end),
      ({ requests }) => requests[0]?.state === "done",
    );
    // Not awaited: its origin takes its time again.
    const replaying = api(end, `requests/${id}/replay`, { method: "POST" }).catch(() => {});
    const { requests } = await eventually(
      () => requestsOf(end),
      ({ requests }) => requests.some(({ replayOf }) => replayOf === id),
    );
    assert.equal(requests.find(({ replayOf }) => replayOf === id)?.requestBytes, 5);
    await stack[Symbol.asyncDispose]();
    await replaying;
  });

  Deno.test(`a ${name} that is told to drain takes nothing new, finishes what is in flight, and exits with 0`, async () => {
    await using stack = await startStack(options);
    const end = process(stack);
    using client = await RawHttpClient.connect(stack.gateway.port);
    await client.send("GET /stepped?id=drain HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until("data: event 1\n\n");
    await using events = await eventsOf(end);
    const answer = await api(end, "drain", { method: "POST" });
    assert.deepEqual(answer, { status: 202, body: { draining: true } });
    await end.line(/(?:gateway|runner)\.draining .*admin API/);
    assert.equal((await api<{ draining: boolean }>(end, "status")).body.draining, true);
    assert.equal((await api(end, "drain", { method: "POST" })).status, 202, "once more is no harm");
    await (await fetchOnce(`${stack.origin.url}/finish?id=drain`)).text();
    const response = await client.response();
    assert.deepEqual([textOf(response), response.complete], ["data: event 1\n\n", true]);
    assert.equal((await end.status()).code, 0);
    await bounded(events.until(() => false).catch(() => null), "the stream of events to end");
  });
}

Deno.test("an upload that is replayed at the runner, while it dials the origin for it, harms no later transfer", async () => {
  await using stack = await startStack(options);
  await fetchOnce(`${stack.gateway.url}/hash`, { method: "POST", body: "u".repeat(40_000) });
  const { requests: [{ id }] } = await eventually(
    () => requestsOf(stack.runner),
    ({ requests }) => requests[0]?.state === "done",
  );
  // It takes the connection that is kept, so that the replay needs another.
  using holding = await RawHttpClient.connect(stack.gateway.port);
  await holding.send("GET /hold?id=kept HTTP/1.1\r\nHost: app\r\n\r\n");
  await fetchOnce(`${stack.origin.url}/held?id=kept`);
  const replay = await api<{ status: number }>(stack.runner, `requests/${id}/replay`, { method: "POST" });
  assert.deepEqual([replay.status, replay.body.status], [200, 200]);
  const size = 4 * 1024 * 1024;
  const download = await fetchOnce(`${stack.gateway.url}/bytes?n=${size}`);
  assert.equal((await download.arrayBuffer()).byteLength, size);
});

Deno.test("a replay of a request that met no runner asks for one again, unless its body was never taken", async () => {
  await using stack = await startStack(options);
  const { process } = stack.gateway;
  const headers = { "x-tunnel-runner": "nobody" };
  for (const body of [null, "not taken"]) {
    const { status } = await fetchOnce(`${stack.gateway.url}/`, { method: "POST", headers, body });
    assert.equal(status, 503);
  }
  const { requests: [withBody, without] } = await requestsOf(process);
  const replay = async (id: number) => {
    const { status, body } = await api(process, `requests/${id}/replay`, { method: "POST" });
    return [status, body.error];
  };
  assert.deepEqual(await replay(without.id), [503, "no_runner"]);
  assert.deepEqual(await replay(withBody.id), [409, "not_replayable"]);
});

Deno.test("events tell of each request in the order of what happens to it, until it is done", async () => {
  await using stack = await startStack(options);
  await using events = await eventsOf(stack.gateway.process);
  assert.deepEqual(await events.next(), { name: "hello", data: {} });
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET /stepped?id=events HTTP/1.1\r\nHost: a\r\n\r\n");
  const states: string[] = [];
  const seen: number[] = [];
  const follow = async (until: string) => {
    await bounded(
      events.until(({ name, data }) => {
        if (name !== "requests") return false;
        for (const { target, state, status } of data as Requests["requests"]) {
          if (target !== "/stepped?id=events") continue;
          states.push(state);
          seen.push(status);
        }
        return states.at(-1) === until && seen.at(-1) === 200;
      }),
      `the request to be ${until}`,
    );
  };
  await follow("open");
  await (await fetchOnce(`${stack.origin.url}/finish?id=events`)).text();
  await follow("done");
  assert.deepEqual(states, states.toSorted((a, b) => Number(a === "done") - Number(b === "done")));
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
});

Deno.test("no more requests are remembered than asked for, and of each body no more than its beginning", async () => {
  await using stack = await startStack({
    gatewayArgs: [...withAdmin, "--inspect-requests", "20"],
    runnerArgs: [...withAdmin, "--inspect-requests", "20"],
  });
  for (let i = 0; i < 60; i++) {
    await (await fetchOnce(`${stack.gateway.url}/bytes?n=${200_000 + i}`)).bytes();
  }
  for (const [, process] of ends) {
    const { requests, unrecorded } = await eventually(
      () => requestsOf(process(stack), "?limit=1000"),
      ({ requests }) => requests.every(({ state }) => state === "done"),
    );
    assert.equal(requests.length, 20);
    const ids = requests.map(({ id }) => id);
    assert.deepEqual(ids, ids.toSorted((a, b) => b - a), "newest first");
    assert.equal(ids[0] + unrecorded, 60);
    const { body } = await api<{ responseBody: { bytes: number; keptBytes: number } }>(
      process(stack),
      `requests/${ids[0]}`,
    );
    assert.equal(body.responseBody.keptBytes, 64 * 1024);
    assert.ok(body.responseBody.bytes >= 200_000);
    assert.equal((await api(process(stack), `requests/${ids[19] - 1}`)).status, 404, "the oldest have gone");
  }
});

/** A reader of events that takes nothing after the first, and a gateway that has more to tell it than buffers hold. */
async function idleReader(stack: Stack, requests: number): Promise<Deno.TcpConn> {
  const admin = new URL(await adminUrl(stack.gateway.process));
  const reader = await Deno.connect({ hostname: admin.hostname, port: Number(admin.port) });
  await reader.write(new TextEncoder().encode(`GET /api/events HTTP/1.1\r\nHost: ${admin.host}\r\n\r\n`));
  await bounded(reader.read(new Uint8Array(4 * 1024)), "the first event");
  // Long targets make large events.
  const filler = "x".repeat(30_000);
  using client = await RawHttpClient.connect(stack.gateway.port);
  for (let i = 0; i < requests; i++) {
    await client.send(`GET /name?${filler}${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.response()).status, 200);
  }
  return reader;
}

Deno.test("for a reader of events that takes nothing no more is kept than a bound, and it is told that it missed some", async () => {
  await using stack = await startStack(options);
  // 60 MB of events in all.
  using reader = await idleReader(stack, 2_000);
  const buffer = new Uint8Array(64 * 1024);
  let bytes = 0;
  let tail = "";
  while (!tail.includes("event: missed")) {
    const count = await bounded(reader.read(buffer), "the note that events were missed");
    assert.ok(count !== null, "the stream goes on");
    bytes += count;
    tail = tail.slice(-20) + new TextDecoder().decode(buffer.subarray(0, count));
  }
  // The kernel's buffers for both ends take most of it.
  assert.ok(bytes < 30_000_000, `${bytes} bytes were kept`);
});

Deno.test("a reader of events that takes nothing does not keep the gateway from ending", async () => {
  await using stack = await startStack(options);
  using _reader = await idleReader(stack, 600);
  stack.gateway.process.signal("SIGTERM");
  assert.equal(
    (await bounded(stack.gateway.process.status(), "the gateway to end")).code,
    0,
    stack.gateway.process.stderr.slice(-1500),
  );
});
