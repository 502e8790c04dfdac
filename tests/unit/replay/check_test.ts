import assert from "node:assert/strict";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import {
  accept,
  chunk,
  close,
  end,
  gatewayId,
  get,
  hello,
  message,
  noStreams,
  ok,
  open,
  post,
  RecordedSession,
  welcome,
  window,
} from "./recorded_session.ts";
import { connected, passes, violates } from "./verdicts.ts";

Deno.test("a request with a body and its response pass", async () => {
  const capture = connected()
    .up(1, 0, post).up(1, 1, chunk(1000)).up(1, 2, end)
    .ackDown(1, 1).ackDown(1, 3, window + 1000)
    .down(1, 0, ok).down(1, 1, chunk(500)).down(1, 2, end)
    .ackUp(1, 1).collected(1).ackUp(1, 3, window + 500);
  const result = await capture.check();
  assert.deepEqual(result.violations, []);
  assert.deepEqual(result.counts, { frames: 14, links: 1, streams: 1, resumes: 0, gaps: 0 });
});

Deno.test("what a peer has not seen is sent again after a redial, and passes", async () => {
  const position = { requestId: 1, received: 2, delivered: 1, credit: window };
  const capture = connected()
    .up(1, 0, open).down(1, 0, accept).ackDown(1, 1).ackUp(1, 1)
    .up(1, 1, message(10)).up(1, 2, message(20)).up(1, 3, message(30))
    .down(1, 1, message(7))
    .redial([position], [{ requestId: 1, received: 2, delivered: 1, credit: window }])
    .up(1, 2, message(20)).up(1, 3, message(30)).up(1, 4, message(40))
    .ackDown(1, 5, window + 100)
    .down(1, 2, message(8)).ackUp(1, 3, window + 15);
  await passes(capture);
});

Deno.test("a gap in what arrived", async () => {
  const capture = connected().up(1, 0, open).down(1, 0, accept).down(1, 3, message(1));
  await violates(capture, "gap", /frame 3 arrived where 1 was expected/);
});

Deno.test("a gap in what was sent", async () => {
  await violates(connected().up(1, 0, open).up(1, 2, message(1)), "gap", /frame 2 was sent where 1 was next/);
});

Deno.test("a duplicate that arrived", async () => {
  const capture = connected().up(1, 0, open).down(1, 0, accept).down(1, 1, message(1)).down(1, 1, message(1));
  await violates(capture, "duplicate", /frame 1 arrived again, 2 was expected/);
});

Deno.test("a duplicate that was sent", async () => {
  const capture = connected().up(1, 0, open).up(1, 1, message(1)).up(1, 1, message(1));
  await violates(capture, "duplicate", /frame 1 was sent again, 2 was next/);
});

Deno.test("an index beyond the window, ahead or behind", async () => {
  for (const index of [0x7fff, 0x8000, 0x9000, 0xffff]) {
    const capture = connected().up(1, 0, open).down(1, 0, accept).down(1, index, message(1));
    await violates(capture, "index-jump", /beyond the window from 1 on/);
  }
});

Deno.test("indices wrap without a violation", async () => {
  const capture = connected().up(1, 0, open).down(1, 0, accept);
  for (let i = 1; i <= 70_000; i++) {
    capture.down(1, i & 0xffff, message(1));
    if (i % 64 === 0) capture.ackUp(1, (i + 1) & 0xffff, window + i);
  }
  // The window grows only when a sender comes near its credit, which this one does not.
  await passes(capture);
});

Deno.test("an acknowledgement of what was never sent", async () => {
  await violates(
    connected().up(1, 0, open).ackDown(1, 2),
    "ack-of-unsent",
    /index 2 was acknowledged, but only 1 frames/,
  );
});

Deno.test("an acknowledgement of what never arrived", async () => {
  const capture = connected().up(1, 0, open).down(1, 0, accept).ackUp(1, 2);
  await violates(capture, "ack-of-unsent", /frames before 2 are called delivered/);
});

Deno.test("more payload than credit, either way", async () => {
  const parts = (capture: RecordedSession, way: "up" | "down") => {
    for (let i = 1; i <= 5; i++) capture[way](1, i, message(65_536));
    return capture;
  };
  const began = () => connected().up(1, 0, open).down(1, 0, accept);
  await violates(parts(began(), "up"), "credit", /was sent beyond the credit of 262144 bytes/);
  await violates(parts(began(), "down"), "credit", /327680 bytes arrived with a credit of 262144/);
});

Deno.test("credit that the receive order would not have granted", async () => {
  const capture = connected().up(1, 0, open).down(1, 0, accept).down(1, 1, message(10)).ackUp(
    1,
    2,
    window + 11,
  );
  await violates(capture, "decision", /credit of 262155 bytes was granted where 262154 is due/);
});

