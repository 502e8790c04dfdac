import assert from "node:assert/strict";
import { FrameParser, type FrameParserOptions, type FrameSink } from "../../../lib/websocket/mod.ts";

/** What a parser told its sink. */
export type SinkEvent =
  | { type: "part"; binary: boolean; bytes: Uint8Array; final: boolean }
  | { type: "ping" | "pong"; bytes: Uint8Array }
  | { type: "close"; code: number | null; reason: string };

const maxKeptBytes = 1024;

/** Keeps everything it is told. */
export class RecordingSink implements FrameSink {
  readonly events: SinkEvent[] = [];

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    // Larger ones are valid during the call alone.
    const kept = bytes.length > maxKeptBytes ? bytes.slice() : bytes;
    this.events.push({ type: "part", binary, bytes: kept, final });
  }

  ping(bytes: Uint8Array): void {
    this.events.push({ type: "ping", bytes });
  }

  pong(bytes: Uint8Array): void {
    this.events.push({ type: "pong", bytes });
  }

  close(code: number | null, reason: string): void {
    this.events.push({ type: "close", code, reason });
  }
}

/** Keeps nothing that it is not told to be its own, not even for a moment: all parts are valid during the call alone. */
export class PassingSink extends RecordingSink {
  /** Buffers that parts lay in. */
  readonly buffers = new Set<ArrayBufferLike>();

  override part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    this.buffers.add(bytes.buffer);
    super.part(binary, bytes.slice(), final);
  }

  override ping(bytes: Uint8Array): void {
    super.ping(bytes.slice());
  }

  override pong(bytes: Uint8Array): void {
    super.pong(bytes.slice());
  }
}

/** Takes messages that came together as well, and keeps each as a part. */
export class JoiningSink extends RecordingSink {
  /** How many came together, each time. */
  readonly joined: number[] = [];

  messages(binary: boolean, sizes: number[], bytes: Uint8Array): void {
    this.joined.push(sizes.length);
    const kept = bytes.length > maxKeptBytes ? bytes.slice() : bytes;
    let from = 0;
    for (const size of sizes) {
      this.events.push({ type: "part", binary, bytes: kept.subarray(from, from + size), final: true });
      from += size;
    }
    assert.equal(from, bytes.length);
  }
}

/** What is told of `bytes` when they are read in one piece. */
export function read(bytes: Uint8Array, options: FrameParserOptions): SinkEvent[] {
  return readChunks([bytes], options);
}

/**
 * What is told of `chunks`, each read from one and the same buffer, as a socket's are: a parser that kept a
 * view of it would be found out.
 */
export function readChunks(
  chunks: readonly Uint8Array[],
  options: FrameParserOptions,
  sink: RecordingSink = new RecordingSink(),
): SinkEvent[] {
  const parser = new FrameParser(options, sink);
  const readBuffer = new Uint8Array(chunks.reduce((largest, chunk) => Math.max(largest, chunk.length), 0));
  for (const chunk of chunks) {
    readBuffer.set(chunk);
    parser.push(readBuffer.subarray(0, chunk.length));
    readBuffer.fill(0xee);
  }
  return sink.events;
}

export function part(binary: boolean, bytes: Uint8Array, final: boolean): SinkEvent {
  return { type: "part", binary, bytes, final };
}
