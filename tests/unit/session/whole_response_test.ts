import assert from "node:assert/strict";
import {
  type Frame,
  frameTypes,
  initialWindowBytes,
  maxPartBytes,
  ProtocolError,
  resetCodes,
  type SequencedFrame,
} from "../../../lib/protocol/mod.ts";
import { bodyEnd, frameCostBytes } from "../../../lib/session/mod.ts";
import { bodyChunk, requestStart, response, responseStart, sent, wsAccept, wsOpen } from "./frames.ts";
import { ofType, SessionPair } from "./session_pair.ts";

/** A request without a body that the runner has read and delivered, and that no frame has acknowledged yet. */
function asked(first: SequencedFrame = requestStart()) {
  const pair = new SessionPair().connect();
  const { stream, handler } = pair.open(first.type === frameTypes.wsOpen ? "websocket" : "http", first);
  pair.write("gateway");
  pair.read("runner");
  return { pair, stream, handler, peer: pair.peer(stream) };
}

/** As {@link asked}, with a body of so many bytes, in as many frames as given. */
function uploaded(...parts: number[]) {
  const all = asked(requestStart({ hasBody: true, method: "POST" }));
  for (const bytes of parts) all.stream.push(bodyChunk(bytes));
  all.stream.push(bodyEnd());
  all.pair.write("gateway");
  all.pair.read("runner");
  return all;
}

function refuses(run: () => void, why: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof ProtocolError, `${error}`);
    assert.match(error.message, why);
    return true;
  });
}

const typesOf = (frames: readonly Frame[]) => frames.map(({ type }) => type);
const finished = [{ requestId: 1, reason: "finished" }];

Deno.test("a whole response ends its direction and releases the request, and no acknowledgement is needed for it", () => {
  const { pair, stream, handler, peer } = uploaded(1_000, 2_000);
  assert.equal(stream.send.frames, 4);
  assert.equal(stream.send.payloadBytes, 3_000);
  peer.stream.push(response(500));
  assert.equal(peer.stream.sendDone, true);
  assert.deepEqual(typesOf(pair.write("runner")), [frameTypes.response]);
  pair.read("gateway");
  assert.deepEqual(handler.types, [frameTypes.response]);
  assert.equal(stream.receiveDone, true);
  assert.equal(stream.send.frames, 0);
  assert.equal(pair.gateway.bufferedBytes, 0);
});

Deno.test("a small request costs three frames: its opening, the whole response and one acknowledgement", () => {
  const { pair, stream, handler, peer } = asked();
  peer.stream.push(response(100));
  peer.stream.release();
  const fromRunner = pair.write("runner");
  pair.read("gateway");
  stream.release();
  pair.gateway.flushAcknowledgements();
  pair.runner.flushAcknowledgements();
  const fromGateway = pair.write("gateway");
  pair.read("runner");
  assert.deepEqual(typesOf(fromRunner), [frameTypes.response]);
  assert.deepEqual(typesOf(fromGateway), [frameTypes.ack]);
  assert.deepEqual(typesOf(pair.write("runner")), [], "the runner has no more to say");
  assert.deepEqual(handler.types, [frameTypes.response]);
  assert.deepEqual(pair.collected, { gateway: finished, runner: finished });
  assert.equal(pair.gateway.hasFrames || pair.runner.hasFrames, false);
});

Deno.test("an acknowledgement of the request that was due already is not written beside a whole response", () => {
  const { pair, stream, peer } = uploaded(...new Array<number>(80).fill(1_000));
  assert.equal(pair.runner.hasFrames, true, "after 64 frames an acknowledgement is due at once");
  peer.stream.push(response());
  assert.deepEqual(typesOf(pair.write("runner")), [frameTypes.response]);
  pair.read("gateway");
  assert.equal(stream.send.frames, 0);
  pair.runner.flushAcknowledgements();
  assert.deepEqual(pair.write("runner"), []);
});

Deno.test("a whole response of the largest body goes out at once, and its bytes spend credit", () => {
  const { pair, stream, handler, peer } = asked();
  handler.holding = true;
  peer.stream.push(response(maxPartBytes));
  assert.equal(pair.runner.bufferedBytes, maxPartBytes + frameCostBytes);
  pair.write("runner");
  pair.read("gateway");
  assert.equal(stream.receive.undeliveredBytes, maxPartBytes);
  handler.deliver();
  pair.settle();
  assert.equal(pair.runner.bufferedBytes, 0);
  assert.equal(peer.stream.send.credit, initialWindowBytes + maxPartBytes);
});

