/** The identity of one stream frame: which gateway opened the stream, which stream, which frame of it. */
export interface MessageId {
  /** The gateway process, u32, drawn at random when it starts. */
  readonly gatewayId: number;
  /** The stream within that gateway, u32. */
  readonly requestId: number;
  /** The frame within the stream and direction, u16, wraps. */
  readonly index: number;
}

/** Largest gateway or request id: 2^32 - 1. */
export const maxId = 0xffff_ffff;

/** A stream's name in logs and in the admin API, such as `9f3ac01b-42`: gateway id in hexadecimal, request id. */
export function formatStreamId(gatewayId: number, requestId: number): string {
  return `${gatewayId.toString(16).padStart(8, "0")}-${requestId}`;
}

/** A frame's name in logs: the stream's name, a colon and the message index. */
export function formatMessageId(id: MessageId): string {
  return `${formatStreamId(id.gatewayId, id.requestId)}:${id.index}`;
}

/** Reads what {@link formatStreamId} wrote; `null` when `text` is nothing of the kind. */
export function parseStreamId(text: string): { gatewayId: number; requestId: number } | null {
  const match = /^([0-9a-f]{8})-(0|[1-9][0-9]{0,9})$/.exec(text);
  if (match === null) return null;
  const requestId = Number(match[2]);
  return requestId > maxId ? null : { gatewayId: parseInt(match[1], 16), requestId };
}
