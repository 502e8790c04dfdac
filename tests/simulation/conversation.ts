import {
  frameTypes,
  indexDistance,
  maxUnacknowledgedFrames,
  type SequencedFrame,
} from "../../lib/protocol/mod.ts";
import { type Letter, Letters, type LetterSizes } from "./letters.ts";
import { mix } from "./random.ts";
import { Violation } from "./watcher.ts";

/** What one client does, and what the origin does with it. */
export interface Script {
  kind: "http" | "websocket";
  startsAtMs: number;
  method: "GET" | "POST" | "PUT";
  hasBody: boolean;
  /** Letters from the client (messages, or chunks of the request body), and to it. */
  clientLetters: number;
  originLetters: number;
  sizes: LetterSizes;
  /** Letters given in one turn, and the pause between turns. */
  burst: number;
  pauseMs: number;
  /** WebSocket: how often small messages of one turn are read together. */
  joinChance: number;
  /** How often a reader stalls after a letter, and for how long at most. */
  stallChance: number;
  stallMs: number;
  /** HTTP: letters of the request after which the response begins; `Infinity`: after all of it. */
  respondsAfter: number;
  /** WebSocket: who closes when everything was said. */
  closer: "client" | "origin" | "both";
  /** WebSocket: the origin refuses the upgrade. */
  refuses: boolean;
  /** The origin's program acknowledges a letter when it has dealt with it, not when it got it. */
  handles: boolean;
  /** The client breaks off, the origin breaks off: time after the start, or `null`. */
  abortsAfterMs: number | null;
  failsAfterMs: number | null;
}

/** How a client's exchange ended, as the client sees it. */
export type Outcome =
  /** All that was to come has come. */
  | { kind: "completed" }
  /** The client broke off by itself. */
  | { kind: "aborted" }
  /** The origin broke off, or refused, as its script says. */
  | { kind: "origin" }
  /** The session was lost and the stream could not go on elsewhere. */
  | { kind: "lost"; reason: string }
  /** The gateway gave it up to keep its memory within bounds. */
  | { kind: "shed" };

/**
 * One client's exchange with the origin, over as many streams as it takes: what was sent and what has come, in
 * both directions. It lies outside the world and sees both ends at once, so it can hold each letter that comes
 * against the sender's log.
 */
export class Conversation {
  readonly id: number;
  readonly script: Script;
  readonly letters: Letters;
  readonly incarnations: Incarnation[] = [];
  /** Letters the client has given to the gateway. */
  sent = 0;
  /** Letters that any origin process was handed: one that is woken must begin here or before. */
  handed = 0;
  outcome: Outcome | null = null;
  readonly #seed: number;

  constructor(id: number, script: Script, seed: number) {
    this.id = id;
    this.script = script;
    this.#seed = mix(seed + id * 2);
    this.letters = new Letters({
      key: this.#seed,
      count: script.clientLetters,
      sizes: script.sizes,
      parts: script.kind === "websocket",
    });
  }

  get name(): string {
    return `${this.script.kind === "http" ? this.script.method : "websocket"} ${this.id}`;
  }

  get current(): Incarnation {
    return this.incarnations[this.incarnations.length - 1];
  }

  /** A stream is opened for it; the origin will get the client's letters from `base` on. */
  begin(base: number): Incarnation {
    if (base > this.handed) {
      throw new Violation(
        `${this.name} goes on at letter ${base}, but no origin ever got letter ${this.handed}`,
      );
    }
    const number = this.incarnations.length;
    const key = mix(this.#seed + 0x5bd1 + number);
    const incarnation = new Incarnation(this, { number, base, key });
    this.incarnations.push(incarnation);
    return incarnation;
  }

  finish(outcome: Outcome): void {
    if (this.outcome !== null) throw new Violation(`${this.name} ended twice: ${outcome.kind}`);
    this.outcome = outcome;
  }
}

/** One stream of a conversation: the first, or one opened after the session that held the last was lost. */
export class Incarnation {
  readonly conversation: Conversation;
  readonly number: number;
  /** First letter of the client that goes over this stream. */
  readonly base: number;
  /** What the origin says over this stream. */
  readonly replies: Letters;
  /** Next letter due at the origin, and next reply due at the client. */
  nextAtOrigin: number;
  nextAtClient = 0;
  repliesSent = 0;
  /** Letters handed to either party that had come in one frame with others. */
  cameTogether = 0;
  /** The origin gave all its replies in one frame, without a seam between them. */
  repliesJoined = false;
  /** The origin gave the stream up, or the gateway did for its bound on memory: the other end may be told so. */
  givenUp = false;
  /** How the gateway and the runner collected it, where that was by a reset. */
  readonly resets: string[] = [];
  /** Letters in all after each frame that the gateway sent, opening included, and frames acknowledged as seen on the wire. */
  readonly #sent: number[] = [];
  #acknowledged = 0;
  #openings = 0;

