import { type BodyChunkFrame, frameTypes, maxPartBytes } from "../protocol/mod.ts";
import type { Stream } from "../session/mod.ts";

/**
 * A request body as a web stream: a chunk is acknowledged when the reader takes it, so that a slow reader
 * holds the client back.
 */
export class BodySource {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #stream: Stream;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #queue: Uint8Array[] = [];
  #wanted: (() => void) | null = null;
  #ended = false;
  #cancelled = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#cancel(),
    }, { highWaterMark: 0 });
  }

  push(frame: BodyChunkFrame): void {
    if (this.#cancelled) {
      this.#stream.delivered(1, frame.bytes.length);
      return;
    }
    this.#queue.push(new Uint8Array(frame.bytes));
    this.#wanted?.();
  }

  end(): void {
    this.#ended = true;
    this.#wanted?.();
  }

  /** No more comes. Of a body that is all here the rest can still be read. */
  fail(error: Error): void {
    if (this.#ended || this.#cancelled) return;
    this.#controller.error(error);
    this.#cancelled = true;
    this.#wanted?.();
  }

  async #pull(): Promise<void> {
    if (this.#queue.length === 0 && !this.#ended && !this.#cancelled) {
      await new Promise<void>((resolve) => this.#wanted = resolve);
      this.#wanted = null;
    }
    if (this.#cancelled) return;
    const bytes = this.#queue.shift();
    if (bytes === undefined) {
      this.#controller.close();
      return;
    }
    this.#controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
    this.#stream.delivered(1, bytes.length);
  }

  #cancel(): void {
    this.#cancelled = true;
    for (const bytes of this.#queue.splice(0)) this.#stream.delivered(1, bytes.length);
  }
}

/** Waits until a stream takes frames again. */
export class WritableGate {
  #waiting: (() => void)[] = [];

  /** Resolves at once when `stream` is writable or over, else on the next {@link release}. Any number may wait. */
  async wait(stream: Stream): Promise<void> {
    if (stream.writable || stream.phase !== "open") return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** Gives up a body that nobody takes; it may have no end. Why it cannot be given up matters to nobody either. */
export function dropBody(body: ReadableStream<Uint8Array> | null, reason?: unknown): void {
  body?.cancel(reason).catch(() => {});
}

/**
 * Sends a web response's body as chunks, no faster than credit comes. Returns early when the stream is over.
 *
 * @param gone aborted when nobody takes the body any more: it is cancelled, also while it has nothing to give
 */
export async function sendBody(
  body: ReadableStream<Uint8Array>,
  { stream, gate, gone }: { stream: Stream; gate: WritableGate; gone: AbortSignal },
): Promise<void> {
  const reader = body.getReader();
  let cancelled: Promise<void> | null = null;
  // A body that fails by itself because nobody takes it any more has nothing left to cancel, and nobody to tell.
  const cancel = () => cancelled ??= reader.cancel(gone.reason).catch(() => {});
  gone.addEventListener("abort", cancel, { once: true });
  if (gone.aborted) cancel();
  try {
    while (stream.phase === "open") {
      const { value, done } = await reader.read();
      if (done) break;
      if (stream.phase !== "open") continue;
      for (let from = 0; from < value.length; from += maxPartBytes) {
        const bytes = value.subarray(from, from + maxPartBytes);
        stream.push({ type: frameTypes.bodyChunk, gatewayId: 0, requestId: 0, index: 0, bytes });
      }
      await gate.wait(stream);
    }
    if (stream.phase !== "open") cancel();
    await cancelled;
  } catch (error) {
    // It gave something else than bytes, and may hold on to what it gives them from.
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    gone.removeEventListener("abort", cancel);
    reader.releaseLock();
  }
}
