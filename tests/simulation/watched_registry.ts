import { frameTypes } from "../../lib/protocol/mod.ts";
import type { Stream, StreamHandler } from "../../lib/session/mod.ts";
import { Registry } from "../../lib/gateway/registry.ts";
import type { RunnerSession } from "../../lib/gateway/runner_session.ts";

export interface RegistryEvents {
  /** The gateway opened a stream for one of its exchanges; nothing was pushed into it yet. */
  opened(stream: Stream, handler: StreamHandler): void;
  /** A runner's acknowledgement, alone or in a list of positions, is about to be applied. */
  acknowledged(requestId: number, index: number): void;
}

/** The gateway's registry, which shows each of its sessions to the world before anything happens on it. */
export class WatchedRegistry extends Registry {
  readonly #events: RegistryEvents;

  constructor(random: () => number, events: RegistryEvents) {
    super(random);
    this.#events = events;
  }

  override add(session: RunnerSession): void {
    const events = this.#events;
    const open = session.open.bind(session);
    session.open = (kind, handler) => {
      const stream = open(kind, handler);
      events.opened(stream, handler);
      return stream;
    };
    const core = session.session;
    const receiveFrame = core.receiveFrame.bind(core);
    core.receiveFrame = (frame) => {
      if (frame.type === frameTypes.ack) events.acknowledged(frame.requestId, frame.index);
      receiveFrame(frame);
    };
    const applyPositions = core.applyPositions.bind(core);
    core.applyPositions = (positions) => {
      for (const { requestId, delivered } of positions) events.acknowledged(requestId, delivered);
      applyPositions(positions);
    };
    super.add(session);
  }
}
