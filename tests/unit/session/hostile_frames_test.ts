import assert from "node:assert/strict";
import {
  type Frame,
  frameTypes,
  initialWindowBytes,
  maxPartBytes,
  maxPositions,
  maxPositionsPerFrame,
  ProtocolError,
  resetCodes,
  type ResumeFrame,
  type SequencedFrame,
  type StreamFrame,
  type StreamPosition,
  type WelcomeFrame,
} from "../../../lib/protocol/mod.ts";
import { WelcomeReader } from "../../../lib/runner/link_opening.ts";
import { bodyEnd, PositionsReader } from "../../../lib/session/mod.ts";
import {
  bodyChunk,
  requestStart,
  responseStart,
  sent,
  wsAccept,
  wsClose,
  wsMessage,
  wsMessages,
  wsOpen,
} from "./frames.ts";
import { ofType, SessionPair } from "./session_pair.ts";

function refuses(run: () => void, why: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof ProtocolError, `${error}`);
    assert.match(error.message, why);
    return true;
  });
}

/** A stream that the gateway has opened and the runner has read the opening of. */
function opened(kind: "http" | "websocket", first: SequencedFrame) {
  const pair = new SessionPair().connect();
  const { stream, handler } = pair.open(kind, first);
  pair.settle();
  const fromRunner = (frame: StreamFrame) => pair.gateway.receiveFrame(sent(stream.requestId, 0, frame));
  const fromGateway = (frame: StreamFrame, index = 1) =>
    pair.runner.receiveFrame(sent(stream.requestId, index, frame));
  return { pair, stream, handler, fromRunner, fromGateway };
}

Deno.test("a request is not answered with an accepted WebSocket", () => {
  const { fromRunner, handler } = opened("http", requestStart());
  refuses(() => fromRunner(wsAccept()), /ws-accept has no place.*http response/);
  assert.deepEqual(handler.frames, []);
});

Deno.test("a WebSocket may be accepted or refused, but not begin with anything else", () => {
  for (const frame of [wsMessage(1), wsClose(), bodyChunk(1), bodyEnd()]) {
    const { fromRunner, handler } = opened("websocket", wsOpen());
    refuses(() => fromRunner(frame), /has no place at stage "start" of a websocket response/);
    assert.deepEqual(handler.frames, []);
  }
  for (const frame of [wsAccept(), responseStart(403)]) {
    const { fromRunner, handler } = opened("websocket", wsOpen());
    fromRunner(frame);
    assert.deepEqual(handler.types, [frame.type]);
  }
});

Deno.test("between the parts of a WebSocket message no other stands, and behind them all may", () => {
  for (const [first, ...rest] of [[wsMessage(1, false), wsMessage(1, false)], [wsMessage(1, false)]]) {
    const { fromGateway } = opened("websocket", wsOpen());
    [first, ...rest].forEach((frame, i) => fromGateway(frame, 1 + i));
    refuses(
      () => fromGateway(wsMessages(2, 3), 2 + rest.length),
      /ws-messages has no place at stage "in-message" of a websocket request/,
    );
  }
  const { fromGateway, pair, stream } = opened("websocket", wsOpen());
  const frames = [
    wsMessages(1, 2),
    wsMessage(1, false),
    wsMessage(1),
    wsMessages(3, 4),
    wsMessage(1, false),
    wsClose(),
  ];
  frames.forEach((frame, i) => fromGateway(frame, 1 + i));
  assert.deepEqual(pair.peer(stream).handler.types.slice(1), frames.map(({ type }) => type));
});

Deno.test("messages that come in one frame spend the credit of all of them, and one index", () => {
  const { fromGateway } = opened("websocket", wsOpen());
  for (let i = 0; i < initialWindowBytes / maxPartBytes; i++) {
    fromGateway(wsMessages(maxPartBytes - 1, 1), 1 + i);
  }
  refuses(() => fromGateway(wsMessages(1, 1), 5), /262146 bytes arrived with a credit of 262144/);
});

Deno.test("a response is no request, and a request no response", () => {
  const { fromGateway } = opened("http", requestStart({ hasBody: true }));
  for (const frame of [responseStart(), wsAccept(), requestStart(), wsOpen(), wsMessage(1)]) {
    const again = opened("http", requestStart({ hasBody: true }));
    refuses(() => again.fromGateway(frame), /has no place at stage "body" of a http request/);
  }
  fromGateway(bodyChunk(1));
});

Deno.test("a body is not cut short unless its end was asked for", () => {
  const request = opened("http", requestStart({ hasBody: true, method: "POST" }));
  refuses(() => request.fromGateway(bodyEnd({ cut: true })), /cut short that was wanted whole/);
  const response = opened("http", requestStart());
  response.fromRunner(responseStart());
  refuses(
    () => response.pair.gateway.receiveFrame(sent(response.stream.requestId, 1, bodyEnd({ cut: true }))),
    /cut short that was wanted whole/,
  );
});

Deno.test("an upload that the origin wants no more of is cut short", () => {
  const pair = new SessionPair().connect();
  const { stream } = pair.open("http", requestStart({ hasBody: true, method: "POST" }));
  pair.settle();
  const peer = pair.peer(stream);
  peer.stream.push(responseStart(413));
  peer.stream.push(bodyEnd({ stop: true }));
  stream.push(bodyChunk(10));
  pair.settle();
  assert.deepEqual(ofType(peer.handler.frames, frameTypes.bodyEnd).map(({ cut }) => cut), [true]);
});

