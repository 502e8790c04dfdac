import { frameTypes, type SequencedFrame } from "../../lib/protocol/mod.ts";
import type { StreamHandler } from "../../lib/session/mod.ts";
import type { Sleeper } from "../../lib/gateway/hibernation.ts";
import type { Runner } from "../../lib/gateway/runner_session.ts";
import type { Incarnation } from "./conversation.ts";
import type { Process } from "./schedule.ts";
import type { Random } from "./random.ts";
import type { Watcher } from "./watcher.ts";

/** What the model of an exchange needs of the model gateway: the part of `IngressContext` that matters here. */
export interface GatewayContext {
  readonly process: Process;
  readonly random: Random;
  readonly watcher: Watcher;
  readonly resumeWindowMs: number;
  readonly hibernateWindowMs: number;
  carryOn(sleeper: Sleeper, waitMs: number): Runner | "wait" | null;
  awake(sleeper: Sleeper): void;
  held(bytes: number): void;
  /** The request id just opened belongs to this incarnation. */
  carries(requestId: number, incarnation: Incarnation): void;
}

/** One client's exchange, as the gateway holds it. */
export interface Exchange extends StreamHandler, Sleeper {
  start(): void;
}

/** The ids that a stream fills in. */
export const unnumbered = { gatewayId: 0, requestId: 0, index: 0 };

/** How an incarnation is named on the wire, so that the origin's model can find it. */
export function incarnationHeaders(incarnation: Incarnation): string[] {
  return ["conversation", String(incarnation.conversation.id), "incarnation", String(incarnation.number)];
}

export function wsClose(code: number, reason = ""): SequencedFrame {
  return { type: frameTypes.wsClose, ...unnumbered, code, reason };
}