  constructor(conversation: Conversation, options: { number: number; base: number; key: number }) {
    const { script } = conversation;
    this.conversation = conversation;
    this.number = options.number;
    this.base = options.base;
    this.nextAtOrigin = options.base;
    this.replies = new Letters({
      key: options.key,
      count: script.originLetters,
      sizes: script.sizes,
      parts: script.kind === "websocket",
    });
  }

  get name(): string {
    return `${this.conversation.name}.${this.number}`;
  }

  /** Whether everything the client has to say was handed over to this origin or one before it. */
  get heardAll(): boolean {
    return this.nextAtOrigin >= this.conversation.letters.count;
  }

  /** Letters acknowledged on the wire, of those this stream carries. */
  get acknowledgedLetters(): number {
    return this.#acknowledged === 0 ? 0 : this.#sent[this.#acknowledged - 1];
  }

  /** The gateway sent a frame: what was pushed may have been taken apart by then. One that is sent again counts once. */
  sent(frame: SequencedFrame): void {
    if (indexDistance(this.#sent.length & 0xffff, frame.index) !== 0) return;
    this.#sent.push((this.#sent.at(-1) ?? 0) + lettersIn(frame));
  }

  /** The runner was asked to serve it. */
  opened(): void {
    this.#openings++;
    if (this.#openings > 1) throw new Violation(`${this.name} was carried out twice`);
  }

  /** The origin's program was handed a letter of the client's. */
  atOrigin(letter: Letter): void {
    const { conversation } = this;
    conversation.letters.check(this.nextAtOrigin, letter, `${this.name} at the origin`);
    if (this.nextAtOrigin >= conversation.sent) {
      throw new Violation(`${this.name}: letter ${this.nextAtOrigin} came before it was sent`);
    }
    this.nextAtOrigin++;
    conversation.handed = Math.max(conversation.handed, this.nextAtOrigin);
  }

  /** The client was handed a letter of the origin's. */
  atClient(letter: Letter): void {
    this.replies.check(this.nextAtClient, letter, `${this.name} at the client`);
    if (this.nextAtClient >= this.repliesSent) {
      throw new Violation(`${this.name}: reply ${this.nextAtClient} came before it was sent`);
    }
    this.nextAtClient++;
  }

  /** The client was handed bytes of a response's body: one reply, or all of them joined. */
  bodyAtClient(bytes: Uint8Array): void {
    if (!this.repliesJoined) return this.atClient({ bytes, final: true });
    for (let from = 0; from < bytes.length;) {
      // Behind the last reply nothing is due: whatever is left is one too many.
      const due = this.nextAtClient < this.replies.count
        ? this.replies.get(this.nextAtClient).bytes.length
        : bytes.length - from;
      this.atClient({ bytes: bytes.subarray(from, from + due), final: true });
      from += due;
    }
  }

  /** An acknowledgement of the runner's reached the gateway, on its own or in a list of positions. */
  acknowledgedTo(index: number): void {
    const count = indexDistance(this.#acknowledged & 0xffff, index);
    if (count <= maxUnacknowledgedFrames && this.#acknowledged + count <= this.#sent.length) {
      this.#acknowledged += count;
    }
  }
}

/** An opening and a close are no letters. */
function lettersIn(frame: SequencedFrame): number {
  if (frame.type === frameTypes.wsMessages) return frame.sizes.length;
  return frame.type === frameTypes.wsMessage || frame.type === frameTypes.bodyChunk ? 1 : 0;
}
