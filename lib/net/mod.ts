/** Sockets: bytes in and out with backpressure, HTTP to an origin and WebSockets over them, dialling, tokens. */
export { asPayload, concatBytes, copyBytes } from "./bytes.ts";
export { ByteSocket, highWaterBytes } from "./byte_socket.ts";
export type { ByteSocketHandler } from "./byte_socket_handler.ts";
export { maxReadBytes } from "./socket_io.ts";
export { dial, DialError, type DialOptions, type Endpoint, endpointOf, formatEndpoint } from "./dial.ts";
export { OriginConnection, type OriginExchange } from "./origin_connection.ts";
export { OriginPool, type OriginPoolOptions } from "./origin_pool.ts";
export { sendMessages } from "./send_messages.ts";
export { WebSocketConnection, type WebSocketHandler } from "./websocket_connection.ts";
export { PeerWatch, type WatchedPeer } from "./peer_watch.ts";
export { monotonicMs } from "./monotonic.ts";
export { afterTurn, promisesFollow, turnMs } from "./turn.ts";
export { makeToken, sameToken } from "./token.ts";
export { acceptWithoutDelay, nativeSocketCount, useNativeCalls, useNativeSockets } from "./native/native.ts";
