import type { IngressContext } from "../../lib/gateway/context.ts";
import type { Runner } from "../../lib/gateway/runner_session.ts";
import type { Process } from "./schedule.ts";
import type { Random } from "./random.ts";
import type { Watcher } from "./watcher.ts";
import type { Conversation } from "./conversation.ts";

/** What a client at the gateway is made of. Its events are turns of the gateway's process. */
export interface ClientContext {
  conversation: Conversation;
  /** The runner its first stream goes to. */
  runner: Runner;
  context: IngressContext;
  process: Process;
  random: Random;
  watcher: Watcher;
}

/** A request's headers, by which an exchange is known to be this conversation's. */
export function headersOf(conversation: Conversation): string[] {
  return ["Host", "simulation", "Conversation", String(conversation.id)];
}
