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
  const { length } = text;
  if (length < 10 || length > 19 || text.charCodeAt(8) !== hyphen) return null;
  let gatewayId = 0;
  for (let i = 0; i < 8; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit === -1) return null;
    gatewayId = gatewayId * 16 + digit;
  }
  if (text.charCodeAt(9) === zero && length > 10) return null;
  let requestId = 0;
  for (let i = 9; i < length; i++) {
    const digit = text.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9) return null;
    requestId = requestId * 10 + digit;
  }
  return requestId > maxId ? null : { gatewayId, requestId };
}

const hyphen = 0x2d;
const zero = 0x30;

/** -1 for what is no digit; letters are lower case. */
function hexDigit(code: number): number {
  if (code >= zero && code <= 0x39) return code - zero;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
