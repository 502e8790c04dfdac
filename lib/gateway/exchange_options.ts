import type { RequestHead } from "../http1/mod.ts";
import type { ByteSocket } from "../net/mod.ts";
import type { IngressContext } from "./context.ts";
import type { ClientInfo } from "./forwarded.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Runner } from "./runner_session.ts";

/** What every exchange has: a client with a request, the runner it is for, and a way to answer. */
export interface ExchangeOptions {
  context: IngressContext;
  /** The client's. */
  socket: ByteSocket;
  head: RequestHead;
  client: ClientInfo;
  runner: Runner;
  response: ResponseWriter;
}