Deno.test("more of a whole response than there is credit breaks the protocol", () => {
  const pair = new SessionPair({ window: 1_000 }).connect();
  const { stream } = pair.open("http", requestStart());
  pair.settle();
  refuses(
    () => pair.gateway.receiveFrame(sent(stream.requestId, 0, response(1_001))),
    /1001 bytes arrived with a credit of 1000/,
  );
});

Deno.test("a whole response that was lost with its link is sent again, delivered once, and both ends finish", () => {
  for (const gatewayHeardOfIt of [false, true]) {
    const { pair, stream, handler, peer } = asked();
    if (gatewayHeardOfIt) {
      pair.settle();
      assert.equal(stream.peerKnows, true);
    }
    peer.stream.push(response(Uint8Array.of(1, 2, 3)));
    peer.stream.release();
    assert.deepEqual(typesOf(pair.write("runner")), [frameTypes.response]);
    pair.cut();
    assert.deepEqual(pair.collected, { gateway: [], runner: [] });
    pair.redial();
    const again = pair.write("runner");
    assert.deepEqual(typesOf(again.filter(({ type }) => type !== frameTypes.ack)), [frameTypes.response]);
    pair.read("gateway");
    stream.release();
    pair.settle();
    assert.deepEqual(handler.types, [frameTypes.response]);
    assert.deepEqual((handler.frames[0] as { bytes: Uint8Array }).bytes, Uint8Array.of(1, 2, 3));
    assert.deepEqual(handler.resets, []);
    assert.deepEqual(pair.collected, { gateway: finished, runner: finished });
    assert.equal(pair.openings, 1);
    assert.equal(pair.runner.bufferedBytes, 0);
  }
});

Deno.test("a whole response that waits while no link is there goes out on the next", () => {
  const { pair, stream, handler, peer } = asked();
  pair.cut();
  peer.stream.push(response(7));
  peer.stream.release();
  pair.redial();
  pair.settle();
  stream.release();
  pair.settle();
  assert.deepEqual(handler.types, [frameTypes.response]);
  assert.deepEqual(pair.collected, { gateway: finished, runner: finished });
});

Deno.test("when the link is lost behind a whole response, the next one tells both ends that they are done", () => {
  for (const acknowledged of ["not yet", "on the lost link"]) {
    const { pair, stream, handler, peer } = asked();
    peer.stream.push(response(10));
    peer.stream.release();
    pair.write("runner");
    pair.read("gateway");
    stream.release();
    if (acknowledged === "on the lost link") {
      pair.gateway.flushAcknowledgements();
      assert.deepEqual(typesOf(pair.write("gateway")), [frameTypes.ack]);
      assert.deepEqual(pair.collected.gateway, finished);
    }
    pair.cut();
    assert.deepEqual(pair.collected.runner, [], acknowledged);
    pair.redial();
    if (acknowledged === "not yet") {
      assert.deepEqual(ofType(pair.write("runner"), frameTypes.response), [], "nothing is sent again");
    }
    pair.settle();
    assert.deepEqual(pair.collected, { gateway: finished, runner: finished }, acknowledged);
    assert.deepEqual(handler.types, [frameTypes.response]);
    assert.deepEqual(handler.resets, []);
    assert.equal(pair.runner.bufferedBytes, 0);
  }
});

Deno.test("a whole response that comes twice is delivered once", () => {
  const { pair, stream, handler, peer } = asked();
  peer.stream.push(response(4));
  const [frame] = ofType(pair.write("runner"), frameTypes.response);
  pair.read("gateway");
  pair.gateway.receiveFrame(frame);
  assert.deepEqual(handler.types, [frameTypes.response]);
  assert.equal(stream.send.frames, 0);
});

Deno.test("a whole response to a request that was given up is dropped, and costs its credit nothing more", () => {
  const { pair, stream, handler, peer } = asked();
  peer.stream.push(response(10));
  pair.write("runner");
  stream.reset(resetCodes.cancelled, "the client went away");
  stream.release();
  pair.read("gateway");
  pair.settle();
  assert.deepEqual(handler.types, []);
  assert.deepEqual(pair.collected.gateway.map(({ reason }) => reason), ["reset"]);
  assert.deepEqual(pair.collected.runner.map(({ reason }) => reason), ["reset-by-peer"]);
  assert.equal(pair.runner.bufferedBytes, 0);
});

