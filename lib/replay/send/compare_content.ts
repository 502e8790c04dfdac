import { Buffer } from "node:buffer";
import type { StoredBytes } from "../../capture/mod.ts";
import { canDecode, CodingError, decoded } from "../../codings/mod.ts";
import type { Difference, Differences } from "./difference.ts";
import { jsonDifferences, parseJson } from "./json_difference.ts";
import { textDifferences } from "./text_difference.ts";

/** One side of a comparison: a body or a message. */
export interface Content {
  parts: readonly StoredBytes[];
  length: number;
  /** It may go on behind what is here: only as far as both sides reach is it compared. */
  cut: boolean;
  /** Codings that were applied to it, in order. */
  codings: readonly string[];
  /** It is JSON by its type, or may be: a message that is text. */
  maybeJson: boolean;
}

export interface ContentContext {
  part: Difference["part"];
  message?: number;
  differences: Differences;
  /** What was not compared, and why. */
  note: (text: string) => void;
}

/** Content up to this size is held in memory, to be compared by structure or line; larger one byte by byte. */
const maxHeldBytes = 4 * 1024 * 1024;
/** Bytes shown from the first that differs. */
const shownBytes = 16;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Compares two bodies or messages: JSON by structure, text by line, other content by its first different byte. */
export async function compareContent(
  recorded: Content,
  replayed: Content,
  context: ContentContext,
): Promise<void> {
  if (isSameBytes(recorded, replayed)) return;
  const keptBytes = keptLength(recorded.parts);
  const omitted = recorded.length - keptBytes;
  const kept = `the capture kept ${keptBytes} of ${recorded.length} bytes`;
  let sides = { recorded, replayed };
  let coded = recorded.codings.length + replayed.codings.length > 0;
  if (coded) {
    const lengths = [await decodedLength(recorded), await decodedLength(replayed)];
    if (lengths.includes(null)) {
      context.note("its content coding could not be undone: the bytes were compared as sent");
      sides = { recorded: { ...recorded, codings: [] }, replayed: { ...replayed, codings: [] } };
      coded = false;
    } else if (omitted > 0) {
      // The length of a coded body says nothing of its content.
      context.note(`${kept}, which are ${lengths[0]} decoded: those alone were compared, its length was not`);
    }
  }
  if (omitted > 0 && !coded) context.note(`${kept}: those alone were compared, and its length`);
  const cut = omitted > 0 || recorded.cut || replayed.cut;
  if (omitted > 0 && !coded && !recorded.cut && recorded.length !== replayed.length) {
    const [a, b] = [`${recorded.length} bytes`, `${replayed.length} bytes`];
    context.differences.add({ ...placeOf(context), at: "length", recorded: a, replayed: b });
  }
  await compareDecoded(sides, { ...context, cut });
}

/** Memory for the parts at hand of both sides: nearly all content is the same, and looked at here alone. */
const scratch = [new Uint8Array(64 * 1024), new Uint8Array(64 * 1024)];

/** Whether both are whole, in the same codings, and the same byte for byte. Content too large to be held is not looked at. */
function isSameBytes(recorded: Content, replayed: Content): boolean {
  const { length } = recorded;
  if (recorded.cut || replayed.cut || length !== replayed.length || length > maxHeldBytes) return false;
  if (keptLength(recorded.parts) < length || keptLength(replayed.parts) < length) return false;
  if (recorded.codings.join() !== replayed.codings.join()) return false;
  const sides = [recorded.parts.values(), replayed.parts.values()];
  const rest: Uint8Array[] = [noBytes, noBytes];
  for (let at = 0; at < length;) {
    for (const side of [0, 1]) {
      while (rest[side].length === 0) rest[side] = sides[side].next().value!.read(scratch[side]);
    }
    const count = Math.min(rest[0].length, rest[1].length);
    const [before, after] = rest.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, count));
    if (!before.equals(after)) return false;
    for (const side of [0, 1]) rest[side] = rest[side].subarray(count);
    at += count;
  }
  return true;
}

const noBytes = new Uint8Array(0);

interface Sides {
  recorded: Content;
  replayed: Content;
}

async function compareDecoded(sides: Sides, context: ContentContext & { cut: boolean }): Promise<void> {
  const a = await held(sides.recorded);
  const b = a === null ? null : await held(sides.replayed);
  if (a === null || b === null) return await compareStreams(sides, context);
  const length = Math.min(a.length, b.length);
  const [before, after] = context.cut ? [a.subarray(0, length), b.subarray(0, length)] : [a, b];
  if (before.equals(after)) return;
  const texts = [textOf(before), textOf(after)];
  if (texts[0] !== null && texts[1] !== null) {
    const isJson = (sides.recorded.maybeJson || sides.replayed.maybeJson) && !context.cut;
    if (isJson && compareJson(texts[0], texts[1], context)) return;
    for (const { line, recorded, replayed } of textDifferences(texts[0], texts[1])) {
      context.differences.add({ ...placeOf(context), at: `line ${line}`, recorded, replayed });
    }
    return;
  }
  let offset = 0;
  while (offset < before.length && before[offset] === after[offset]) offset++;
  addBytes({ offset, before: before.subarray(offset), after: after.subarray(offset) }, context);
  addLengths(before.length, after.length, context);
}

