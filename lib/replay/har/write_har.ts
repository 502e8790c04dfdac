import type { CapturedExchange } from "../../capture/mod.ts";
import { EntryWriter } from "./write_entry.ts";

export interface HarWriterOptions {
  /** Takes pieces of the document, in order. */
  write: (text: string) => void;
  /** The program that writes. */
  creator: { name: string; version: string };
  /** Where the exchanges' times are 0: wall clock, microseconds since 1970. */
  startedAtUs: number;
  comment?: string;
}

/**
 * Writes an HTTP Archive (HAR 1.2) entry by entry: nothing of it stays in memory. WebSocket messages stand where Chrome
 * puts them; what HAR has no place for (closes, resets, trailers, when the parts of a body came) in `_tunnel`.
 */
export class HarWriter {
  readonly #options: HarWriterOptions;
  readonly #entries: EntryWriter;
  #count = 0;

  constructor(options: HarWriterOptions) {
    this.#options = options;
    this.#entries = new EntryWriter(options.write, options.startedAtUs);
    const { creator, comment } = options;
    const head = JSON.stringify({ version: "1.2", creator, ...(comment === undefined ? {} : { comment }) });
    options.write(`{"log":${head.slice(0, -1)},"entries":[`);
  }

  /** Entries so far. */
  get count(): number {
    return this.#count;
  }

  /** Programs want them in the order of their starts. */
  entry(exchange: CapturedExchange): void {
    this.#options.write(this.#count++ === 0 ? "\n" : ",\n");
    this.#entries.write(exchange);
  }

  /** Closes the document. */
  end(): void {
    this.#options.write("\n]}}\n");
  }
}
