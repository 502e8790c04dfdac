/** The end of the tunnel beside the origin, for the command and for embedding in a program. */
export type { RunnerHandler } from "./handler_backend.ts";
export type { OriginOptions } from "./origin_backend.ts";
export type { RawAcceptance, RawHandler, RawRequest, RawResponse } from "./raw_handler.ts";
export { Runner } from "./runner.ts";
export type { RunnerOptions, RunnerState } from "./runner_options.ts";
export type { TunnelSocket, TunnelSocketHandlers } from "./ws_handling.ts";
