/** The public end of the tunnel. */
export type { TlsTexts } from "./client_listener.ts";
export { Gateway } from "./gateway.ts";
export type { GatewayOptions } from "./gateway_options.ts";
