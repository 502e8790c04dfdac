import type {
  CapturedExchange,
  CapturedMessage,
  SpilledBytes,
  SpillStore,
  StoredBytes,
} from "../../capture/mod.ts";
import { endedAtUs } from "./recorded_end.ts";
import type { Spans } from "./send_schedule.ts";

/** An exchange as it is taken from the shelf again. */
export interface ShelvedExchange {
  exchange: CapturedExchange;
  /** Why it is not sent, or `null`. */
  skip: string | null;
}

/** Most bytes of UTF-8 that a UTF-16 code unit takes. */
const maxBytesPerUnit = 3;

/** Messages of one exchange in one text: there may be millions, and more than a string can hold. */
const messagesTogether = 1000;

/**
 * Keeps exchanges in a {@link SpillStore} until it is their turn: of each, some forty bytes stay in memory, so that a
 * capture of a million of them can be put into the order of their starts.
 */
export class ExchangeShelf {
  readonly #store: SpillStore;
  readonly #startUs: number[] = [];
  readonly #endUs: number[] = [];
  readonly #skipped: number[] = [];
  readonly #at: number[] = [];
  readonly #length: number[] = [];
  readonly #encoder = new TextEncoder();
  /** What an exchange is written into before it is kept. */
  #scratch = new Uint8Array(64 * 1024);
  #order = new Uint32Array(0);

  /** @param store holds the exchanges' bodies, too; its owner disposes it afterwards */
  constructor(store: SpillStore) {
    this.#store = store;
  }

  get count(): number {
    return this.#startUs.length;
  }

  /** @param exchange whose bodies are in the shelf's store */
  add(exchange: CapturedExchange, skip: string | null): void {
    const messages: Place[] = [];
    for (let i = 0; i < exchange.messages.length; i += messagesTogether) {
      messages.push(this.#put(exchange.messages.slice(i, i + messagesTogether)));
    }
    const { at, length } = this.#put({ exchange: { ...exchange, messages: [] }, skip, messages });
    this.#startUs.push(exchange.startedAtUs);
    this.#endUs.push(Math.max(exchange.startedAtUs, endedAtUs(exchange)));
    this.#skipped.push(skip === null ? 0 : 1);
    this.#at.push(at);
    this.#length.push(length);
  }

  /** Puts them into the order of their starts. Afterwards none is added. */
  sort(): Spans {
    this.#order = Uint32Array.from(this.#startUs.keys());
    this.#order.sort((a, b) => this.#startUs[a] - this.#startUs[b]);
    return {
      startUs: Float64Array.from(this.#order, (i) => this.#startUs[i]),
      endUs: Float64Array.from(this.#order, (i) => this.#endUs[i]),
      skipped: Uint8Array.from(this.#order, (i) => this.#skipped[i]),
    };
  }

  /** @param index in the order of starts */
  take(index: number): ShelvedExchange {
    const i = this.#order[index];
    const place = { at: this.#at[i], length: this.#length[i] };
    const { exchange, skip, messages } = this.#get(place) as ShelvedExchange & { messages: Place[] };
    for (const place of messages) {
      for (const message of this.#get(place) as CapturedMessage[]) exchange.messages.push(message);
    }
    return { exchange, skip };
  }

  #put(value: unknown): Place {
    const text = JSON.stringify(value, (_key, value) => isStored(value) ? this.#packed(value) : value);
    const { at, length } = this.#store.keep(this.#encoded(text), 0);
    return { at, length };
  }

  #get({ at, length }: Place): unknown {
    const stored = this.#store.at(at, { length, omittedBytes: 0 });
    return JSON.parse(new TextDecoder().decode(stored.read()), (_key, value) => this.#unpacked(value));
  }

  #encoded(text: string): Uint8Array {
    const longest = text.length * maxBytesPerUnit;
    if (this.#scratch.length < longest) this.#scratch = new Uint8Array(longest);
    return this.#scratch.subarray(0, this.#encoder.encodeInto(text, this.#scratch).written);
  }

  #packed(bytes: StoredBytes): Packed {
    const { length, omittedBytes } = bytes;
    const { at } = bytes as Partial<SpilledBytes>;
    return { spilledAt: at ?? this.#store.keep(bytes.read(), 0).at, length, omittedBytes };
  }

  #unpacked(value: unknown): unknown {
    if (typeof value !== "object" || value === null || !("spilledAt" in value)) return value;
    const { spilledAt, length, omittedBytes } = value as Packed;
    return this.#store.at(spilledAt, { length, omittedBytes });
  }
}

/** Where JSON lies in the store. */
interface Place {
  at: number;
  length: number;
}

/** Bytes in the store, as they are written into it themselves. */
interface Packed {
  spilledAt: number;
  length: number;
  omittedBytes: number;
}

function isStored(value: unknown): value is StoredBytes {
  return typeof value === "object" && value !== null && "read" in value;
}
