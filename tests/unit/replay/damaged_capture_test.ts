import assert from "node:assert/strict";
import {
  type CapturedExchange,
  CaptureError,
  CaptureReader,
  ExchangeAssembler,
} from "../../../lib/capture/mod.ts";
import { everything, HarExport, Recordings, RedactedValues, unsendable } from "../../../lib/replay/mod.ts";
import { type Frame, frameTypes } from "../../../lib/protocol/mod.ts";
import { encoded, sourceOf } from "../capture/capture_bytes.ts";
import { read } from "./har_documents.ts";
import {
  accept,
  chunk,
  close,
  end,
  gatewayId,
  get,
  message,
  ok,
  open,
  post,
  RecordedSession,
} from "./recorded_session.ts";

const session = new RecordedSession().connect()
  .up(1, 0, get).down(1, 0, { ...ok, headers: ["content-length", "5"] }).down(1, 1, chunk(5)).down(1, 2, end)
  .collected(1)
  .up(2, 0, { ...post, headers: ["a", "b"] }).up(2, 1, chunk(9)).up(2, 2, end).down(2, 0, ok).down(2, 1, end)
  .collected(2)
  .up(3, 0, open).down(3, 0, accept).up(3, 1, message(4)).down(3, 1, message(4, false)).up(3, 2, close)
  .down(3, 2, close).collected(3);

/** Exchanges up to the damage. */
function exchangesIn(bytes: Uint8Array): CapturedExchange[] {
  const done: CapturedExchange[] = [];
  const assembler = new ExchangeAssembler({ side: "gateway", done: (exchange) => done.push(exchange) });
  try {
    const reader = new CaptureReader(sourceOf(bytes));
    for (let record = reader.next(); record !== null; record = reader.next()) assembler.add(record);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  assembler.finish();
  return done;
}

/** The HAR of what can be read, and where that ends. */
function harOf(bytes: Uint8Array): { text: string; damage: CaptureError | null } {
  let text = "";
  let damage: CaptureError | null = null;
  const reader = new CaptureReader(sourceOf(bytes));
  using har = new HarExport(reader.header, {
    write: (part) => text += part,
    creator: { name: "test", version: "1" },
    comment: "",
    selection: everything,
  });
  try {
    for (let record = reader.next(); record !== null; record = reader.next()) har.add(record);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = error;
  }
  har.finish();
  return { text, damage };
}

Deno.test("whatever bit of a capture is flipped, what was read makes a HAR whose requests can be served and sent", () => {
  const whole = session.bytes();
  const headerBytes = new RecordedSession().bytes().length;
  let damaged = 0;
  for (let bit = headerBytes * 8; bit < whole.length * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    const { text, damage } = harOf(bytes);
    if (damage !== null) {
      damaged++;
      assert.ok(
        damage.offset >= headerBytes && damage.offset < bytes.length,
        `bit ${bit}: ${damage.message}`,
      );
    }
    JSON.parse(text);
    const exchanges = exchangesIn(bytes);
    new Recordings(exchanges, "loose");
    for (const exchange of exchanges) {
      unsendable(exchange, { unsafe: true, redacted: new RedactedValues([]) });
    }
  }
  assert.ok(damaged > 0);
});

/** The capture with `frame`'s first number overwritten by a null: a record as it should be, with a frame that is none. */
function withBroken(bytes: Uint8Array, frame: Frame): Uint8Array {
  const at = bytes.toHex().indexOf(encoded(frame).toHex()) / 2;
  assert.ok(Number.isInteger(at) && at > 0);
  const broken = bytes.slice();
  broken[at + 2] = 0xf6;
  return broken;
}

Deno.test("a link's frame that cannot be read costs no exchange", () => {
  const ping: Frame = { type: frameTypes.ping, sequence: 5, sentAtUs: 77 };
  const bytes = new RecordedSession().connect().sent(ping).up(1, 0, get).down(1, 0, ok).down(1, 1, end)
    .collected(1).bytes();
  assert.deepEqual(harOf(withBroken(bytes, ping)), harOf(bytes));
  assert.equal(harOf(bytes).damage, null);
});

Deno.test("at a stream's frame that cannot be read the capture ends, and says where", async () => {
  const second: Frame = { gatewayId, requestId: 2, index: 0, ...get };
  const capture = new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end).collected(1);
  const expected = (await read(harOf(capture.bytes()).text)).exchanges;
  const offset = capture.bytes().length;
  const { text, damage } = harOf(withBroken(capture.sent(second).bytes(), second));
  assert.equal(damage?.offset, offset);
  assert.match(damage!.message, /^a frame cannot be read: .* \(record \d+ at offset \d+\)$/);
  assert.deepEqual((await read(text)).exchanges, expected);
});

Deno.test("a HAR with an exchange that began before its capture is read again, and that exchange is not sent", async () => {
  const capture = new RecordedSession().connect().down(7, 3, chunk(4)).down(7, 4, end).collected(7);
  const { exchanges: [exchange] } = await read(harOf(capture.bytes()).text);
  assert.equal(exchange.hasBeginning, false);
  assert.match(
    unsendable(exchange, { unsafe: true, redacted: new RedactedValues([]) })!,
    /^it began before the capture$/,
  );
});
