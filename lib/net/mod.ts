/** Sockets: bytes in and out with backpressure, WebSockets over them, dialling, tokens. */
export { concatBytes, copyBytes } from "./bytes.ts";
export { ByteSocket, type ByteSocketHandler, highWaterBytes } from "./byte_socket.ts";
export { dial, DialError, type DialOptions, type Endpoint, endpointOf, formatEndpoint } from "./dial.ts";
export { WebSocketConnection, type WebSocketHandler } from "./websocket_connection.ts";
export { PeerWatch, type WatchedPeer } from "./peer_watch.ts";
export { makeToken, sameToken } from "./token.ts";
