/** The public end of the tunnel. */
export { Gateway } from "./gateway.ts";
export type { GatewayOptions } from "./gateway_options.ts";
