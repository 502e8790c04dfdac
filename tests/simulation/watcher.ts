import type { WireEnd } from "./network.ts";

/** Sees what happens in a world: to check it, and to tell it step by step. */
export interface Watcher {
  /** A peer is accused of breaking the protocol. Throws where none can have broken it. */
  protocolError(wire: WireEnd, reason: string): void;
  note(who: string, text: string): void;
}

/** Something happened that the design rules out. */
export class Violation extends Error {
  override readonly name = "Violation";
}
