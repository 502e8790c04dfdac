import {
  chunk,
  end,
  gatewayId,
  get,
  hello,
  noStreams,
  ok,
  open,
  post,
  RecordedSession,
  welcome,
  whole,
  window,
} from "./recorded_session.ts";
import { connected, passes, violates } from "./verdicts.ts";

/** As {@link connected}, in a runner's capture: requests come `down` to it and responses go `up`. */
function runnerConnected(): RecordedSession {
  const capture = new RecordedSession({ side: "runner" });
  capture.link = 1;
  capture.event({ name: "opened", peer: "127.0.0.1", again: false }, 1);
  capture.sent(hello).sent(noStreams).received(welcome);
  capture.event({ name: "phase", from: "connecting", to: "alive", reason: "" }, 1);
  return capture.received(noStreams);
}

Deno.test("whole responses pass, without an acknowledgement of their requests, at both ends", async () => {
  await passes(
    connected()
      .up(1, 0, get).down(1, 0, whole).ackUp(1, 1, window + 500).collected(1)
      .up(2, 0, post).up(2, 1, chunk(1000)).ackDown(2, 1).up(2, 2, end)
      .down(2, 0, { ...whole, bytes: new Uint8Array(0) }).ackUp(2, 1).collected(2),
  );
  await passes(
    runnerConnected()
      .down(1, 0, get).up(1, 0, whole).ackDown(1, 1, window + 500).collected(1)
      .down(2, 0, post).down(2, 1, chunk(1000)).down(2, 2, end).up(2, 0, whole)
      .ackDown(2, 1, window + 500).collected(2),
  );
});

Deno.test("a whole response that a second link carries again passes", async () => {
  const position = { requestId: 1, received: 0, delivered: 0, credit: window };
  await passes(
    connected().up(1, 0, get)
      .redial([{ ...position, received: 1, delivered: 1 }], [])
      .down(1, 0, whole).ackUp(1, 1, window + 500).collected(1),
  );
  // What the request's position says after its whole response was sent: all of it was delivered.
  await passes(
    connected().up(1, 0, get).down(1, 0, whole)
      .redial([{ ...position, received: 1, delivered: 1 }], [
        { ...position, received: 1, delivered: 1, credit: window },
      ])
      .ackUp(1, 1, window + 500).collected(1),
  );
});

Deno.test("where a runner stands behind its whole response is checked: all of the request delivered, its credit raised", async () => {
  const redialled = (credit: number) => {
    const capture = runnerConnected().down(1, 0, post).down(1, 1, chunk(1000)).down(1, 2, end).up(
      1,
      0,
      whole,
    );
    capture.event({ name: "dropped", reason: "reset by peer" }, 1);
    capture.link = 2;
    capture.event({ name: "opened", peer: "127.0.0.1", again: false }, 2);
    capture.sent({ ...hello, resumeGatewayId: gatewayId });
    return capture.sent({ ...noStreams, streams: [{ requestId: 1, received: 3, delivered: 3, credit }] });
  };
  const right = redialled(window + 1000).received({ ...welcome, resumed: true });
  right.event({ name: "phase", from: "connecting", to: "alive", reason: "" }, 2);
  right.received({ ...noStreams, streams: [{ requestId: 1, received: 1, delivered: 0, credit: window }] });
  await passes(right.ackDown(1, 1, window + 500).collected(1));
  await violates(redialled(window), "decision", /credit of 262144 bytes was granted where 263144 is due/);
});

Deno.test("a whole response before the whole request", async () => {
  const early = /a whole response came before the whole request was sent/;
  await violates(connected().up(1, 0, post).up(1, 1, chunk(10)).down(1, 0, whole), "stage", early);
  await violates(
    runnerConnected().down(1, 0, post).down(1, 1, chunk(10)).up(1, 0, whole),
    "stage",
    /a whole response was sent before the whole request had come/,
  );
});

Deno.test("a whole response where none may be: behind a response, and on a WebSocket", async () => {
  await violates(
    connected().up(1, 0, get).down(1, 0, ok).down(1, 1, whole),
    "stage",
    /response has no place at stage "body" of a http response/,
  );
  await violates(
    connected().up(1, 0, get).down(1, 0, whole).down(1, 1, whole),
    "use-after-close",
    /response has no place at stage "done"/,
  );
  await violates(
    connected().up(1, 0, open).down(1, 0, whole),
    "stage",
    /response has no place at stage "start" of a websocket response/,
  );
});

Deno.test("what a whole response has acknowledged is not sent again", async () => {
  const capture = connected().up(1, 0, get).down(1, 0, whole).redial([], []).up(1, 0, get);
  await violates(capture, "index-jump", /frame 0 was sent, beyond the window from 1 on/);
});

Deno.test("the payload of a whole response spends credit", async () => {
  const capture = new RecordedSession();
  capture.link = 1;
  capture.event({ name: "opened", peer: "127.0.0.1", again: false }, 1);
  capture.received(hello).event({ name: "phase", from: "connecting", to: "alive", reason: "" }, 1);
  capture.received(noStreams).sent({ ...welcome, initialWindow: 65_536 }).sent(noStreams);
  capture.up(1, 0, get).down(1, 0, { ...whole, bytes: new Uint8Array(65_536) });
  await passes(capture);
  await violates(
    capture.ackUp(1, 1, 3 * 65_536 + 1),
    "decision",
    /a credit of 196609 bytes was granted where 196608 is due/,
  );
});
