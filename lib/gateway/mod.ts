/** The public end of the tunnel. */
export { Gateway, type GatewayOptions } from "./gateway.ts";
export { makeToken } from "./token.ts";