Deno.test("a frame sent again that is not the one that was sent before", async () => {
  const capture = connected()
    .up(1, 0, open).ackDown(1, 1).up(1, 1, message(10))
    .redial([{ requestId: 1, received: 1, delivered: 1, credit: window }], [])
    .up(1, 1, message(11));
  await violates(
    capture,
    "decision",
    /sent again as ws-message with 11 bytes, it had been ws-message with 10/,
  );
});

Deno.test("a frame that was not sent again after a redial", async () => {
  const capture = connected()
    .up(1, 0, open).ackDown(1, 1).up(1, 1, message(10))
    .redial([{ requestId: 1, received: 1, delivered: 1, credit: window }], [])
    .up(1, 2, message(11));
  await violates(capture, "gap", /frame 2 was sent where 1 was next/);
});

Deno.test("a position that names another frame than the next", async () => {
  const capture = connected().up(1, 0, open).down(1, 0, accept).ackUp(1, 1)
    .redial([], [{ requestId: 1, received: 2, delivered: 1, credit: window }]);
  const { violations } = await capture.check();
  assert.deepEqual(violations.map(({ rule, record }) => ({ rule, record })), [
    { rule: "decision", record: capture.last - 1 },
  ]);
});

Deno.test("frames after the close, the reset and the collection of a stream", async () => {
  const closed = connected().up(1, 0, open).down(1, 0, accept).down(1, 1, close).down(1, 2, message(1));
  await violates(closed, "use-after-close", /no place at stage "done"/);
  const reset = { type: frameTypes.reset, gatewayId, requestId: 1, index: 1, code: 0, reason: "" } as const;
  const after = connected().up(1, 0, open).received(reset).down(1, 0, accept);
  await violates(after, "use-after-close", /ws-accept 0 came after the peer's reset/);
  await violates(
    connected().up(1, 0, open).sent(reset).up(1, 1, message(1)),
    "use-after-close",
    /this side's reset/,
  );
  const collected = connected().up(1, 0, get).ackDown(1, 1).down(1, 0, ok).down(1, 1, end).ackUp(1, 2)
    .collected(1);
  await violates(collected.down(1, 2, chunk(1)), "use-after-close", /after the end of its stream/);
});

Deno.test("frames that crossed a reset on the way are no violation", async () => {
  const reset = { type: frameTypes.reset, gatewayId, requestId: 1, index: 1, code: 0, reason: "" } as const;
  await passes(
    connected().up(1, 0, open).sent(reset).down(1, 0, accept).collected(1).down(1, 1, message(5)),
  );
});

Deno.test("a frame after the end of its link", async () => {
  const capture = connected().event({ name: "dropped", reason: "x" }, 1).up(1, 0, open);
  await violates(capture, "use-after-close", /a frame was sent after the end of link 1/);
});

Deno.test("a frame of a stream that nobody opened", async () => {
  await violates(
    connected().down(9, 0, ok),
    "unknown-stream",
    /response-start 0 arrived for a stream that is not open/,
  );
});

Deno.test("a body where none was announced", async () => {
  await violates(connected().up(1, 0, get).up(1, 1, chunk(1)), "use-after-close", /body-chunk has no place/);
  await violates(
    connected().up(1, 0, open).down(1, 0, chunk(1)),
    "stage",
    /body-chunk has no place at stage "start"/,
  );
});

Deno.test("a pong without a ping, in both directions", async () => {
  const pong = { type: frameTypes.pong, sequence: 0, sentAtUs: 1, receivedAtUs: 2, repliedAtUs: 3 } as const;
  const ping = { type: frameTypes.ping, sequence: 0, sentAtUs: 1 } as const;
  await passes(connected().sent(ping).received(pong).received(ping).sent(pong));
  await violates(connected().received(pong), "pong-without-ping", /no such ping was sent/);
  await violates(
    connected().sent(ping).received(pong).received(pong),
    "pong-without-ping",
    /had been answered/,
  );
  await violates(connected().sent(pong), "pong-without-ping", /no such ping had arrived/);
});

Deno.test("a ping with another number than the next", async () => {
  const capture = connected().sent({ type: frameTypes.ping, sequence: 1, sentAtUs: 1 });
  await violates(capture, "decision", /ping 1 was sent where 0 was next/);
});

Deno.test("a heartbeat that went where the machine would not have", async () => {
  const capture = connected().event({ name: "phase", from: "alive", to: "lost", reason: "" }, 1);
  await violates(capture, "decision", /from alive to lost where it would have stayed alive/);
});

Deno.test("silence that lasts for the timeout makes a link lost, and late before that", async () => {
  const ping = (sequence: number) => ({ type: frameTypes.ping, sequence, sentAtUs: 1 }) as const;
  const capture = connected().sent(ping(0));
  capture.timeUs += 7_000_000;
  capture.event({ name: "phase", from: "alive", to: "late", reason: "" }, 1).sent(ping(1));
  capture.timeUs += 24_000_000;
  capture.event({ name: "phase", from: "late", to: "lost", reason: "" }, 1);
  await passes(capture.event({ name: "lost", reason: "" }, 1));
});

Deno.test("a link that went on is no violation, though parts of messages or a stop of the process left no record", async () => {
  const capture = connected().sent({ type: frameTypes.ping, sequence: 0, sentAtUs: 1 });
  for (let sequence = 1; sequence < 4; sequence++) {
    capture.timeUs += 70_000_000;
    capture.sent({ type: frameTypes.ping, sequence, sentAtUs: 1 });
  }
  await passes(capture.up(1, 0, open));
});

Deno.test("introductions out of order", async () => {
  await violates(connected().received(hello), "handshake", /hello is out of place/);
  await violates(connected().sent(welcome), "handshake", /gateway must not|welcome is out of place/);
  await violates(connected().received(welcome), "handshake", /a runner must not send welcome/);
  await violates(connected().received(noStreams), "handshake", /resume must follow hello, once/);
  const early = new RecordedSession();
  early.link = 1;
  early.event({ name: "opened", peer: "", again: false }, 1);
  await violates(early.up(1, 0, open), "handshake", /before the link was welcomed/);
});

Deno.test("a capture that begins in the middle is taken up, and checked from there", async () => {
  const part = () => {
    const capture = new RecordedSession({ part: 2 });
    capture.link = 3;
    capture.event({ name: "opened", peer: "", again: true }, 3);
    return capture.down(4, 700, message(10)).down(4, 701, message(10)).ackUp(4, 690, 5_000_000).ackUp(
      4,
      702,
      6_000_000,
    )
      .up(4, 65_535, message(1)).up(4, 0, message(1)).ackDown(4, 1);
  };
  await passes(part());
  await violates(part().down(4, 704, message(1)), "gap", /frame 704 arrived where 702 was expected/);
});

Deno.test("what a stream taken up in the middle sends again is right when its peer may have had nothing of it", async () => {
  const position = { requestId: 1, received: 1, delivered: 1, credit: window };
  const capture = new RecordedSession({ side: "runner", part: 2 });
  /** The gateway has heard nothing of the request from here yet, or has had its end: it names it in neither case. */
  const redial = () => {
    capture.event({ name: "dropped", reason: "reset by peer" }, capture.link++);
    capture.event({ name: "opened", peer: "", again: false }, capture.link);
    capture.sent({ ...hello, resumeGatewayId: gatewayId }).sent({ ...noStreams, streams: [position] })
      .received({ ...welcome, resumed: true });
    capture.event({ name: "phase", from: "connecting", to: "alive", reason: "" }, capture.link);
    return capture.received(noStreams);
  };
  capture.link = 3;
  capture.event({ name: "opened", peer: "", again: true }, 3).down(1, 0, get);
  redial().up(1, 0, ok).up(1, 1, chunk(10)).up(1, 2, end);
  redial().up(1, 0, ok).up(1, 1, chunk(10));
  await passes(capture);
  await violates(capture.up(1, 1, chunk(10)), "duplicate", /frame 1 was sent again, 2 was next/);
});

Deno.test("after a gap nothing is called wrong that the gap may have held, and what follows is checked", async () => {
  const capture = () =>
    connected().up(1, 0, open).down(1, 0, accept).gap({ messages: 5, bytes: 100, events: 0 })
      .down(1, 9, message(1)).up(1, 30, message(1)).down(2, 4, message(1));
  await passes(capture());
  await violates(capture().down(1, 9, message(1)), "duplicate", /frame 9 arrived again/);
});

Deno.test("the next part of a capture goes on where the one before ended", async () => {
  const joined = connected().up(1, 0, open).down(1, 0, accept).header({ part: 2 })
    .event({ name: "opened", peer: "", again: true }, 1);
  await violates(joined.down(1, 2, message(1)), "gap", /frame 2 arrived where 1 was expected/);
});

Deno.test("the same file gives the same verdict", async () => {
  const capture = connected().up(1, 0, open).down(1, 3, accept).down(2, 0, ok).sent(welcome);
  assert.deepEqual(await capture.check(), await capture.check());
});
