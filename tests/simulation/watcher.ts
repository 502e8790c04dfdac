import type { Frame, ProtocolError, StreamPosition } from "../../lib/protocol/mod.ts";
import type { SimLink } from "./sim_link.ts";

/** Sees what happens in a world: to check it, and to tell it step by step. */
export interface Watcher {
  /** A frame goes into a message of `link`. */
  written(link: SimLink, frame: Frame): void;
  /** A frame came out of a message of `link` and is about to be handled. */
  read(link: SimLink, frame: Frame): void;
  /** The gateway is about to apply what a runner said of its streams. */
  positions(positions: readonly StreamPosition[]): void;
  /** A peer is accused of breaking the protocol. Throws where none can have broken it. */
  protocolError(link: SimLink, error: ProtocolError): void;
  note(who: string, text: string): void;
}

/** Something happened that the design rules out. */
export class Violation extends Error {
  override readonly name = "Violation";
}
