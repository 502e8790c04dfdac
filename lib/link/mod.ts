/** A link: a WebSocket as a stream of frames, with heartbeat, batching and priorities. */
export { frameLog, observeBoth } from "./frame_log.ts";
export { monotonicMs, wallUs } from "./clock.ts";
export {
  type CarriedStatus,
  type DelegatedFrame,
  Link,
  type LinkEnd,
  type LinkEvents,
  type LinkObserver,
  type LinkOptions,
  noLinkStatus,
} from "./link.ts";
export { type DialledLink, dialLink, type DialLinkOptions, LinkRefusedError } from "./dial_link.ts";
