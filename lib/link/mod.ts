/** A link: a WebSocket as a stream of frames, with heartbeat, batching and priorities. */
export { frameLog, observeBoth } from "./frame_log.ts";
export { monotonicMs } from "../net/mod.ts";
export { afterAwake, stoodStill } from "./after_awake.ts";
export { type Clock, systemClock, type Timer, wallUs } from "./clock.ts";
export { type Connect, type FrameConnection, overSocket } from "./frame_connection.ts";
export {
  type DelegatedFrame,
  Link,
  type LinkEnd,
  type LinkEvents,
  type LinkObserver,
  type LinkOptions,
} from "./link.ts";
export { type CarriedStatus, noLinkStatus } from "./link_status.ts";
export { type DialledLink, dialLink, type DialLinkOptions, LinkRefusedError } from "./dial_link.ts";
