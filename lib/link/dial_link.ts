import { Buffer } from "node:buffer";
import {
  BodyDecoder,
  encodeRequestHead,
  findHeadEnd,
  hasToken,
  headerValue,
  Http1Error,
  maxHeadBytes,
  parseResponseHead,
  responseFraming,
  type ResponseHead,
} from "../http1/mod.ts";
import { ByteSocket, concatBytes, dial, DialError, endpointOf, formatEndpoint } from "../net/mod.ts";
import { linkSubprotocol } from "../protocol/mod.ts";
import { acceptKey, newHandshakeKey, upgradeRequestFields } from "../websocket/mod.ts";

/** A gateway answered, but not with a link. */
export class LinkRefusedError extends Error {
  override readonly name = "LinkRefusedError";
  readonly status: number;
  /** Trying again with the same settings cannot help. */
  readonly final: boolean;

  constructor(message: string, options: ErrorOptions & { status: number; final: boolean }) {
    super(message, options);
    this.status = options.status;
    this.final = options.final;
  }
}

export interface DialLinkOptions {
  /** `ws:` or `wss:`, as far as the gateway's own root: the reserved path is added. */
  gatewayUrl: URL;
  /** Path under the reserved prefix. @default "link" */
  path?: string;
  token: string;
  caCerts?: string[];
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A socket whose WebSocket handshake is done; reading has not begun. */
export interface DialledLink {
  socket: ByteSocket;
  /** Bytes that came behind the handshake. */
  head: Uint8Array;
  /** `host:port` of the gateway. */
  address: string;
}

const defaultTimeoutMs = 10_000;
const maxRefusalBytes = 64 * 1024;
const noHandler = { data() {}, drained() {}, ended() {}, closed() {} };

/**
 * Dials a gateway and asks for a link.
 *
 * @throws {DialError} when the gateway cannot be reached, or does not answer in time
 * @throws {LinkRefusedError} when it, or somebody in between, answers with anything but a link; `final` when the gateway says that
 *   the token is wrong
 */
export async function dialLink(options: DialLinkOptions): Promise<DialledLink> {
  const { gatewayUrl, token, caCerts, signal, timeoutMs = defaultTimeoutMs } = options;
  const endpoint = endpointOf(gatewayUrl);
  const conn = await dial(endpoint, { caCerts, timeoutMs, signal });
  let timedOut = false;
  let answered = false;
  const timer = setTimeout(() => {
    timedOut = true;
    conn.close();
  }, timeoutMs);
  const stop = () => conn.close();
  signal?.addEventListener("abort", stop, { once: true });
  const key = newHandshakeKey();
  try {
    const prefix = gatewayUrl.pathname.replace(/\/$/, "");
    const target = `${prefix}/.tunnel/${options.path ?? "link"}${gatewayUrl.search}`;
    await writeAll(
      conn,
      encodeRequestHead("GET", target, [
        "Host",
        gatewayUrl.host,
        ...upgradeRequestFields(key),
        "Sec-WebSocket-Protocol",
        linkSubprotocol,
        "Authorization",
        `Bearer ${token}`,
      ]),
    );
    const { head, rest } = await readHead(conn);
    answered = true;
    const at = prefix === "" ? "" : `; it was asked for ${target.split("?", 1)[0]}, as its URL has a path`;
    if (head.status !== 101) throw await refusal(conn, head, { rest, path: options.path ?? "link", at });
    const isLink = headerValue(head.headers, "sec-websocket-accept") === acceptKey(key) &&
      hasToken(head.headers, "sec-websocket-protocol", linkSubprotocol);
    if (!isLink) {
      const message = `${gatewayUrl.host} answered the handshake, but is not a tunnel gateway${at}`;
      throw new LinkRefusedError(message, { status: 101, final: false });
    }
    return { socket: new ByteSocket(conn, noHandler), head: rest, address: formatEndpoint(endpoint) };
  } catch (cause) {
    if (!timedOut && !signal?.aborted) conn.close();
    if (cause instanceof LinkRefusedError) throw cause;
    const where = formatEndpoint(endpoint);
    if (timedOut) {
      throw new DialError(`${where} did not answer the handshake within ${timeoutMs} ms`, {
        cause,
        timedOut,
      });
    }
    const detail = cause instanceof Error ? cause.message : String(cause);
    const hint = answered || endpoint.tls ? "" : "; one that speaks TLS is dialled by wss://";
    throw new DialError(`the handshake with ${where} failed: ${detail}${hint}`, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}

async function readHead(conn: Deno.Conn): Promise<{ head: ResponseHead; rest: Uint8Array }> {
  let bytes: Uint8Array = new Uint8Array(0);
  const buffer = new Uint8Array(4096);
  while (true) {
    // Interim responses may come together with the one that counts.
    for (let end = headEnd(bytes); end !== -1; end = headEnd(bytes)) {
      const head = parseResponseHead(bytes, 0, end);
      bytes = bytes.slice(end);
      if (head.status >= 200 || head.status === 101) return { head, rest: bytes };
    }
    if (bytes.length > maxHeadBytes) throw new Http1Error(502, "the answer's head is too large");
    const count = await conn.read(buffer);
    if (count === null) throw new Error("the connection was closed before an answer came");
    bytes = concatBytes(bytes, buffer.subarray(0, count));
  }
}

function headEnd(bytes: Uint8Array): number {
  return findHeadEnd(bytes, 0, bytes.length);
}

/** What the gateway says of its refusal, read from its JSON. */
async function refusal(
  conn: Deno.Conn,
  head: ResponseHead,
  { rest, path, at }: { rest: Uint8Array; path: string; at: string },
): Promise<LinkRefusedError> {
  // Others in between, a proxy or a firewall, refuse for reasons that may pass.
  const final = head.status === 401 && headerValue(head.headers, "x-tunnel-error") === "wrong_token";
  const decoder = new BodyDecoder(responseFraming(head, "GET"));
  const parts: Uint8Array[] = [];
  let size = 0;
  const sink = {
    data(bytes: Uint8Array) {
      size += bytes.length;
      if (size <= maxRefusalBytes) parts.push(bytes.slice());
    },
  };
  decoder.decode(rest, 0, rest.length, sink);
  const buffer = new Uint8Array(4096);
  while (!decoder.done && size <= maxRefusalBytes) {
    const count = await conn.read(buffer);
    if (count === null) break;
    decoder.decode(buffer, 0, count, sink);
  }
  const said = messageOf(Buffer.concat(parts).toString("utf8"));
  const what = path.split("?", 1)[0];
  // A path that is not the gateway's own is a client's request to it, which it answers as one: that has to be seen.
  const where = final ? "" : at;
  const message = `the gateway refused the ${what} (${head.status}): ${said ?? head.reason}`;
  return new LinkRefusedError(where === "" ? message : message.replace(/\.$/, "") + where, {
    status: head.status,
    final,
  });
}

function messageOf(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body);
    if (
      typeof value === "object" && value !== null && "message" in value && typeof value.message === "string"
    ) {
      return value.message;
    }
    return null;
  } catch (error) {
    // Something else than a gateway answered, with something else than JSON: its status has to do.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
