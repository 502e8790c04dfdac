import { type Frame, initialWindowBytes, type StreamFrame } from "../protocol/mod.ts";
import { afterTurn, promisesFollow } from "../net/mod.ts";
import { Session, type StreamAnswer, StreamRequest, type WholeRequest } from "../session/mod.ts";
import type { Backend } from "./backend.ts";

/** Data handed over at a time, bytes. */
const turnBytes = 96 * 1024;

/** Answers a request by the backend alone, as if it had come over a link: two sessions joined in memory. */
export function askBackend(
  backend: Backend,
  request: WholeRequest,
  options: { maxBodyBytes: number; signal: AbortSignal },
): Promise<StreamAnswer> {
  const { promise, resolve } = Promise.withResolvers<StreamAnswer>();
  const asking: Session = end("gateway", () => answering, backend);
  const answering: Session = end("runner", () => asking, backend);
  const stop = () => sender.cancel(String(options.signal.reason));
  const sender = new StreamRequest(request, {
    maxBodyBytes: options.maxBodyBytes,
    done: (answer) => {
      options.signal.removeEventListener("abort", stop);
      promisesFollow("in this turn");
      resolve(answer);
    },
  });
  options.signal.addEventListener("abort", stop, { once: true });
  asking.attach();
  answering.attach();
  sender.start(asking.open(1, "http", sender));
  if (options.signal.aborted) stop();
  return promise;
}

/** One of the two: what it has to send is given to the other when this turn's work is done. */
function end(role: "gateway" | "runner", other: () => Session, backend: Backend): Session {
  let scheduled = false;
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    afterTurn(() => {
      scheduled = false;
      session.flushAcknowledgements();
      // A frame of its own, as off a link: who takes it may change it, and the session that sends it still holds its own.
      const give = (frame: Frame) => other().receiveFrame({ ...frame } as StreamFrame);
      session.takeControl(give);
      session.takeData(turnBytes, give);
      if (session.hasFrames) schedule();
    });
  };
  const session = new Session({
    role,
    gatewayId: 0,
    peerWindow: initialWindowBytes,
    ownWindow: initialWindowBytes,
    events: {
      opened: (stream, start) => backend.http(stream, start as Parameters<Backend["http"]>[1]),
      pending: schedule,
      acknowledgeSoon: schedule,
      collected: () => {},
    },
  });
  return session;
}
