import { bytesOf, type CapturedMessage } from "../../capture/mod.ts";
import { compareContent, type Content, type ContentContext } from "./compare_content.ts";
import { Differences } from "./difference.ts";

export interface MessageContext extends Omit<ContentContext, "part" | "message"> {
  /** Of the recorded messages so many must come again; those behind crossed the client's close on their way. */
  required: number;
}

/** Bytes shown of a message that stands alone. */
const shownBytes = 2048;

/**
 * Compares what the origin sent on a WebSocket, message by message in their order. Between the messages that are the
 * same at the beginning and at the end the others are compared one to one, and what is left over is missing or new.
 */
export async function compareMessages(
  recorded: readonly CapturedMessage[],
  replayed: readonly CapturedMessage[],
  context: MessageContext,
): Promise<void> {
  const before = recorded.slice(0, Math.max(context.required, replayed.length));
  let start = 0;
  const shorter = Math.min(before.length, replayed.length);
  while (start < shorter && await isSame(before[start], replayed[start])) start++;
  let end = 0;
  while (end < shorter - start && await isSame(before.at(-1 - end)!, replayed.at(-1 - end)!)) end++;
  const [oldEnd, newEnd] = [before.length - end, replayed.length - end];
  for (let i = 0; i < start; i++) noteKept(before[i], i + 1, context);
  for (let i = start; i < Math.max(oldEnd, newEnd); i++) {
    const [a, b] = [i < oldEnd ? before[i] : null, i < newEnd ? replayed[i] : null];
    const message = i + 1;
    if (a !== null && b !== null) {
      await compareMessage(a, b, { ...context, part: "message", message });
    } else {
      const [gone, added] = [a === null ? null : shown(a), b === null ? null : shown(b)];
      context.differences.add({ part: "message", message, at: "", recorded: gone, replayed: added });
    }
  }
}

/** A message that is only known in part is not more than that the same. */
function noteKept(message: CapturedMessage, number: number, { note }: MessageContext): void {
  if (message.omittedBytes === 0) return;
  const kept = message.length - message.omittedBytes;
  note(`the capture kept ${kept} of ${message.length} bytes of message ${number}: those alone were compared`);
}

async function isSame(recorded: CapturedMessage, replayed: CapturedMessage): Promise<boolean> {
  const differences = new Differences();
  await compareMessage(recorded, replayed, { part: "message", differences, note: () => {} });
  return differences.count === 0;
}

async function compareMessage(
  recorded: CapturedMessage,
  replayed: CapturedMessage,
  context: ContentContext,
): Promise<void> {
  const { message, part, differences } = context;
  if (recorded.binary !== replayed.binary) {
    const kind = ({ binary }: CapturedMessage) => binary ? "binary" : "text";
    differences.add({ part, message, at: "type", recorded: kind(recorded), replayed: kind(replayed) });
  }
  await compareContent(contentOf(recorded), contentOf(replayed), context);
}

function contentOf({ parts, length, binary, complete }: CapturedMessage): Content {
  return { parts, length, cut: !complete, codings: [], maybeJson: !binary };
}

function shown(message: CapturedMessage): string {
  const { binary, omittedBytes, length, parts } = message;
  if (binary || omittedBytes > 0) return `a message of ${length} ${length === 1 ? "byte" : "bytes"}`;
  return new TextDecoder().decode(bytesOf(parts).subarray(0, shownBytes));
}
