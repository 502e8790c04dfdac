import { bytesOf, type CapturedExchange, type CapturedMessage } from "../../capture/mod.ts";
import { isWireCloseCode } from "../../websocket/mod.ts";
import type { Pace } from "./pace.ts";

/** What the origin does in a recorded conversation, and what it waited for. */
export interface OriginStep {
  /** As many messages of the client had come by then. */
  afterClientMessages: number;
  /** What happened last before it: a message of the client, or the step before (for the first one, the acceptance). */
  follows: "client" | "origin";
  /** Time since that, microseconds. */
  delayUs: number;
  does: { kind: "message"; message: CapturedMessage } | { kind: "close"; code: number; reason: string };
}

/** The part of a tunnel's WebSocket that is needed here. */
export interface PlayedSocket {
  send(data: string | Uint8Array): Promise<void>;
  close(code?: number, reason?: string): void;
}

const brokenOff = 1006;
const withoutCode = 1005;

/** The origin's side of a recorded WebSocket, as steps that wait for the client's. */
export function stepsOf(exchange: CapturedExchange): OriginStep[] {
  const { messages, closes, reset, answer, startedAtUs } = exchange;
  const events: { timeUs: number; does: OriginStep["does"] | null }[] = messages.map((message) =>
    message.from === "client"
      ? { timeUs: message.endedAtUs, does: null }
      : { timeUs: message.timeUs, does: { kind: "message", message } }
  );
  // A close that answers the client's own comes by itself.
  const close = closes[0]?.from === "client"
    ? undefined
    : closes[0] ?? (reset?.from === "origin" ? reset : undefined);
  // What came at one moment, the client sent first: the origin may have answered it.
  events.sort((a, b) => a.timeUs - b.timeUs || Number(a.does !== null) - Number(b.does !== null));
  if (close !== undefined) events.push({ timeUs: close.timeUs, does: closing(close, close === reset) });
  const steps: OriginStep[] = [];
  let clientMessages = 0;
  let last: { by: "client" | "origin"; timeUs: number } = {
    by: "origin",
    timeUs: answer?.timeUs ?? startedAtUs,
  };
  for (const { timeUs, does } of events) {
    if (does === null) clientMessages++;
    else {
      const delayUs = Math.max(0, timeUs - last.timeUs);
      steps.push({ afterClientMessages: clientMessages, follows: last.by, delayUs, does });
    }
    last = { by: does === null ? "client" : "origin", timeUs };
  }
  return steps;
}

function closing({ code, reason }: { code: number; reason: string }, isReset: boolean): OriginStep["does"] {
  const may = !isReset && (isWireCloseCode(code) || code === withoutCode);
  return may ? { kind: "close", code, reason } : { kind: "close", code: brokenOff, reason: "" };
}

/** Says the origin's side to a client that may take its time. */
export class Conversation {
  readonly #steps: OriginStep[];
  readonly #pace: Pace;
  readonly #gone = new AbortController();
  /** When each message of the client came. */
  readonly #clientAtMs: number[] = [];
  #heard: (() => void) | null = null;

  constructor(exchange: CapturedExchange, pace: Pace) {
    this.#steps = stepsOf(exchange);
    this.#pace = pace;
  }

  /** A message of the client's came. What it says is not compared. */
  message(): void {
    this.#clientAtMs.push(this.#pace.now());
    this.#heard?.();
  }

  /** The client is gone. */
  stop(): void {
    this.#gone.abort();
    this.#heard?.();
  }

  /** Runs to the end, or until the client is gone. */
  async run(socket: PlayedSocket): Promise<void> {
    let lastMs = this.#pace.now();
    try {
      for (const { afterClientMessages, follows, delayUs, does } of this.#steps) {
        await this.#until(afterClientMessages);
        await this.#pace.since(
          follows === "client" ? this.#clientAtMs[afterClientMessages - 1] : lastMs,
          delayUs,
          this.#gone.signal,
        );
        lastMs = this.#pace.now();
        if (does.kind === "close") socket.close(does.code, does.reason);
        else await socket.send(dataOf(does.message));
      }
    } catch (error) {
      if (!this.#gone.signal.aborted) throw error;
    }
  }

  async #until(clientMessages: number): Promise<void> {
    while (this.#clientAtMs.length < clientMessages && !this.#gone.signal.aborted) {
      await new Promise<void>((resolve) => this.#heard = resolve);
    }
    this.#gone.signal.throwIfAborted();
  }
}

function dataOf({ binary, parts }: CapturedMessage): string | Uint8Array {
  const bytes = bytesOf(parts);
  return binary ? bytes : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
