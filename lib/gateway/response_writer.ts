import {
  type BodyFraming,
  chunkEnd,
  EncodeError,
  headerValue,
  Http1Error,
  type RawHeaders,
  reasonPhrase,
  responseFraming,
  writeChunkHeader,
  writeLastChunk,
  writeResponseHead,
} from "../http1/mod.ts";
import type { ByteSocket } from "../net/mod.ts";
import { Derived } from "../repeats/mod.ts";
import type { Problem } from "./problem.ts";

const upgradeRequired = 426;

/** What the response's framing depends on. */
export interface ResponseContext {
  method: string;
  minorVersion: 0 | 1;
  /** Whether the client asked for, or its version implies, a persistent connection. */
  keepAlive: boolean;
}

/** The response's length did not come out as its head had said; the client must not take it for whole. */
export class LengthError extends Error {
  override readonly name = "LengthError";
}

/**
 * Writes one response to a client socket, in the framing the client's version and the head call for
 * (RFC 9112, section 6): a fixed length, chunks, or everything until the connection closes.
 */
export class ResponseWriter {
  readonly #socket: ByteSocket;
  readonly #context: ResponseContext;
  #mode: "none" | "length" | "chunked" | "until-close" = "none";
  #remaining = 0;
  #started = false;
  #keepAlive: boolean;
  status = 0;

  constructor(socket: ByteSocket, context: ResponseContext) {
    this.#socket = socket;
    this.#context = context;
    this.#keepAlive = context.keepAlive;
  }

  /** Whether a head was written, after which no other response can be. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether the connection may carry another request after this response. */
  get keepAlive(): boolean {
    return this.#keepAlive && this.#mode !== "until-close";
  }

  /** Whether the client has been given all that the head had announced, though the end was not told of yet. */
  get isWhole(): boolean {
    return this.#started && this.#mode === "length" && this.#remaining === 0;
  }

  /** Says `Connection: close` in a head not yet written. */
  closeAfter(): void {
    this.#keepAlive = false;
  }

  /**
   * Writes the head. `headers` has no hop-by-hop fields, but for Upgrade in a 426.
   *
   * @throws {EncodeError} when it would not be an HTTP head; nothing is written then, and another response can be
   */
  start(status: number, reason: string, headers: RawHeaders): void {
    let out = headers;
    const framing = this.#framing(status, headers);
    if (framing.kind === "none") {
      this.#mode = "none";
    } else if (framing.kind === "length") {
      this.#mode = "length";
      this.#remaining = framing.bytes;
    } else if (this.#context.minorVersion === 1) {
      this.#mode = "chunked";
      out = [...out, "Transfer-Encoding", "chunked"];
    } else {
      this.#mode = "until-close";
    }
    const option = this.#connectionOption(status, headers);
    if (option !== null) out = [...out, "Connection", option];
    if (status >= 200 && !hasDate(headers)) out = [...out, "Date", new Date().toUTCString()];
    writeResponseHead(this.#socket, status, reason, out);
    this.#started = true;
    this.status = status;
  }

  #connectionOption(status: number, headers: RawHeaders): string | null {
    const lasting = !this.keepAlive ? "close" : this.#context.minorVersion === 0 ? "keep-alive" : null;
    if (status !== upgradeRequired || headerValue(headers, "upgrade") === undefined) return lasting;
    // Whoever sends an Upgrade field names it (RFC 9110, 7.8).
    return lasting === null ? "Upgrade" : `Upgrade, ${lasting}`;
  }

  /**
   * What the head says of its body. Two readers must not take it for two things, or a proxy in front of the gateway would
   * give one client what belongs to another.
   */
  #framing(status: number, headers: RawHeaders): BodyFraming {
    try {
      const framing = responseFraming({ status, minorVersion: 1, headers }, this.#context.method);
      if (framing.kind !== "chunked") return framing;
    } catch (cause) {
      if (!(cause instanceof Http1Error)) throw cause;
      throw new EncodeError(cause.message, { cause });
    }
    throw new EncodeError("Transfer-Encoding is of one hop alone, and was not taken off");
  }

  /** @throws {LengthError} when the body is longer than its head said */
  chunk(bytes: Uint8Array): void {
    switch (this.#mode) {
      case "none":
        return;
      case "length":
        this.#remaining -= bytes.length;
        if (this.#remaining < 0) throw new LengthError("the body is longer than its content-length");
        this.#socket.write(bytes);
        return;
      case "chunked":
        if (bytes.length === 0) return;
        writeChunkHeader(this.#socket, bytes.length);
        this.#socket.write(bytes);
        this.#socket.write(chunkEnd);
        return;
      case "until-close":
        this.#socket.write(bytes);
        return;
    }
  }

  /** @throws {LengthError} when the body is shorter than its head said */
  end(trailers: RawHeaders): void {
    if (this.#mode === "chunked") writeLastChunk(this.#socket, trailers);
    else if (this.#mode === "length" && this.#remaining > 0) {
      throw new LengthError(`the body is ${this.#remaining} bytes shorter than its content-length`);
    }
  }

  /** Writes an error of the gateway's own, as JSON. */
  problem({ status, code, message, headers = [] }: Problem): void {
    this.json(status, { error: code, message }, ["X-Tunnel-Error", code, ...headers]);
  }

  /** Writes an answer of the gateway's own, with further header fields. */
  json(status: number, value: unknown, headers: RawHeaders): void {
    const body = new TextEncoder().encode(JSON.stringify(value) + "\n");
    this.start(status, reasonPhrase(status), [
      "Content-Type",
      "application/json; charset=utf-8",
      "Content-Length",
      String(body.length),
      "Cache-Control",
      "no-store",
      ...headers,
    ]);
    if (this.#mode !== "none") this.chunk(body);
  }
}

const dated = new Derived<boolean>();

/** A gateway that passes a response on adds the date that its origin left out (RFC 9110, 6.6.1). */
function hasDate(headers: RawHeaders): boolean {
  const known = dated.get(headers);
  if (known !== undefined) return known;
  const has = headerValue(headers, "date") !== undefined;
  dated.set(headers, has);
  return has;
}
