import {
  type Frame,
  frameName,
  frameTypes,
  payloadBytes,
  type ProtocolError,
  type StreamPosition,
} from "../../lib/protocol/mod.ts";
import type { Incarnation } from "./conversation.ts";
import type { Schedule } from "./schedule.ts";
import type { SimLink } from "./sim_link.ts";
import { Violation, type Watcher } from "./watcher.ts";

/** Takes one line a thing that happens. */
export type Teller = (line: string) => void;

/** Watches the wires of a world: keeps account of acknowledgements, and tells the tale to whoever wants it. */
export class Tale implements Watcher {
  readonly #schedule: Schedule;
  readonly #carried: ReadonlyMap<number, Incarnation>;
  readonly #teller: Teller | null;

  constructor(schedule: Schedule, carried: ReadonlyMap<number, Incarnation>, teller: Teller | null) {
    this.#schedule = schedule;
    this.#carried = carried;
    this.#teller = teller;
  }

  written(link: SimLink, frame: Frame): void {
    if (this.#teller !== null) this.note(link.name, `→ ${describe(frame)}`);
  }

  read(link: SimLink, frame: Frame): void {
    if (this.#teller !== null) this.note(link.name, `← ${describe(frame)}`);
    if (frame.type === frameTypes.ack && link.process.name === "gateway") {
      this.#carried.get(frame.requestId)?.acknowledgedTo(frame.index);
    }
  }

  positions(positions: readonly StreamPosition[]): void {
    for (const { requestId, delivered } of positions) this.#carried.get(requestId)?.acknowledgedTo(delivered);
  }

  /** Only a hello that was overtaken by a newer link's may say what cannot be true any more. */
  protocolError(link: SimLink, error: ProtocolError): void {
    this.note(link.name, `protocol error: ${error.message}`);
    const overtaken = link.process.name === "gateway" && link.wire.peer.gone;
    if (!overtaken) throw new Violation(`${link.name}: ${error.message}`, { cause: error });
  }

  note(who: string, text: string): void {
    this.#teller?.(`${this.#schedule.now.toFixed(3).padStart(12)}  ${who.padEnd(14)} ${text}`);
  }
}

function describe(frame: Frame): string {
  const name = frameName(frame.type);
  if (!("requestId" in frame)) {
    return frame.type === frameTypes.resume ? `${name} ${list(frame.streams)}` : name;
  }
  const bytes = payloadBytes(frame);
  const detail = frame.type === frameTypes.ack
    ? ` credit ${frame.credit}`
    : frame.type === frameTypes.reset
    ? ` code ${frame.code}: ${frame.reason}`
    : bytes > 0
    ? ` ${bytes} bytes`
    : "";
  return `${name} ${frame.requestId}:${frame.index}${detail}`;
}

function list(positions: readonly StreamPosition[]): string {
  return positions.map(({ requestId, received, delivered }) => `${requestId}:${received}/${delivered}`).join(
    " ",
  );
}
