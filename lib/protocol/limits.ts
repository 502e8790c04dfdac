/** Sizes both ends of a link hold each other to. */

/** WebSocket subprotocol of the link. */
export const linkSubprotocol = "tunnel.v1";

/** Versions of the wire protocol this code speaks. */
export const minProtocolVersion = 1;
export const maxProtocolVersion = 1;

/** Largest WebSocket message on a link, bytes: keeps a control frame's wait behind data short. */
export const maxLinkMessageBytes = 256 * 1024;

/** Largest payload of one body-chunk, ws-message or ws-messages, bytes: streams take turns at this grain. */
export const maxPartBytes = 64 * 1024;

/** Most messages in one ws-messages. */
export const maxMessagesPerFrame = 1024;

/** Credit a stream direction starts with and may grow to, bytes. */
export const initialWindowBytes = 256 * 1024;
export const maxWindowBytes = 1024 * 1024;

/** Bounds on the credit that a peer may give new streams, bytes: with less than one part no body could ever be sent. */
export const smallestWindowBytes = maxPartBytes;
export const largestWindowBytes = 16 * 1024 * 1024;

/** Most strings in one header array (names and values), and longest of them: a head is at most 64 KiB. */
export const maxHeaderStrings = 2048;
export const maxTextBytes = 64 * 1024;

/** Longest reason that goes with a reset or a probe, characters: others may have thrown what it quotes, whole pages perhaps. */
export const maxReasonLength = 1024;

/** Most answers, pongs or resets, that may wait for a peer that asks and does not read, before its link is closed. */
export const maxQueuedAnswers = 2 ** 16;

/** Most stream positions in one resume frame: keeps it far below {@link maxLinkMessageBytes}. */
export const maxPositionsPerFrame = 4096;

/** Most stream positions in all resume frames of one opening: a peer cannot fill memory with them. */
export const maxPositions = 2 ** 20;

/** Whether a peer's window for new streams is one that can be worked with. */
export function isAcceptedWindow(bytes: number): boolean {
  return bytes >= smallestWindowBytes && bytes <= largestWindowBytes;
}

export const windowRule = `${smallestWindowBytes} to ${largestWindowBytes} bytes`;

/** Highest version that both ranges contain, or `null` when they share none. */
export function negotiateVersion(
  ours: { min: number; max: number },
  theirs: { min: number; max: number },
): number | null {
  const version = Math.min(ours.max, theirs.max);
  return version >= ours.min && version >= theirs.min ? version : null;
}
