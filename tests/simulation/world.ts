import { resetCodes } from "../../lib/protocol/mod.ts";
import type { CollectReason, Stream, StreamHandler } from "../../lib/session/mod.ts";
import type { ExchangeEnd, ExchangeObserver, TrafficObserver } from "../../lib/telemetry/mod.ts";
import { Conversation, type Incarnation } from "./conversation.ts";
import { checkSessions } from "./invariants.ts";
import { newWire, type WireEnd } from "./network.ts";
import type { Fault, Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { Process, Schedule } from "./schedule.ts";
import { SimGateway } from "./sim_gateway.ts";
import { SimHttpClient } from "./sim_http_client.ts";
import { SimHttpOrigin } from "./sim_http_origin.ts";
import { SimRunner } from "./sim_runner.ts";
import { SimWsClient } from "./sim_ws_client.ts";
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
  /** Which conversation an exchange of the gateway's is. */
  readonly #exchanges = new Map<StreamHandler, Conversation>();
  #runnersMade = 0;
  #outages = 0;
  #closed = false;

  constructor(plan: Plan, teller: Teller | null = null) {
    this.plan = plan;
    this.#random = new Random(plan.seed + 0x51ed);
    this.#tale = new Tale(this.schedule, teller);
    this.conversations = plan.scripts.map((script, id) => new Conversation(id, script, plan.seed));
    this.gateway = new SimGateway({
      ...plan,
      process: new Process("gateway", this.schedule),
      random: this.#random.fork(),
      watcher: this.#tale,
      logger: this.#tale.loggerOf("gateway"),
      observer: this.#observer(),
      opened: (stream, handler) => this.#streamOpened(stream, handler),
      acknowledged: (requestId, index) => this.#carried.get(requestId)?.acknowledgedTo(index),
      collected: (stream, reason) => this.#collected(stream, reason),
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
    yield* this.gateway.sessions();
    for (const runner of this.runners) yield* runner.sessions();
  }

  /** Ends the world in good order: runners say goodbye, the gateway closes. */
  close(): void {
    this.#closed = true;
    for (const runner of [...this.runners]) runner.process.enter(() => runner.close());
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
      logger: this.#tale.loggerOf(process.name),
      number,
      name: runnerName,
      dial: (runner, answer) => this.#dial(runner, answer),
      opened: (stream) => this.#served(stream, { ...this.plan, process, random }),
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
    const { process, context } = this.gateway;
    process.after(waitMs, () => {
      const runner = this.gateway.pick(runnerName);
      // A client without a runner gets 503 and may come again.
      if (runner === null) return this.#beginLater(conversation, 500);
      const of = { conversation, runner, context, process, random: this.#random.fork(), watcher: this.#tale };
      const client = conversation.script.kind === "http" ? new SimHttpClient(of) : new SimWsClient(of);
      this.#exchanges.set(client.exchange, conversation);
      client.start();
    });
  }

  /** The gateway opened a stream for an exchange: its first, or another after the session of the last was lost. */
  #streamOpened(stream: Stream, handler: StreamHandler): void {
    const conversation = this.#exchanges.get(handler)!;
    const before = conversation.incarnations.at(-1);
    const goesOn = before !== undefined && conversation.script.kind === "websocket";
    const incarnation = conversation.begin(goesOn ? before.base + before.acknowledgedLetters : 0);
    const next = stream.next.bind(stream);
    stream.next = () => {
      const frame = next();
      if (frame !== null) incarnation.sent(frame);
      return frame;
    };
    this.#carried.set(stream.requestId, incarnation);
    this.#tale.note(incarnation.name, `is stream ${stream.id}`);
  }

  #served(
    stream: Stream,
    context: { process: Process; random: Random; dialMs: number; careless: boolean },
  ): StreamHandler {
    const incarnation = this.#carried.get(stream.requestId)!;
    incarnation.opened();
    return stream.kind === "http"
      ? new SimHttpOrigin(stream, incarnation, context)
      : new SimWsOrigin(stream, incarnation, context);
  }

  #collected(stream: Stream, reason: CollectReason): void {
    const incarnation = this.#carried.get(stream.requestId)!;
    this.#tale.note("gateway", `${incarnation.name} collected: ${reason}`);
    if (reason === "reset" || reason === "reset-by-peer") incarnation.resets.push(reason);
    // Past its bound the gateway gives up what no client waits for any more before it ends anybody's exchange.
    const isForMemory = stream.ownReset?.code === resetCodes.limit;
    if (isForMemory && this.plan.profile === "memory") incarnation.givenUp = true;
  }

  /** Hears how exchanges end; how a WebSocket ends that was open, its client hears by its close code. */
  #observer(): TrafficObserver {
    return {
      began: ({ headers }) => {
        const conversation = this.conversations[Number(headers[headers.indexOf("Conversation") + 1])];
        const ignore = () => {};
        const observer: ExchangeObserver = {
          ...{
            opened: ignore,
            requestBody: ignore,
            requestEnd: ignore,
            responded: ignore,
            responseBody: ignore,
          },
          ...{ message: ignore, messagesTogether: ignore, closing: ignore },
          linkChanged: (change, detail) => this.#tale.note(conversation.name, `${change}: ${detail}`),
          done: (end) => this.#ended(conversation, end),
        };
        return observer;
      },
    };
  }

  #ended(conversation: Conversation, { problem }: ExchangeEnd): void {
    const { script, name, outcome } = conversation;
    if (outcome !== null || (script.kind === "websocket" && problem === null)) return;
    this.#tale.note(name, `ended: ${problem ?? "completed"}`);
    switch (problem) {
      case null:
        return conversation.finish({ kind: "completed" });
      case "client_gone":
        return conversation.finish({ kind: "aborted" });
      case "link_lost":
        return conversation.finish({ kind: "lost", reason: problem });
      case "limit":
        return conversation.finish({ kind: "shed" });
      case "origin_failed":
        if (script.failsAfterMs !== null) return conversation.finish({ kind: "origin" });
    }
    throw new Violation(`${name} ended with ${problem}, which nothing in the world can have caused`);
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
        // One that knows of no link has nobody to ask whether something is on its way to it.
        if (runner?.process.state !== "running" || !runner.connected) return;
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
    const wire = runner?.wire;
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
