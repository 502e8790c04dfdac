import type { RequestStartFrame, WsOpenFrame } from "../../lib/protocol/mod.ts";
import type { Stream, StreamHandler } from "../../lib/session/mod.ts";
import type { Backend } from "../../lib/runner/backend.ts";
import { ProbeResponder } from "../../lib/runner/probe_responder.ts";
import { RunnerCore } from "../../lib/runner/runner_core.ts";
import type { Dialled } from "../../lib/runner/runner_core_options.ts";
import { type Logger, TunnelMetrics } from "../../lib/telemetry/mod.ts";
import type { Cut, WireEnd } from "./network.ts";
import type { Random } from "./random.ts";
import type { Process } from "./schedule.ts";
import { clockOf } from "./sim_clock.ts";
import { SimConnection } from "./sim_connection.ts";
import type { Watcher } from "./watcher.ts";

export interface SimRunnerOptions {
  process: Process;
  random: Random;
  watcher: Watcher;
  logger: Logger;
  /** Number of the process. */
  number: number;
  name: string;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  /** Asks the network for a wire to the gateway; `null` when the gateway cannot be reached. */
  dial(runner: SimRunner, answer: (wire: WireEnd | null) => void): void;
  opened(stream: Stream, start: RequestStartFrame | WsOpenFrame): StreamHandler;
}

/** A runner process in virtual time: `RunnerCore` of lib/runner over simulated wires. It decides nothing itself. */
export class SimRunner {
  readonly process: Process;
  readonly #options: SimRunnerOptions;
  readonly #core: RunnerCore;
  /** Every wire it has dialled, newest last. */
  readonly #wires: WireEnd[] = [];
  #whenOver: (() => void) | null = null;

  constructor(options: SimRunnerOptions) {
    const { process, random, logger, name, pingIntervalMs, pingTimeoutMs } = options;
    const clock = clockOf(process);
    let sessionsMade = 0;
    const backend: Backend = {
      http: (stream, start) => options.opened(stream, start),
      websocket: (stream, open) => options.opened(stream, open),
      probe: () => Promise.resolve(200),
      close: () => {},
    };
    this.process = process;
    this.#options = options;
    this.#core = new RunnerCore({
      ...{ name, pingIntervalMs, pingTimeoutMs, clock, backend, logger },
      ...{ agent: "simulation", gateway: "the gateway", random: random.next },
      newSessionId: () => sessionId(options.number, ++sessionsMade),
      probes: new ProbeResponder({ backend, wallUs: clock.wallUs }),
      metrics: new TunnelMetrics(),
      dial: (answer) => this.#dial(answer),
      over: () => this.#whenOver?.(),
    });
  }

  /** The wire dialled last. */
  get wire(): WireEnd | undefined {
    return this.#wires.at(-1);
  }

  get connected(): boolean {
    return this.#core.connected;
  }

  *sessions() {
    yield* this.#core.sessions.all();
  }

  start(): void {
    this.#core.start();
  }

  /** Asks for no more streams, lets those in flight finish, then closes; `done` is called then. */
  drain(withinMs: number, done: () => void): void {
    this.#whenOver = done;
    this.#core.drain(withinMs);
  }

  close(): void {
    this.#core.close();
  }

  /** The process dies in the middle of whatever it does. */
  kill(cut: Cut): void {
    this.process.kill();
    for (const wire of this.#wires) if (!wire.gone) wire.abandon(cut);
  }

  #dial(answer: (dialled: Dialled) => void): () => void {
    let cancelled = false;
    this.#options.dial(this, (wire) => {
      if (cancelled) wire?.destroy("nobody waits for it any more");
      else if (wire === null) answer({ kind: "failed", reason: "the gateway cannot be reached" });
      else {
        this.#wires.push(wire);
        if (this.#wires.length > 2) this.#wires.shift();
        answer({
          kind: "connected",
          connect: (handler) => new SimConnection(wire, handler, this.#options.watcher),
          start: () => {},
          abandon: () => wire.destroy("nobody waits for it any more"),
        });
      }
    });
    return () => cancelled = true;
  }
}

/** A session's id that says which process it is of, and which of its sessions it is. */
function sessionId(process: number, session: number): Uint8Array {
  const id = new Uint8Array(16);
  const view = new DataView(id.buffer);
  view.setUint32(8, process);
  view.setUint32(12, session);
  return id;
}
