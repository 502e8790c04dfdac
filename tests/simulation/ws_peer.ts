import { maxMessagesPerFrame, maxPartBytes } from "../../lib/protocol/mod.ts";
import type { Letter, Letters } from "./letters.ts";
import type { Random } from "./random.ts";
import type { Process, Timer } from "./schedule.ts";

/** What the owner of a {@link WsPeer} is told, as by a `WebSocketConnection` of lib/net. */
export interface WsPeerHandler {
  part(letter: Letter): void;
  /** Whole small messages that were read together, two or more. */
  messages(letters: Letter[]): void;
  closing(code: number): void;
  drained(): void;
  closed(): void;
}

export interface WsPeerOptions {
  process: Process;
  random: Random;
  handler: WsPeerHandler;
  /** What the party behind the connection says, from letter `from` on; `told` hears of each. */
  letters: Letters;
  from: number;
  told(count: number): void;
  burst: number;
  pauseMs: number;
  joinChance: number;
  stallChance: number;
  stallMs: number;
}

/** How long the other side may take to answer a close, milliseconds. */
const closeTimeoutMs = 5_000;

/**
 * A WebSocket connection of a client's or an origin's, and the party at its other end: it says what it has to
 * say, in bursts, unless it is paused; it stalls now and then, when what is sent to it piles up; it answers a close.
 */
export class WsPeer {
  readonly #options: WsPeerOptions;
  #next: number;
  #paused = false;
  #talking: Timer | null = null;
  #congested = false;
  #stall: Timer | null = null;
  #closing: Timer | null = null;
  #closeReceived = false;
  closeSent = false;
  /** Small messages that come together are handed out so. */
  together = false;
  /** The last part sent was not the final one of its message. */
  inMessage = false;
  #gone = false;
  /** The last letter said was a part of a message, and not its last. */
  #saysPart = false;

  constructor(options: WsPeerOptions) {
    this.#options = options;
    this.#next = options.from;
  }

  /** The party has said everything. */
  get saidAll(): boolean {
    return this.#next >= this.#options.letters.count;
  }

  get congested(): boolean {
    return this.#congested;
  }

  get gone(): boolean {
    return this.#gone;
  }

  start(): void {
    this.#talkOn();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#talkOn();
  }

  /** Called when a part was sent to the party: it may be slow to read on. */
  sentPart(final: boolean): void {
    this.inMessage = !final;
    const { random, stallChance, stallMs, process } = this.#options;
    if (this.#congested || !random.chance(stallChance)) return;
    this.#congested = true;
    this.#stall = process.after(random.between(0, stallMs), () => {
      this.#congested = false;
      this.#options.handler.drained();
    });
  }

  /** The gateway or the runner closes the connection. */
  close(code: number): void {
    if (this.closeSent || this.#gone) return;
    this.closeSent = true;
    const { process, random, handler } = this.#options;
    if (this.#closeReceived) return this.#endSoon();
    this.#paused = false;
    this.#closing = process.after(Math.min(closeTimeoutMs, random.between(1, 200)), () => {
      this.#closeReceived = true;
      handler.closing(code);
      this.#endSoon();
    });
  }

  /** The party closes. */
  partyCloses(code: number): void {
    if (this.#closeReceived || this.#gone) return;
    this.#closeReceived = true;
    this.#talking?.cancel();
    this.#options.handler.closing(code);
    if (this.closeSent) this.#endSoon();
  }

  /** The connection breaks off, without a close. */
  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.cancel();
    this.#options.process.after(0, () => this.#options.handler.closed());
  }

  /** Stops everything that was to happen of its own accord. */
  cancel(): void {
    this.#talking?.cancel();
    this.#stall?.cancel();
    this.#closing?.cancel();
  }

  #endSoon(): void {
    this.#closing?.cancel();
    this.#closing = this.#options.process.after(this.#options.random.between(0, 20), () => this.destroy());
  }

  #talkOn(): void {
    if (this.#talking !== null || this.#gone || this.saidAll) return;
    const { process, random, pauseMs } = this.#options;
    this.#talking = process.after(random.between(0, pauseMs), () => {
      this.#talking = null;
      this.#talk();
    });
  }

  /** What is read at once: a letter, or several small messages. */
  #read(atMost: number): Letter[] {
    const { letters, random, joinChance } = this.#options;
    const read = [letters.get(this.#next++)];
    const joins = this.together && !this.#saysPart && isSmallMessage(read[0]) && random.chance(joinChance);
    let bytes = read[0].bytes.length;
    while (joins && read.length < Math.min(atMost, maxMessagesPerFrame) && !this.saidAll) {
      const letter = letters.get(this.#next);
      bytes += letter.bytes.length;
      if (!isSmallMessage(letter) || bytes > maxPartBytes) break;
      read.push(letter);
      this.#next++;
    }
    this.#saysPart = !read[read.length - 1].final;
    return read;
  }

  #talk(): void {
    const { burst, told, handler } = this.#options;
    for (let i = 0; i < burst && !this.#paused && !this.saidAll && !this.#closeReceived;) {
      const letters = this.#read(burst - i);
      i += letters.length;
      told(this.#next);
      if (letters.length === 1) handler.part(letters[0]);
      else handler.messages(letters);
    }
    if (!this.#paused && !this.#closeReceived) this.#talkOn();
  }
}

/** Whether the real connection hands it out together with others like it. */
function isSmallMessage({ bytes, final }: Letter): boolean {
  return final && bytes.length >= 1 && bytes.length <= 1024;
}
