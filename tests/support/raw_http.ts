/** An HTTP client over a bare TCP socket: sends what no other client would, and shows what came byte for byte. */

/** A response as it stood on the wire. Field names keep their case; the body has its chunks put together. */
export interface RawResponse {
  status: number;
  reason: string;
  version: string;
  /** Flat name, value, name, value … */
  headers: readonly string[];
  body: Uint8Array;
  trailers: string[];
  /** Whether the body's framing came to its end, rather than the connection breaking off. */
  complete: boolean;
}

const waitMs = 30_000;
const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** Value of the first field of that name, or `undefined`. */
export function field(response: { headers: readonly string[] }, name: string): string | undefined {
  return fields(response, name)[0];
}

/** Values of all fields of that name, in order. */
export function fields(response: { headers: readonly string[] }, name: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < response.headers.length; i += 2) {
    if (response.headers[i].toLowerCase() === name.toLowerCase()) found.push(response.headers[i + 1]);
  }
  return found;
}

/** A response's body as text. */
export function textOf(response: RawResponse): string {
  return new TextDecoder().decode(response.body);
}

/** One connection. Waits are bounded: a server that says nothing makes the test fail, not hang. */
export class RawHttpClient implements Disposable {
  readonly #conn: Deno.Conn;
  #bytes: Uint8Array = new Uint8Array(0);
  #ended = false;
  #closed = false;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<RawHttpClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new RawHttpClient(conn);
  }

  /** Text is sent as UTF-8. */
  async send(data: string | Uint8Array): Promise<void> {
    let bytes = typeof data === "string" ? encoder.encode(data) : data;
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
  }

  /** Reads one response, to the end of its body or of the connection. Interim responses (1xx) count as one each. */
  async response(requestMethod = "GET"): Promise<RawResponse> {
    const head = await this.#take("\r\n\r\n");
    if (head === null) {
      throw new Error(`no response came, only ${JSON.stringify(decoder.decode(this.#bytes))}`);
    }
    const [statusLine, ...lines] = head.split("\r\n");
    const match = /^(HTTP\/1\.[01]) (\d{3}) (.*)$/.exec(statusLine);
    if (match === null) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    const response: RawResponse = {
      version: match[1],
      status: Number(match[2]),
      reason: match[3],
      headers: lines.flatMap(splitField),
      body: new Uint8Array(0),
      trailers: [],
      complete: true,
    };
    const { status } = response;
    if (requestMethod === "HEAD" || status < 200 || status === 204 || status === 304) return response;
    const length = field(response, "content-length");
    if (field(response, "transfer-encoding") === "chunked") await this.#readChunks(response);
    else if (length === undefined) response.body = await this.rest();
    else {
      response.body = await this.#takeBytes(Number(length));
      response.complete = response.body.length === Number(length);
    }
    return response;
  }

  /** Everything until the connection ends. A reset counts as an end. */
  async rest(): Promise<Uint8Array> {
    while (await this.#read());
    return this.#cut(this.#bytes.length);
  }

  /** Waits until what came and was not taken holds `text`. */
  async until(text: string): Promise<void> {
    while (!decoder.decode(this.#bytes).includes(text)) {
      if (!await this.#read()) {
        throw new Error(`the connection ended before ${JSON.stringify(text)} came`);
      }
    }
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.#conn.close();
    this.#closed = true;
  }

  async #readChunks(response: RawResponse): Promise<void> {
    const parts: Uint8Array[] = [];
    response.complete = false;
    for (let size = await this.#chunkSize(); size !== null; size = await this.#chunkSize()) {
      if (size > 0) {
        const part = await this.#takeBytes(size);
        parts.push(part);
        if (part.length < size || await this.#take("\r\n") === null) break;
        continue;
      }
      response.complete = await this.#readTrailers(response.trailers);
      break;
    }
    response.body = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  }

  async #chunkSize(): Promise<number | null> {
    const line = await this.#take("\r\n");
    if (line === null) return null;
    if (!/^[0-9a-fA-F]+$/.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    return parseInt(line, 16);
  }

  async #readTrailers(trailers: string[]): Promise<boolean> {
    for (let line = await this.#take("\r\n"); line !== null; line = await this.#take("\r\n")) {
      if (line === "") return true;
      trailers.push(...splitField(line));
    }
    return false;
  }

  /** What stands before `mark`, taken along with it, or `null` when the connection ends first. */
  async #take(mark: string): Promise<string | null> {
    while (true) {
      const at = decoder.decode(this.#bytes).indexOf(mark);
      if (at !== -1) return decoder.decode(this.#cut(at + mark.length)).slice(0, at);
      if (!await this.#read()) return null;
    }
  }

  /** `count` bytes, or fewer when the connection ends first. */
  async #takeBytes(count: number): Promise<Uint8Array> {
    while (this.#bytes.length < count && await this.#read());
    return this.#cut(Math.min(count, this.#bytes.length));
  }

  #cut(count: number): Uint8Array {
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  /** Reads once more; false when the connection has ended. */
  async #read(): Promise<boolean> {
    if (this.#ended) return false;
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.#readWithin(buffer);
    if (count === null) {
      this.#ended = true;
      return false;
    }
    const joined = new Uint8Array(this.#bytes.length + count);
    joined.set(this.#bytes);
    joined.set(buffer.subarray(0, count), this.#bytes.length);
    this.#bytes = joined;
    return true;
  }

  async #readWithin(buffer: Uint8Array): Promise<number | null> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this[Symbol.dispose]();
    }, waitMs);
    try {
      return await this.#conn.read(buffer);
    } catch (error) {
      if (late) throw new Error(`nothing came for ${waitMs} ms`, { cause: error });
      // Broken off rather than closed: to the reader of a response both are an end.
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function splitField(line: string): string[] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** Sends one raw request on a connection of its own and reads the response. */
export async function rawRequest(port: number, text: string | Uint8Array): Promise<RawResponse> {
  using client = await RawHttpClient.connect(port);
  await client.send(text);
  const method = typeof text === "string" ? text.split(" ", 1)[0] : "GET";
  return await client.response(method);
}
