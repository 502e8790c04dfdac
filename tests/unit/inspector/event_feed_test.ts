import assert from "node:assert/strict";
import { EventFeed } from "../../../lib/inspector/event_feed.ts";
import { bounded } from "../../support/bounded.ts";
import { EventStream } from "../../support/event_stream.ts";
import { end, historyAt, start } from "./exchanges.ts";

function feedAt(): ReturnType<typeof historyAt> & { feed: EventFeed; subscribe(): EventStream } & Disposable {
  const { history, at } = historyAt({ maxRecords: 1_000 });
  const feed = new EventFeed(history);
  return {
    history,
    at,
    feed,
    subscribe: () => new EventStream(new Response(feed.subscribe())),
    [Symbol.dispose]: () => feed.close(),
  };
}

const next = (events: EventStream) => bounded(events.next(), "an event");

Deno.test("changes that come together are one event of each kind, a request that changed often in it once", async () => {
  using at = feedAt();
  const events = at.subscribe();
  assert.deepEqual(await next(events), { name: "hello", data: {} });
  const record = at.history.record(start({ target: "/one" }));
  record.opened("9f3ac01b-1");
  record.responded(200, []);
  record.done(end);
  at.history.record(start({ target: "/two" })).opened("9f3ac01b-2");
  at.history.linkEvent({ link: "a", runner: "r", kind: "late", detail: "" });
  at.history.rtt("a", 1);
  at.history.rtt("a", 2);
  const requests = await next(events);
  assert.equal(requests!.name, "requests");
  assert.deepEqual(
    (requests!.data as { target: string; state: string }[]).map(({ target, state }) => [target, state]),
    [["/one", "done"], ["/two", "open"]],
  );
  assert.deepEqual((await next(events))!.name, "links");
  const rtts = await next(events);
  assert.deepEqual((rtts!.data as { rttMs: number }[]).map(({ rttMs }) => rttMs), [1, 2]);
});

Deno.test("who does not read keeps a bounded queue, is told what it missed, and disturbs nobody who reads", async () => {
  using at = feedAt();
  const stream = at.feed.subscribe();
  const reading = at.subscribe();
  await next(reading);
  const target = "/" + "x".repeat(20_000);
  const rounds = 40;
  for (let i = 0; i < rounds; i++) {
    at.history.record(start({ target })).opened(`9f3ac01b-${i}`);
    assert.equal((await next(reading))!.name, "requests", "the reader has each");
  }
  const idle = new EventStream(new Response(stream));
  const names: string[] = [];
  // What waited, and behind it the note that there was more.
  await bounded(idle.until(({ name }) => names.push(name) > 0 && name === "missed"), "the note");
  const kept = names.filter((name) => name === "requests").length;
  assert.ok(kept * target.length <= 300 * 1024, `${kept} of ${rounds} events were kept`);
  at.history.rtt("a", 1);
  assert.equal((await next(idle))!.name, "rtt", "and from then on it has everything again");
});

Deno.test("when the last reader has left nothing is gathered any more", async () => {
  using at = feedAt();
  const [one, other] = [at.subscribe(), at.subscribe()];
  assert.equal(at.feed.subscribers, 2);
  await one[Symbol.asyncDispose]();
  assert.equal(at.feed.subscribers, 1);
  await other[Symbol.asyncDispose]();
  assert.equal(at.feed.subscribers, 0);
  // Nobody watches, so that less is recorded: a budget of one burst and no more.
  let recorded = 0;
  for (let i = 0; i < 5_000; i++) if (at.history.began(start()) !== null) recorded++;
  assert.equal(recorded, 1_000);
});

Deno.test("a feed that closes ends every stream of events", async () => {
  using at = feedAt();
  const events = at.subscribe();
  await next(events);
  at.feed.close();
  assert.equal(await next(events), null);
});
