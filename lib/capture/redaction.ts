import { Buffer } from "node:buffer";
import { frameTypes } from "../protocol/mod.ts";

/** Headers whose values are overwritten unless a capture is raw. */
export const secretHeaders = ["authorization", "cookie", "set-cookie", "proxy-authorization"] as const;

/** Headers whose values are URLs, with queries of their own: a browser repeats that of the page it comes from. */
export const urlHeaders: ReadonlySet<string> = new Set(["referer", "location", "content-location"]);

const asterisk = 0x2a;
const textMajor = 3;
const bytesMajor = 2;
const arrayMajor = 4;

export interface RedactionOptions {
  /** Further names, of headers and of query parameters; letter case does not matter. */
  names: readonly string[];
  /** Strings that are overwritten wherever they stand within a text or a payload: the tunnel token. */
  secrets: readonly string[];
}

/** Positions in a frame's array of what redaction looks at; -1 where a type has none. */
interface Places {
  target: number;
  headers: number;
  subprotocol: number;
}

const places = new Map<number, Places>([
  [frameTypes.requestStart, { target: 5, headers: 6, subprotocol: -1 }],
  [frameTypes.responseStart, { target: -1, headers: 6, subprotocol: -1 }],
  [frameTypes.response, { target: -1, headers: 6, subprotocol: -1 }],
  [frameTypes.bodyEnd, { target: -1, headers: 6, subprotocol: -1 }],
  [frameTypes.wsOpen, { target: 4, headers: 5, subprotocol: 7 }],
  [frameTypes.wsAccept, { target: -1, headers: 4, subprotocol: -1 }],
]);
const noPlaces: Places = { target: -1, headers: -1, subprotocol: -1 };

/**
 * Overwrites secrets in a frame's bytes with asterisks. Lengths stay, so what comes out is the same frame with
 * other values, and everything about order and size can still be told from it.
 */
export class Redaction {
  readonly #names: ReadonlySet<string>;
  /** Lengths of those names: most headers are told apart by it, without a look at their letters. */
  readonly #nameLengths: ReadonlySet<number>;
  readonly #secrets: readonly Uint8Array[];
  /** Whether names were given, which may be those of query parameters. */
  readonly #looksAtQueries: boolean;

  constructor(options: RedactionOptions) {
    this.#names = new Set([...secretHeaders, ...options.names.map((name) => name.toLowerCase())]);
    this.#looksAtQueries = options.names.length > 0;
    this.#nameLengths = new Set([...this.#names].map((name) => name.length));
    this.#secrets = options.secrets.filter((secret) => secret !== "").map((secret) => Buffer.from(secret));
  }

  /** Names whose values are overwritten, sorted. */
  get names(): string[] {
    return [...this.#names].sort();
  }

  /** @param frame a valid frame of a known type; overwritten in place */
  redact(frame: Uint8Array, type: number): void {
    const found = places.get(type);
    const secrets = this.#secretsIn(frame);
    if (found === undefined && secrets.length === 0) return;
    const place = found ?? noPlaces;
    let at = 0;
    const items = headAt(frame, at);
    at = items.content;
    for (let field = 0; field < items.value; field++) {
      const head = headAt(frame, at);
      at = head.content;
      if (head.major === arrayMajor) {
        at = this.#texts(frame, at, { count: head.value, isHeaders: field === place.headers, secrets });
      } else if (head.major === textMajor || head.major === bytesMajor) {
        at += head.value;
        const text = frame.subarray(head.content, at);
        if (field === place.target) this.#target(text);
        if (field === place.subprotocol && this.#names.has("sec-websocket-protocol")) text.fill(asterisk);
        for (const literal of secrets) overwrite(text, literal);
      }
    }
  }

  /** Those that stand anywhere in the frame: hardly ever one, so most frames need no second look. */
  #secretsIn(frame: Uint8Array): readonly Uint8Array[] {
    const view = bufferOf(frame);
    return this.#secrets.filter((secret) => view.indexOf(secret) !== -1);
  }

  #texts(
    frame: Uint8Array,
    start: number,
    list: { count: number; isHeaders: boolean; secrets: readonly Uint8Array[] },
  ): number {
    const { count, isHeaders, secrets } = list;
    let at = start;
    let secret = false;
    let url = false;
    for (let i = 0; i < count; i++) {
      const head = headAt(frame, at);
      at = head.content;
      if (head.major !== textMajor) continue;
      at += head.value;
      const text = frame.subarray(head.content, at);
      if (isHeaders && i % 2 === 0) {
        secret = this.#isSecret(text);
        url = this.#looksAtQueries && text.length >= 7 && urlHeaders.has(latin1(text).toLowerCase());
      } else if (isHeaders && secret) text.fill(asterisk);
      else if (url) this.#target(text);
      for (const literal of secrets) overwrite(text, literal);
    }
    return at;
  }

  /** Overwrites the values of query parameters that bear a redacted name, of a request's target or of another URL. */
  #target(target: Uint8Array): void {
    const text = latin1(target);
    const query = text.indexOf("?");
    if (query === -1) return;
    for (const match of text.slice(query + 1).matchAll(/([^&=#]*)=([^&#]*)/g)) {
      if (!isParameterOf(this.#names, match[1])) continue;
      const start = query + 1 + match.index + match[1].length + 1;
      target.fill(asterisk, start, start + match[2].length);
    }
  }

  #isSecret(name: Uint8Array): boolean {
    return this.#nameLengths.has(name.length) && this.#names.has(latin1(name).toLowerCase());
  }
}

/** Overwrites `secret` wherever it stands in `text`. */
function overwrite(text: Uint8Array, secret: Uint8Array): void {
  const view = bufferOf(text);
  for (let at = view.indexOf(secret); at !== -1; at = view.indexOf(secret, at + secret.length)) {
    text.fill(asterisk, at, at + secret.length);
  }
}

/** An item's head: its major type, its value or length, and where what follows the head begins. */
function headAt(bytes: Uint8Array, at: number): { major: number; value: number; content: number } {
  const major = bytes[at] >> 5;
  let value = bytes[at++] & 0x1f;
  // Simple values (true, false) have their value in the head and nothing behind it.
  if (value >= 24 && value <= 27 && major !== 7) {
    let size = 1 << (value - 24);
    for (value = 0; size > 0; size--) value = value * 256 + bytes[at++];
  }
  return { major, value, content: at };
}

/** One character a byte, so that positions in the text are positions in the bytes. */
function latin1(bytes: Uint8Array): string {
  return bufferOf(bytes).toString("latin1");
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}

/**
 * Whether a query parameter's name, as it stands in a URL, is one of `names` as its reader will see it. Some frameworks take
 * `name[]` and `name[key]` for values of `name`.
 *
 * @param names in lower case
 */
export function isParameterOf(names: ReadonlySet<string>, name: string): boolean {
  const text = decoded(name);
  return names.has(text) || names.has(text.split("[", 1)[0]);
}

/** A query parameter's name as its reader will see it. */
function decoded(name: string): string {
  const text = name.replaceAll("+", " ").toLowerCase();
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text).toLowerCase();
  } catch (error) {
    // Not percent-encoded after all: it means itself.
    if (error instanceof URIError) return text;
    throw error;
  }
}
