/**
 * Loaded before a program, or imported by a test: what a WebSocket's reader was given is overwritten as soon as it has dealt with it, as
 * the next read would some time later. Who kept a view of what was lent sees rubbish at once.
 */
import { FrameParser } from "../../lib/websocket/mod.ts";

const { push } = FrameParser.prototype;

FrameParser.prototype.push = function (bytes) {
  try {
    push.call(this, bytes);
  } finally {
    bytes.fill(0xee);
  }
};
