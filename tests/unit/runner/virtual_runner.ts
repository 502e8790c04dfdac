import assert from "node:assert/strict";
import type { Backend } from "../../../lib/runner/backend.ts";
import { ProbeResponder } from "../../../lib/runner/probe_responder.ts";
import { RunnerCore } from "../../../lib/runner/runner_core.ts";
import type { Dialled } from "../../../lib/runner/runner_core_options.ts";
import type { RunnerState } from "../../../lib/runner/mod.ts";
import { type Frame, frameTypes, initialWindowBytes, type WelcomeFrame } from "../../../lib/protocol/mod.ts";
import { type LinkEvent, silentLogger, TunnelMetrics } from "../../../lib/telemetry/mod.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { VirtualLink } from "../../support/virtual_link.ts";

export const pingIntervalMs = 3_000;
const pingTimeoutMs = 30_000;

/** How long a runner waits at most before it dials for the first time again. */
export const firstWaitMs = 100;

/** An origin that nothing is asked of. */
export const backend: Backend = {
  http: () => assert.fail("no request was sent"),
  websocket: () => assert.fail("no WebSocket was opened"),
  probe: () => Promise.resolve(200),
  close: () => {},
};

/** A gateway's whole answer to a hello. */
export function welcome(changes: Partial<WelcomeFrame> = {}): Frame[] {
  return [{
    ...{ type: frameTypes.welcome, version: 1, gatewayId: 7, resumed: false, resumeWindowMs: 30_000 },
    ...{ initialWindow: initialWindowBytes, agent: "", ...changes },
  }, { type: frameTypes.resume, last: true, streams: [] }];
}

/** A runner in virtual time and its attempts to reach a gateway; each is answered by hand. */
export class VirtualRunner {
  readonly clock = new VirtualClock();
  readonly states: RunnerState[] = [];
  /** What an onlooker was told: which link, named by its session, and what became of it. */
  readonly linkEvents: LinkEvent[] = [];
  /** Links whose round trips were told. */
  readonly measured = new Set<string>();
  /** When it dialled, milliseconds. */
  readonly dialledAtMs: number[] = [];
  /** Whether it has closed. */
  isOver = false;
  readonly core: RunnerCore;
  #answer: ((dialled: Dialled) => void) | null = null;
  #sessions = 0;

  constructor(random: () => number = () => 0.5, serves: Backend = backend) {
    const { clock } = this;
    this.core = new RunnerCore({
      ...{
        name: "default",
        agent: "",
        gateway: "the gateway",
        backend: serves,
        clock,
        random,
        pingIntervalMs,
        pingTimeoutMs,
      },
      newSessionId: () => new Uint8Array(16).fill(++this.#sessions),
      probes: new ProbeResponder({ backend, wallUs: () => clock.wallUs() }),
      logger: silentLogger,
      metrics: new TunnelMetrics(),
      dial: (answer) => {
        this.dialledAtMs.push(clock.monotonicMs());
        this.#answer = answer;
        return () => this.#answer = null;
      },
      observer: {
        began: () => null,
        rtt: (link) => this.measured.add(link),
        linkEvent: (event) => this.linkEvents.push(event),
      },
      onState: (state) => this.states.push(state),
      over: () => this.isOver = true,
    });
    clock.turn(() => this.core.start());
  }

  get dialling(): boolean {
    return this.#answer !== null;
  }

  fails(): void {
    this.#take({ kind: "failed", reason: "nobody listens" });
  }

  /** The gateway takes the connection; it says nothing yet. */
  connects(): VirtualLink {
    const link = new VirtualLink(this.clock);
    this.#take({ kind: "connected", connect: link.connect, start: () => {}, abandon: () => {} });
    return link;
  }

  welcomed(changes: Partial<WelcomeFrame> = {}): VirtualLink {
    const link = this.connects();
    link.receive(...welcome(changes));
    return link;
  }

  #take(dialled: Dialled): void {
    const answer = this.#answer;
    assert.ok(answer !== null, "it is dialling");
    this.#answer = null;
    this.clock.turn(() => answer(dialled));
  }
}
