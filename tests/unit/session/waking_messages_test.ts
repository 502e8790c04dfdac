/** What a client WebSocket that wakes on another runner had sent meanwhile: when it goes out, and in which frames. */
import assert from "node:assert/strict";
import {
  frameTypes,
  initialWindowBytes,
  maxMessagesPerFrame,
  maxUnacknowledgedFrames,
  type SequencedFrame,
} from "../../../lib/protocol/mod.ts";
import { numbered, responseStart, wsAccept, wsClose, wsMessage, wsMessages, wsOpen } from "./frames.ts";
import { SessionPair } from "./session_pair.ts";

/** A client's stream on the runner that it wakes on, and what it had sent while nobody carried it. */
function woken(...held: SequencedFrame[]) {
  const pair = new SessionPair().connect();
  const { stream, handler } = pair.open("websocket", wsOpen({ resumed: true }));
  for (const frame of held) stream.push(frame);
  pair.write("gateway");
  pair.read("runner");
  return { pair, stream, handler, peer: pair.peer(stream) };
}

const apart = (): SequencedFrame => ({ ...wsAccept(), together: false }) as SequencedFrame;
const full = () => wsMessages(...Array<number>(maxMessagesPerFrame).fill(1));

Deno.test("nothing goes out behind the opening of a WebSocket before the runner has answered it", () => {
  const { pair, stream, peer } = woken(numbered(1), wsMessages(1, 2), wsClose());
  assert.deepEqual(peer.handler.types, [frameTypes.wsOpen]);
  // Nor when the opening was acknowledged, or another link carries it again.
  pair.settle();
  assert.equal(stream.send.frames, 3);
  pair.cut();
  pair.redial();
  pair.settle();
  assert.deepEqual(peer.handler.types, [frameTypes.wsOpen]);
  peer.stream.push(wsAccept());
  pair.settle();
  const { wsMessage, wsMessages: several, wsClose: close } = frameTypes;
  assert.deepEqual(peer.handler.types, [frameTypes.wsOpen, wsMessage, several, close]);
});

Deno.test("an opening that no link has carried is sent, alone, over the next", () => {
  const pair = new SessionPair();
  const { stream } = pair.open("websocket", wsOpen({ resumed: true }));
  stream.push(numbered(1));
  pair.connect();
  pair.settle();
  const { handler, stream: end } = pair.peer(stream);
  assert.deepEqual(handler.types, [frameTypes.wsOpen]);
  end.push(apart());
  pair.settle();
  assert.deepEqual(handler.types, [frameTypes.wsOpen, frameTypes.wsMessage]);
});

Deno.test("a runner that refuses the WebSocket is told what waited, too", () => {
  const { pair, stream, peer } = woken();
  peer.stream.push(responseStart(404));
  pair.settle();
  stream.push(wsClose(1005));
  pair.settle();
  assert.deepEqual(peer.handler.types, [frameTypes.wsOpen, frameTypes.wsClose]);
});

Deno.test("messages that came together stay together where the runner takes them so", () => {
  const { pair, stream, peer } = woken(full(), full());
  assert.equal(stream.send.frames, 3);
  peer.stream.push(wsAccept());
  pair.settle();
  assert.deepEqual(peer.handler.types, [frameTypes.wsOpen, frameTypes.wsMessages, frameTypes.wsMessages]);
});

Deno.test("they are taken apart in order, between others, where it wants each by itself", () => {
  const of = (text: string) => new TextEncoder().encode(text);
  const said = (...texts: string[]) =>
    ({ ...wsMessages(...texts.map(({ length }) => length)), bytes: of(texts.join("")) }) as SequencedFrame;
  const { pair, stream, peer } = woken(said("a", "bc"), wsMessage(of("d"), false), wsMessage(of("e")));
  stream.push(said("f", "g", "hij"));
  peer.stream.push(apart());
  pair.settle();
  stream.push(said("k", "l"));
  pair.settle();
  const heard = peer.handler.frames.slice(1).map((frame) => {
    assert.ok(frame.type === frameTypes.wsMessage);
    return new TextDecoder().decode(frame.bytes) + (frame.final ? "" : "…");
  });
  assert.deepEqual(heard, ["a", "bc", "d…", "e", "f", "g", "hij", "k", "l"]);
  assert.deepEqual([stream.send.frames, stream.send.bufferedBytes, pair.gateway.bufferedBytes], [0, 0, 0]);
});

Deno.test("as many are taken apart as may go out, whatever is held, and both ends keep to their bounds", () => {
  const count = 1024;
  const { pair, stream, peer } = woken(...Array.from({ length: count }, full));
  assert.equal(stream.send.frames, 1 + count);
  peer.handler.holding = true;
  peer.stream.push(apart());
  pair.write("runner");
  pair.read("gateway");
  pair.write("gateway");
  const { unacknowledgedFrames, frames } = stream.send;
  assert.equal(unacknowledgedFrames, maxUnacknowledgedFrames);
  assert.ok(frames <= maxUnacknowledgedFrames + maxMessagesPerFrame + count, `${frames} frames`);
  assert.equal(pair.gateway.bufferedBytes, stream.send.bufferedBytes);
  // What was taken apart can be sent again, and goes to another runner as it is.
  pair.cut();
  pair.redial();
  pair.write("gateway");
  assert.equal(stream.send.unacknowledgedFrames, maxUnacknowledgedFrames);
  const taken = stream.takeUnacknowledged();
  assert.equal(pair.gateway.bufferedBytes, 0);
  let bytes = 0;
  for (const frame of taken) if ("bytes" in frame) bytes += frame.bytes.length;
  assert.equal(bytes, count * maxMessagesPerFrame);
  assert.ok(bytes > initialWindowBytes);
});
