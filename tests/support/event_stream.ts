/** A server-sent event as it came. */
export interface ServerSentEvent {
  name: string;
  data: unknown;
}

/** Reads a stream of events one by one; ends with the stream. */
export class EventStream implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; comments are passed over. `null` at the end of the stream. */
  async next(): Promise<ServerSentEvent | null> {
    while (true) {
      const end = this.#text.indexOf("\n\n");
      if (end === -1) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#text += value;
        continue;
      }
      const lines = this.#text.slice(0, end).split("\n");
      this.#text = this.#text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined) return { name: field("event") ?? "message", data: JSON.parse(data) };
    }
  }

  /** Reads on until an event `holds`, and gives that. */
  async until(holds: (event: ServerSentEvent) => boolean): Promise<ServerSentEvent> {
    for (let event = await this.next(); event !== null; event = await this.next()) {
      if (holds(event)) return event;
    }
    throw new Error("the stream of events ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}
