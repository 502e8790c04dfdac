import { maxPartBytes, maxUnacknowledgedFrames, maxWindowBytes } from "../../lib/protocol/mod.ts";
import { frameCostBytes, type Session, type Stream } from "../../lib/session/mod.ts";
import { lookEveryBytes } from "../../lib/gateway/buffer_limit.ts";
import { Violation } from "./watcher.ts";
import type { World } from "./world.ts";

/** A source overshoots by what one read gives, here one letter; a woken stream takes over what was held so. */
const overshootBytes = maxPartBytes;
const overshootFrames = 2;

/** Released slots that may stay at the head of a send buffer's list, besides as many as are held. */
const slackSlots = 64;

/** Holds every session of the world to its bounds. Called after each step. */
export function checkSessions(world: World): void {
  for (const session of world.sessions()) checkSession(session);
  const { gateway, plan } = world;
  const streams = plan.scripts.length * overshootBytes;
  if (gateway.pool.bufferedBytes > plan.maxBufferedBytes + lookEveryBytes + streams) {
    throw new Violation(`the gateway holds ${gateway.pool.bufferedBytes} bytes`);
  }
}

function checkSession(session: Session): void {
  let bytes = 0;
  for (const stream of session.streams()) {
    checkStream(stream);
    bytes += stream.send.bufferedBytes;
  }
  if (bytes !== session.bufferedBytes) {
    throw new Violation(`a session counts ${session.bufferedBytes} bytes held, its streams hold ${bytes}`);
  }
}

function checkStream({ id, send, receive }: Stream): void {
  const { frames, unacknowledgedFrames, payloadBytes, bufferedBytes, slots } = send;
  if (unacknowledgedFrames > maxUnacknowledgedFrames) {
    throw new Violation(`stream ${id} has ${unacknowledgedFrames} frames unacknowledged`);
  }
  if (frames > maxUnacknowledgedFrames + overshootFrames) {
    throw new Violation(`stream ${id} holds ${frames} frames`);
  }
  if (payloadBytes < 0 || payloadBytes > maxWindowBytes + overshootBytes) {
    throw new Violation(`stream ${id} holds ${payloadBytes} bytes of payload`);
  }
  if (bufferedBytes < payloadBytes + frames * frameCostBytes || (frames === 0 && bufferedBytes !== 0)) {
    throw new Violation(`stream ${id} reckons ${bufferedBytes} bytes for ${frames} frames`);
  }
  if (slots > 2 * frames + slackSlots) {
    throw new Violation(`stream ${id} keeps ${slots} slots for ${frames} frames`);
  }
  if (receive.undelivered > maxUnacknowledgedFrames) {
    throw new Violation(`stream ${id} has ${receive.undelivered} frames that were not handed on`);
  }
  if (receive.undeliveredBytes < 0 || receive.undeliveredBytes > maxWindowBytes) {
    throw new Violation(`stream ${id} has ${receive.undeliveredBytes} bytes that were not handed on`);
  }
}
