import {
  BodyDecoder,
  findHeadEnd,
  Http1Error,
  parseRequestHead,
  parseResponseHead,
  type RawHeaders,
  requestFraming,
  type RequestHead,
  responseFraming,
  type ResponseHead,
} from "../../../lib/http1/mod.ts";
import { concat } from "../websocket/bytes.ts";
import { text } from "./bytes.ts";

/** A message as its reader has it in the end. */
export interface Message<Head> {
  head: Head;
  body: string;
  trailers: RawHeaders;
}

/** What a connection's bytes came to: whole messages, then an error, a message cut short, or nothing. */
export interface Reading<Head> {
  messages: Message<Head>[];
  end: { status: number } | "incomplete" | "clean";
}

type Mode<Head> = {
  parse: (bytes: Uint8Array, from: number, to: number) => Head;
  decoderFor: (head: Head) => BodyDecoder;
  /** Whether the end of the bytes is the end of the connection. */
  closes: boolean;
};

/** Reads requests as a server does, in pieces as they come. */
export function readRequests(...pieces: readonly Uint8Array[]): Reading<RequestHead> {
  return read(pieces, {
    parse: parseRequestHead,
    decoderFor: (head) => new BodyDecoder(requestFraming(head)),
    closes: false,
  });
}

/** Reads the responses to requests of method `method`, whose connection ends with the last piece. */
export function readResponses(method: string, ...pieces: readonly Uint8Array[]): Reading<ResponseHead> {
  return read(pieces, {
    parse: parseResponseHead,
    decoderFor: (head) => new BodyDecoder(responseFraming(head, method)),
    closes: true,
  });
}

function read<Head>(pieces: readonly Uint8Array[], mode: Mode<Head>): Reading<Head> {
  const messages: Message<Head>[] = [];
  let pending: Uint8Array = new Uint8Array(0);
  let current: { head: Head; decoder: BodyDecoder; parts: Uint8Array[] } | null = null;
  try {
    for (const piece of pieces) {
      let bytes = concat(pending, piece);
      pending = new Uint8Array(0);
      while (bytes.length > 0 || current !== null) {
        if (current === null) {
          const end = findHeadEnd(bytes, 0, bytes.length);
          if (end === -1) break;
          const head = mode.parse(bytes, 0, end);
          current = { head, decoder: mode.decoderFor(head), parts: [] };
          bytes = bytes.subarray(end);
        }
        const { head, decoder, parts } = current;
        const next = decoder.decode(bytes, 0, bytes.length, { data: (part) => parts.push(part.slice()) });
        bytes = bytes.subarray(next);
        if (!decoder.done) break;
        messages.push({ head, body: text(concat(...parts)), trailers: decoder.trailers });
        current = null;
      }
      pending = bytes;
    }
    if (current !== null && mode.closes) {
      current.decoder.finish();
      messages.push({ head: current.head, body: text(concat(...current.parts)), trailers: [] });
      current = null;
    }
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error;
    return { messages, end: { status: error.status } };
  }
  return { messages, end: current === null && pending.length === 0 ? "clean" : "incomplete" };
}
