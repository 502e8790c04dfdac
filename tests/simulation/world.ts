import type { RequestStartFrame, WsOpenFrame } from "../../lib/protocol/mod.ts";
import type { CollectReason, Stream } from "../../lib/session/mod.ts";
import { Conversation, type Incarnation } from "./conversation.ts";
import { checkSessions } from "./invariants.ts";
import { newWire, type WireEnd } from "./network.ts";
import type { Fault, Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { Process, Schedule } from "./schedule.ts";
import { SimGateway } from "./sim_gateway.ts";
import { SimHttp } from "./sim_http.ts";
import { SimHttpOrigin } from "./sim_http_origin.ts";
import { SimRunner } from "./sim_runner.ts";
import { SimWs } from "./sim_ws.ts";
import { SimWsOrigin } from "./sim_ws_origin.ts";
import { Tale, type Teller } from "./tale.ts";
import { Violation } from "./watcher.ts";

const runnerName = "default";

/** A gateway, its runners and their clients in a network that breaks as the plan says. */
export class World {
  readonly plan: Plan;
  readonly schedule = new Schedule();
  readonly conversations: Conversation[];
  readonly gateway: SimGateway;
  readonly runners: SimRunner[] = [];
  steps = 0;
  readonly #random: Random;
  readonly #tale: Tale;
  /** Which incarnation a request id belongs to. */
  readonly #carried = new Map<number, Incarnation>();
  #runnersMade = 0;
  #outages = 0;
  #closed = false;

  constructor(plan: Plan, teller: Teller | null = null) {
    this.plan = plan;
    this.#random = new Random(plan.seed + 0x51ed);
    this.#tale = new Tale(this.schedule, this.#carried, teller);
    this.conversations = plan.scripts.map((script, id) => new Conversation(id, script, plan.seed));
    this.gateway = new SimGateway({
      ...plan,
      process: new Process("gateway", this.schedule),
      random: this.#random.fork(),
      watcher: this.#tale,
      carries: (requestId, incarnation) => {
        this.#carried.set(requestId, incarnation);
        this.#tale.note(incarnation.name, `is stream ${requestId}`);
      },
      collected: (stream, reason) => this.#collected("gateway", stream, reason),
    });
    for (let i = 0; i < plan.runners; i++) this.#startRunner();
    for (const conversation of this.conversations) this.#beginLater(conversation);
    for (const fault of plan.faults) this.schedule.after(fault.atMs, null, () => this.#strike(fault));
    this.schedule.after(plan.calmAtMs, null, () => this.#calm());
  }

  /** Lets the next thing happen, then looks at everything. `false` when nothing is left to happen. */
  step(): boolean {
    if (!this.schedule.step()) return false;
    this.steps++;
    checkSessions(this);
    return true;
  }

  /** Every session that exists at either end. */
  *sessions() {
    for (const { session } of this.gateway.sessions()) yield session;
    for (const { sessions } of this.runners) yield* sessions;
  }

  /** Ends the world in good order: runners say goodbye, the gateway closes. */
  close(): void {
    this.#closed = true;
    for (const runner of this.runners) runner.process.enter(() => runner.close());
    this.gateway.process.enter(() => this.gateway.close());
  }

  // ── processes ──

  #startRunner(): void {
    if (this.#closed) return;
    const number = ++this.#runnersMade;
    const process = new Process(`runner${number}`, this.schedule);
    const random = this.#random.fork();
    const runner = new SimRunner({
      ...this.plan,
      process,
      random,
      watcher: this.#tale,
      number,
      name: runnerName,
      dial: (runner, answer) => this.#dial(runner, answer),
      opened: (stream, start) => this.#opened(stream, start, { ...this.plan, process, random }),
      collected: (stream, reason) => this.#collected(process.name, stream, reason),
    });
    this.runners.push(runner);
    process.enter(() => runner.start());
  }

  #dial(runner: SimRunner, answer: (wire: WireEnd | null) => void): void {
    const { schedule, plan } = this;
    const { process } = runner;
    process.after(this.#random.between(0, 2 * plan.latencyMs + 5), () => {
      if (this.#outages > 0) return answer(null);
      const [mine, theirs] = newWire(process, this.gateway.process, {
        ...plan,
        // Each path through a network has a delay of its own: late data of an old link may come after a new one's.
        latencyMs: plan.latencyMs * this.#random.between(0.5, 3),
        schedule,
        random: this.#random.fork(),
      });
      this.gateway.process.after(0, () => this.gateway.accept(theirs));
      answer(mine);
    });
  }

  // ── clients and origins ──

  #beginLater(conversation: Conversation, waitMs = conversation.script.startsAtMs): void {
    this.gateway.process.after(waitMs, () => {
      const runner = this.gateway.pick(runnerName);
      // A client without a runner gets 503 and may come again.
      if (runner === null) return this.#beginLater(conversation, 500);
      const { kind } = conversation.script;
      const exchange = kind === "http"
        ? new SimHttp(conversation, runner, this.gateway)
        : new SimWs(conversation, runner, this.gateway);
      exchange.start();
    });
  }

  #opened(
    stream: Stream,
    start: RequestStartFrame | WsOpenFrame,
    context: { process: Process; random: Random; dialMs: number; careless: boolean },
  ) {
    const [, id, , number] = start.headers;
    const incarnation = this.conversations[Number(id)].incarnations[Number(number)];
    incarnation.opened();
    return stream.kind === "http"
      ? new SimHttpOrigin(stream, incarnation, context)
      : new SimWsOrigin(stream, incarnation, context);
  }

  /** A stream is reset only because one of its ends gave it up: one that ended in good order never is. */
  #collected(where: string, stream: Stream, reason: CollectReason): void {
    const incarnation = this.#carried.get(stream.requestId)!;
    this.#tale.note(where, `${incarnation.name} collected: ${reason}`);
    if (!incarnation.givenUp && (reason === "reset" || reason === "reset-by-peer")) {
      throw new Violation(
        `${incarnation.name} ended at the ${where} with ${reason}, though nobody gave it up`,
      );
    }
  }

  // ── faults ──

  #strike(fault: Fault): void {
    this.#tale.note("fault", JSON.stringify(fault));
    // All may be down, waiting to be started again: then there is nobody to strike.
    const runner: SimRunner | undefined = this.#random.pick(this.runners);
    switch (fault.kind) {
      case "cut":
        this.#cut(runner, fault.cut, fault.way);
        return;
      case "outage":
        this.#outages++;
        for (const each of this.runners) this.#cut(each, fault.cut, "both");
        this.schedule.after(fault.forMs, null, () => this.#outages--);
        return;
      case "stop": {
        const process = fault.who === "gateway" ? this.gateway.process : runner?.process;
        process?.stop();
        this.schedule.after(fault.forMs, null, () => process?.continue());
        return;
      }
      case "restart":
        if (runner === undefined) return;
        runner.kill(fault.cut);
        this.#forget(runner);
        this.schedule.after(fault.forMs, null, () => this.#startRunner());
        return;
      case "drain":
        if (runner?.process.state !== "running") return;
        runner.process.enter(() =>
          runner.drain(fault.withinMs, () => {
            this.#forget(runner);
            this.#startRunner();
          })
        );
        return;
      case "join":
        this.#startRunner();
        return;
      default:
        fault satisfies never;
    }
  }

  #cut(runner: SimRunner | undefined, cut: "told" | "silent", way: "both" | "up" | "down"): void {
    const wire = runner?.link?.wire;
    if (wire === undefined) return;
    if (way === "both") wire.cut(cut);
    else (way === "up" ? wire : wire.peer).blackhole();
  }

  #forget(runner: SimRunner): void {
    const at = this.runners.indexOf(runner);
    if (at >= 0) this.runners.splice(at, 1);
  }

  #calm(): void {
    this.#tale.note("world", "calm");
    this.gateway.process.continue();
    for (const { process } of this.runners) process.continue();
    if (this.runners.length === 0) this.#startRunner();
  }
}