Deno.test("a body that is cut short before its head was sent still has its head", () => {
  const { pair, stream, fromGateway } = opened("http", requestStart({ hasBody: true }));
  const peer = pair.peer(stream);
  peer.stream.push(responseStart(200));
  peer.stream.push(bodyChunk(100));
  fromGateway(bodyEnd({ stop: true }));
  assert.equal(peer.stream.send.payloadBytes, 0, "what was not sent of the body is dropped");
  peer.stream.push(bodyEnd());
  const written = pair.write("runner");
  assert.deepEqual(
    written.filter(({ type }) => type !== frameTypes.ack).map(({ type }) => type),
    [frameTypes.responseStart, frameTypes.bodyEnd],
  );
});

Deno.test("what was sent of a body before it is cut stays, and counts", () => {
  const pair = new SessionPair().connect();
  const { stream } = pair.open("http", requestStart({ hasBody: true, method: "POST" }));
  pair.settle();
  const peer = pair.peer(stream);
  peer.handler.holding = true;
  stream.push(bodyChunk(10));
  pair.write("gateway");
  stream.push(bodyChunk(20));
  peer.stream.push(responseStart(200));
  peer.stream.push(bodyEnd({ stop: true }));
  pair.write("runner");
  pair.read("gateway");
  assert.equal(stream.send.payloadBytes, 10);
  assert.equal(pair.gateway.bufferedBytes, stream.send.bufferedBytes);
  pair.cut();
  pair.redial();
  peer.handler.holding = false;
  peer.handler.deliver();
  pair.settle();
  peer.handler.deliver();
  peer.stream.release();
  stream.release();
  pair.settle();
  assert.equal(pair.gateway.bufferedBytes, 0);
  assert.deepEqual(pair.collected.gateway.map(({ reason }) => reason), ["finished"]);
});

// ── resume ──

const position: StreamPosition = { requestId: 1, received: 0, delivered: 0, credit: 0 };

function resume(count: number, last: boolean): ResumeFrame {
  return { type: frameTypes.resume, last, streams: new Array<StreamPosition>(count).fill(position) };
}

Deno.test("resume frames name 2^20 streams in all, and no more", () => {
  const frames = maxPositions / maxPositionsPerFrame;
  const reader = new PositionsReader();
  for (let i = 0; i < frames; i++) assert.equal(reader.take(resume(maxPositionsPerFrame, false)), null);
  refuses(() => reader.take(resume(1, true)), /more than 1048576 streams/);
  assert.equal(reader.take(resume(0, true))?.length, maxPositions);
});

Deno.test("a resume frame without streams is the last, or breaks the protocol", () => {
  refuses(() => new PositionsReader().take(resume(0, false)), /no streams and is not the last/);
  assert.deepEqual(new PositionsReader().take(resume(0, true)), []);
});

Deno.test("a runner refuses a window that no body fits through, or that no gateway grants", () => {
  const welcome = (initialWindow: number): WelcomeFrame => ({
    ...{ type: frameTypes.welcome, version: 1, gatewayId: 1, resumed: false, resumeWindowMs: 0, agent: "" },
    initialWindow,
  });
  for (const bytes of [0, 1, 65_535, 16 * 1024 * 1024 + 1, Number.MAX_SAFE_INTEGER]) {
    refuses(() => new WelcomeReader().take(welcome(bytes)), /welcome's window must be 65536 to 16777216/);
  }
  for (const bytes of [65_536, 16 * 1024 * 1024]) {
    const reader = new WelcomeReader();
    assert.equal(reader.take(welcome(bytes)), null);
    assert.equal(reader.take(resume(0, true))?.welcome.initialWindow, bytes);
  }
});

// ── frames that no stream can be waiting for ──

Deno.test("frames for streams that are not known cost a reset each, and no more", () => {
  const pair = new SessionPair().connect();
  for (let requestId = 1; requestId <= 1000; requestId++) {
    for (const frame of [responseStart(), bodyChunk(10), wsMessage(10)]) {
      pair.gateway.receiveFrame(sent(requestId, 7, frame));
    }
  }
  assert.equal(pair.gateway.streamCount, 0);
  const told: Frame[] = pair.write("gateway");
  assert.ok(told.every(({ type }) => type === frameTypes.reset));
});

Deno.test("a peer cannot say that a session was lost: to either end such a reset is the other's failure", () => {
  for (const code of [resetCodes.linkLost, resetCodes.resumeTimeout, resetCodes.limit]) {
    const heard = code === resetCodes.limit ? code : resetCodes.originFailed;
    const reset = {
      type: frameTypes.reset,
      gatewayId: 0,
      requestId: 0,
      index: 0,
      code,
      reason: "no",
    } as const;
    const byRunner = opened("websocket", wsOpen());
    byRunner.fromRunner(reset);
    assert.deepEqual(byRunner.handler.resets, [{ code: heard, reason: "no" }]);
    const byGateway = opened("http", requestStart());
    const { handler } = byGateway.pair.peer(byGateway.stream);
    byGateway.fromGateway(reset);
    assert.deepEqual(handler.resets, [{ code: heard, reason: "no" }]);
  }
});

Deno.test("a resume that names a stream twice is refused, however it is spread over frames", () => {
  const { pair, stream } = opened("websocket", wsOpen());
  pair.cut();
  const [own] = pair.runner.resumeFrames().flatMap((frame) => frame.streams);
  refuses(() => pair.gateway.applyPositions([own, own]), new RegExp(`stream ${stream.requestId} .*twice`));
  pair.gateway.detach();
  const unknown = { ...own, requestId: 4711 };
  refuses(() => pair.gateway.applyPositions([unknown, own, unknown]), /stream 4711 .*twice/);
  // The next link of the session is none the worse for it.
  pair.gateway.detach();
  pair.redial();
  pair.settle();
  assert.equal(stream.phase, "open");
});