Deno.test("a whole response pushed after the stream was reset is ignored, like any frame", () => {
  const { pair, stream, peer } = uploaded(10);
  peer.handler.releasesOnReset = false;
  stream.reset(resetCodes.cancelled, "the client went away");
  pair.write("gateway");
  pair.read("runner");
  peer.stream.push(response(10));
  assert.equal(pair.runner.bufferedBytes, 0);
  assert.deepEqual(ofType(pair.write("runner"), frameTypes.response), []);
});

Deno.test("a whole response before the whole request was sent breaks the protocol", () => {
  const early = /a whole response came before the whole request was sent/;
  // Its body is under way …
  const { pair, stream, handler } = asked(requestStart({ hasBody: true, method: "POST" }));
  stream.push(bodyChunk(10));
  pair.write("gateway");
  refuses(() => pair.gateway.receiveFrame(sent(stream.requestId, 0, response())), early);
  assert.deepEqual(handler.frames, []);

  // … or all of it was given, and some of it waits for credit.
  const held = new SessionPair({ window: 1_000 }).connect();
  const upload = held.open("http", requestStart({ hasBody: true, method: "POST" }));
  upload.stream.push(bodyChunk(900));
  upload.stream.push(bodyChunk(900));
  upload.stream.push(bodyEnd());
  held.write("gateway");
  refuses(() => held.gateway.receiveFrame(sent(upload.stream.requestId, 0, response())), early);
  assert.deepEqual(upload.handler.frames, []);
  assert.equal(held.gateway.bufferedBytes, 1_800 + 4 * frameCostBytes, "nothing was released");
});

Deno.test("a whole response is a response's first frame and its last", () => {
  const behind: [SequencedFrame, RegExp][] = [
    [response(), /response has no place at stage "done" of a http response/],
    [responseStart(), /response-start has no place at stage "done"/],
    [bodyChunk(1), /body-chunk has no place at stage "done"/],
    [bodyEnd(), /body-end has no place at stage "done"/],
  ];
  for (const [frame, why] of behind) {
    const { pair, stream, handler } = asked();
    pair.gateway.receiveFrame(sent(stream.requestId, 0, response()));
    refuses(() => pair.gateway.receiveFrame(sent(stream.requestId, 1, frame)), why);
    assert.deepEqual(handler.types, [frameTypes.response]);
  }
  const { pair, stream } = asked();
  pair.gateway.receiveFrame(sent(stream.requestId, 0, responseStart()));
  refuses(
    () => pair.gateway.receiveFrame(sent(stream.requestId, 1, response())),
    /response has no place at stage "body" of a http response/,
  );
});

Deno.test("a WebSocket is never answered with a whole response, and a gateway sends none", () => {
  const { pair, stream, handler } = asked(wsOpen());
  refuses(
    () => pair.gateway.receiveFrame(sent(stream.requestId, 0, response())),
    /response has no place at stage "start" of a websocket response/,
  );
  assert.deepEqual(handler.frames, []);
  const accepted = asked(wsOpen());
  accepted.pair.gateway.receiveFrame(sent(accepted.stream.requestId, 0, wsAccept()));
  refuses(
    () => accepted.pair.gateway.receiveFrame(sent(accepted.stream.requestId, 1, response())),
    /response has no place at stage "messages" of a websocket response/,
  );
  const upload = asked(requestStart({ hasBody: true }));
  refuses(
    () => upload.pair.runner.receiveFrame(sent(upload.stream.requestId, 1, response())),
    /response has no place at stage "body" of a http request/,
  );
});

Deno.test("a whole response cannot be pushed before the whole request was delivered", () => {
  const early = (push: () => void) =>
    assert.throws(push, (error: Error) => {
      assert.ok(error instanceof TypeError, `${error}`);
      assert.match(error.message, /before the whole request was delivered/);
      return true;
    });
  const upload = asked(requestStart({ hasBody: true, method: "POST" }));
  early(() => upload.peer.stream.push(response()));

  const pair = new SessionPair().connect();
  pair.onServe = (handler) => handler.holding = true;
  const { stream } = pair.open("http", requestStart());
  pair.write("gateway");
  pair.read("runner");
  const peer = pair.peer(stream);
  early(() => peer.stream.push(response()));
  assert.equal(pair.runner.bufferedBytes, 0);
});
