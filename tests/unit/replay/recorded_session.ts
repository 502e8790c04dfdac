import {
  frameTypes,
  type HelloFrame,
  type ResumeFrame,
  type SequencedFrame,
  type WelcomeFrame,
} from "../../../lib/protocol/mod.ts";
import { CaptureReader } from "../../../lib/capture/mod.ts";
import type { CollectReason } from "../../../lib/session/mod.ts";
import { checkCapture, type CheckResult } from "../../../lib/replay/mod.ts";
import { CaptureBytes, sourceOf } from "../capture/capture_bytes.ts";

export const gatewayId = 0xabc0_0001;
export const window = 262_144;

export const hello: HelloFrame = {
  type: frameTypes.hello,
  minVersion: 1,
  maxVersion: 1,
  sessionId: new Uint8Array(16).fill(5),
  runnerName: "default",
  agent: "tunnel/test",
  resumeGatewayId: 0,
  initialWindow: window,
};

export const welcome: WelcomeFrame = {
  type: frameTypes.welcome,
  version: 1,
  gatewayId,
  resumed: false,
  resumeWindowMs: 30_000,
  initialWindow: window,
  agent: "tunnel/test",
};

export const noStreams: ResumeFrame = { type: frameTypes.resume, last: true, streams: [] };

/** A sequenced frame of a stream, written short. */
export type Bare<T = SequencedFrame> = T extends SequencedFrame ? Omit<T, "gatewayId" | "requestId" | "index">
  : never;

/** A gateway's capture as it would be, frame by frame: right unless a test makes it wrong. */
export class RecordedSession extends CaptureBytes {
  link = 0;

  /** A first link comes up. */
  connect(): this {
    this.link = 1;
    this.event({ name: "opened", peer: "127.0.0.1", again: false }, 1);
    this.received(hello).event({ name: "phase", from: "connecting", to: "alive", reason: "" }, 1);
    return this.received(noStreams).sent(welcome).sent(noStreams);
  }

  /** The link breaks, and the next comes up: the runner stands at `theirs`, the gateway says `ours`. */
  redial(
    theirs: Position[] = [],
    ours: Position[] = [],
    reset: { reason?: string } = {},
  ): this {
    this.event({ name: "dropped", reason: reset.reason ?? "reset by peer" }, this.link);
    this.link++;
    this.event({ name: "opened", peer: "127.0.0.1", again: false }, this.link);
    this.received({ ...hello, resumeGatewayId: gatewayId });
    this.event({ name: "phase", from: "connecting", to: "alive", reason: "" }, this.link);
    this.received({ ...noStreams, streams: theirs });
    this.sent({ ...welcome, resumed: true }).sent({ ...noStreams, streams: ours });
    return this.event({ name: "resumed", session: "05", streams: 1 }, this.link);
  }

  sent(frame: Parameters<CaptureBytes["frame"]>[1]): this {
    return this.frame("sent", frame, { link: this.link });
  }

  received(frame: Parameters<CaptureBytes["frame"]>[1]): this {
    return this.frame("received", frame, { link: this.link });
  }

  /** A frame of stream `requestId`, from the client's side. */
  up(requestId: number, index: number, frame: Bare): this {
    return this.sent({ ...frame, gatewayId, requestId, index } as SequencedFrame);
  }

  /** … from the origin's side. */
  down(requestId: number, index: number, frame: Bare): this {
    return this.received({ ...frame, gatewayId, requestId, index } as SequencedFrame);
  }

  ackUp(requestId: number, index: number, credit = window): this {
    return this.sent({ type: frameTypes.ack, gatewayId, requestId, index, credit });
  }

  ackDown(requestId: number, index: number, credit = window): this {
    return this.received({ type: frameTypes.ack, gatewayId, requestId, index, credit });
  }

  collected(requestId: number, reason: CollectReason = "finished"): this {
    return this.event({ name: "collected", stream: `abc00001-${requestId}`, reason }, 0);
  }

  /** Number of the record that was written last. */
  get last(): number {
    return this.offsets.length - 1;
  }

  check(): Promise<CheckResult> {
    return checkCapture(new CaptureReader(sourceOf(this.bytes())));
  }
}

type Position = { requestId: number; received: number; delivered: number; credit: number };

export const get = {
  type: frameTypes.requestStart,
  method: "GET",
  target: "/a",
  headers: [],
  hasBody: false,
} satisfies Bare;
export const post = { ...get, method: "POST", hasBody: true } satisfies Bare;
export const ok = { type: frameTypes.responseStart, status: 200, reason: "OK", headers: [] } satisfies Bare;
export const end = { type: frameTypes.bodyEnd, cut: false, stop: false, trailers: [] } satisfies Bare;
export const whole = {
  type: frameTypes.response,
  status: 200,
  reason: "OK",
  headers: [],
  bytes: new Uint8Array(500),
} satisfies Bare;
export const open = {
  type: frameTypes.wsOpen,
  target: "/ws",
  headers: [],
  resumed: false,
  subprotocol: "",
} satisfies Bare;
export const accept = { type: frameTypes.wsAccept, headers: [], together: true } satisfies Bare;
export const close = { type: frameTypes.wsClose, code: 1000, reason: "" } satisfies Bare;

export function chunk(length: number): Bare {
  return { type: frameTypes.bodyChunk, bytes: new Uint8Array(length) };
}

/** Messages of these sizes in one frame; the bytes count on from one to the next. */
export function messages(...sizes: number[]): Bare {
  const bytes = Uint8Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, i) => i);
  return { type: frameTypes.wsMessages, binary: true, sizes, bytes };
}

export function message(length: number, final = true): Bare {
  return { type: frameTypes.wsMessage, binary: true, final, bytes: new Uint8Array(length) };
}