/** @returns whether both are JSON */
function compareJson(before: string, after: string, context: ContentContext): boolean {
  const [recorded, replayed] = [parseJson(before), parseJson(after)];
  if (recorded === undefined || replayed === undefined) return false;
  for (const { path, ...values } of jsonDifferences(recorded, replayed)) {
    context.differences.add({ ...placeOf(context), at: path, ...values });
  }
  return true;
}

/** Of content too large to be held: the first byte that differs, and the lengths. */
async function compareStreams(sides: Sides, context: ContentContext & { cut: boolean }): Promise<void> {
  if (sides.recorded.maybeJson || sides.replayed.maybeJson) {
    context.note(`it is larger than ${maxHeldBytes / 1024 ** 2} MiB: compared byte by byte`);
  }
  const streams = [piecesOf(sides.recorded), piecesOf(sides.replayed)];
  const rest: Uint8Array[] = [new Uint8Array(0), new Uint8Array(0)];
  let offset = 0;
  let found = false;
  const lengths = [0, 0];
  const fill = async (side: number): Promise<boolean> => {
    while (rest[side].length === 0) {
      const { done, value } = await streams[side].next();
      if (done) return false;
      rest[side] = value;
      lengths[side] += value.length;
    }
    return true;
  };
  while (await fill(0) && await fill(1)) {
    const count = Math.min(rest[0].length, rest[1].length);
    const [before, after] = rest.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, count));
    if (!found && !before.equals(after)) {
      found = true;
      let at = 0;
      while (before[at] === after[at]) at++;
      addBytes({ offset: offset + at, before: before.subarray(at), after: after.subarray(at) }, context);
    }
    offset += count;
    for (const side of [0, 1]) rest[side] = rest[side].subarray(count);
  }
  for (const side of [0, 1]) {
    for (rest[side] = rest[side].subarray(rest[side].length); await fill(side);) {
      rest[side] = rest[side].subarray(rest[side].length);
    }
  }
  if (!context.cut) addLengths(lengths[0], lengths[1], context);
}

function addBytes(
  found: { offset: number; before: Uint8Array; after: Uint8Array },
  context: ContentContext,
): void {
  const shown = (bytes: Uint8Array) =>
    bytes.length === 0 ? null : Buffer.from(bytes.subarray(0, shownBytes)).toString("hex");
  context.differences.add({
    ...placeOf(context),
    at: `byte ${found.offset}`,
    recorded: shown(found.before),
    replayed: shown(found.after),
  });
}

function addLengths(recorded: number, replayed: number, context: ContentContext): void {
  if (recorded === replayed) return;
  const [a, b] = [`${recorded} bytes`, `${replayed} bytes`];
  context.differences.add({ ...placeOf(context), at: "length", recorded: a, replayed: b });
}

function placeOf({ part, message }: ContentContext): Pick<Difference, "part" | "message"> {
  return message === undefined ? { part } : { part, message };
}

/** All of it, decoded, or `null` when that is more than fits. */
async function held(content: Content): Promise<Buffer | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of piecesOf(content)) {
    length += piece.length;
    if (length > maxHeldBytes) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Bytes that it is without its codings; `null` when they cannot be undone. */
async function decodedLength(content: Content): Promise<number | null> {
  if (!canDecode(content.codings)) return null;
  let length = 0;
  try {
    for await (const piece of piecesOf(content)) length += piece.length;
    return length;
  } catch (error) {
    if (error instanceof CodingError) return null;
    throw error;
  }
}

function piecesOf(content: Content): AsyncGenerator<Uint8Array> {
  const cut = content.cut || keptLength(content.parts) < content.length;
  return decoded(keptPieces(content.parts), { codings: content.codings, cut });
}

/** Bytes up to the first that the capture left out. */
function keptLength(parts: readonly StoredBytes[]): number {
  let length = 0;
  for (const part of parts) {
    length += part.length - part.omittedBytes;
    if (part.omittedBytes > 0) break;
  }
  return length;
}

function* keptPieces(parts: readonly StoredBytes[]): Generator<Uint8Array> {
  for (const part of parts) {
    const kept = part.length - part.omittedBytes;
    if (kept > 0) yield part.read().subarray(0, kept);
    if (part.omittedBytes > 0) return;
  }
}

/** Text, when the bytes are UTF-8 without characters that text does not have. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = strictUtf8.decode(bytes);
    // deno-lint-ignore no-control-regex
    return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
