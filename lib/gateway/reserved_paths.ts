import { overSocket } from "../link/mod.ts";
import { type Logger, pathOf } from "../telemetry/mod.ts";
import { reservedPrefix } from "./client_connection.ts";
import type { ReservedRequest } from "./context.ts";
import type { LinkAcceptor } from "./link_acceptor.ts";
import type { ProbeDesk } from "./probe_desk.ts";
import { admitUpgrade } from "./upgrade_admission.ts";

export interface ReservedPathsOptions {
  /** What a runner or prober must show. */
  token: string;
  acceptor: LinkAcceptor;
  probes: ProbeDesk;
  logger: Logger;
  /** What the health check answers. */
  health(): { draining: boolean; links: number; streams: number; hibernating: number; bufferedBytes: number };
}

/** The gateway's own paths: health, links and probes. */
export class ReservedPaths {
  readonly #options: ReservedPathsOptions;

  constructor(options: ReservedPathsOptions) {
    this.#options = options;
  }

  serve(request: ReservedRequest): void {
    const path = pathOf(request.head.target);
    if (path === `${reservedPrefix}health`) return this.#health(request);
    if (path === `${reservedPrefix}link`) return this.#link(request);
    if (path === `${reservedPrefix}probe`) return this.#probe(request);
    request.respond(404, {
      error: "not_found",
      message:
        `Nothing is at ${path}: paths under ${reservedPrefix} are the gateway's own (link, probe, health).`,
    }, ["X-Tunnel-Error", "not_found"]);
  }

  #health(request: ReservedRequest): void {
    const { draining, ...counts } = this.#options.health();
    request.respond(draining ? 503 : 200, { status: draining ? "draining" : "ok", ...counts });
  }

  #link(request: ReservedRequest): void {
    const { token, logger, acceptor } = this.#options;
    const upgraded = admitUpgrade(request, { kind: "link", token, draining: this.#draining, logger });
    if (upgraded === null) return;
    const { socket, head } = upgraded;
    acceptor.accept(overSocket(socket, { side: "server", head }), request.address);
  }

  #probe(request: ReservedRequest): void {
    const { token, logger, probes } = this.#options;
    const { target } = request.head;
    const problem = () => probes.problemOf(target);
    const draining = this.#draining;
    const upgraded = admitUpgrade(request, { kind: "probe", token, draining, logger, problem });
    if (upgraded !== null) probes.accept(upgraded, target, request.address);
  }

  get #draining(): boolean {
    return this.#options.health().draining;
  }
}
