/** Where to connect to, taken from a URL once. */
export interface Endpoint {
  hostname: string;
  port: number;
  tls: boolean;
}

/** A connection was not made; the message names the endpoint and says what to check. */
export class DialError extends Error {
  override readonly name = "DialError";
  /** Whether waiting took too long, rather than being refused. */
  readonly timedOut: boolean;

  constructor(message: string, options: ErrorOptions & { timedOut?: boolean } = {}) {
    super(message, options);
    this.timedOut = options.timedOut ?? false;
  }
}

const defaultPorts: Record<string, number> = { "http:": 80, "ws:": 80, "https:": 443, "wss:": 443 };

/** The endpoint of an `http:`, `https:`, `ws:` or `wss:` URL. IPv6 addresses lose their brackets. */
export function endpointOf(url: URL): Endpoint {
  return {
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPorts[url.protocol] : Number(url.port),
    tls: url.protocol === "https:" || url.protocol === "wss:",
  };
}

/** `host:port`, with brackets round an IPv6 address. */
export function formatEndpoint(endpoint: { hostname: string; port: number }): string {
  const host = endpoint.hostname.includes(":") ? `[${endpoint.hostname}]` : endpoint.hostname;
  return `${host}:${endpoint.port}`;
}

export interface DialOptions {
  /** PEM certificates trusted besides the system's. */
  caCerts?: string[];
  /** @default 10000 */
  timeoutMs?: number;
  signal?: AbortSignal;
}

const defaultTimeoutMs = 10_000;

/** What the TLS library says in words of its own, and what that means for who set up the two ends. */
const tlsHints: { said: string; tell: (message: string) => string }[] = [
  // An answer that is no TLS record.
  { said: "InvalidContentType", tell: (message) => `it does not speak TLS there (${message})` },
  {
    said: "UnknownIssuer",
    tell: (message) =>
      `its certificate is of no authority that is trusted here (${message}); --ca-file names one more`,
  },
  // What `openssl req -x509` makes unless it is told otherwise; browsers and curl take it.
  {
    said: "CaUsedAsEndEntity",
    tell: (message) =>
      `its certificate is an authority's own (${message}); one with basicConstraints=critical,CA:FALSE is accepted`,
  },
];

/**
 * Connects by TCP, and TLS where the endpoint says so, with Nagle's algorithm off.
 *
 * @throws {DialError} when the connection is refused, cannot be made in time, or TLS fails
 */
export async function dial(endpoint: Endpoint, options: DialOptions = {}): Promise<Deno.Conn> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const abort = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, timeoutMs);
  const stop = () => abort.abort();
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) abort.abort();
  let conn: Deno.Conn | null = null;
  const closeHalfOpen = () => conn?.close();
  try {
    const { hostname, port } = endpoint;
    const tcp = await Deno.connect({ hostname, port, signal: abort.signal });
    conn = tcp;
    abort.signal.throwIfAborted();
    tcp.setNoDelay(true);
    tcp.setKeepAlive(true);
    if (!endpoint.tls) return tcp;
    abort.signal.addEventListener("abort", closeHalfOpen, { once: true });
    const tls = await Deno.startTls(tcp, { hostname, caCerts: options.caCerts });
    conn = tls;
    await tls.handshake();
    abort.signal.throwIfAborted();
    return tls;
  } catch (cause) {
    closeQuietly(conn);
    const where = formatEndpoint(endpoint);
    if (timedOut) {
      throw new DialError(`no connection to ${where} within ${timeoutMs} ms`, { cause, timedOut });
    }
    const detail = reasonOf(cause);
    throw new DialError(`cannot connect to ${where}: ${detail}`, { cause });
  } finally {
    clearTimeout(timer);
    abort.signal.removeEventListener("abort", closeHalfOpen);
    options.signal?.removeEventListener("abort", stop);
  }
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const hint = tlsHints.find(({ said }) => message.includes(said));
  return hint === undefined ? message : hint.tell(message);
}

function closeQuietly(conn: Deno.Conn | null): void {
  try {
    conn?.close();
  } catch (error) {
    // Closed already, by the abort that brought us here.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
