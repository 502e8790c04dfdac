import {
  type CapturedExchange,
  CaptureReader,
  ExchangeAssembler,
  MemoryStore,
} from "../../../lib/capture/mod.ts";
import { sourceOf } from "../capture/capture_bytes.ts";
import type { RecordedSession } from "./recorded_session.ts";

/** What clients did and got in a gateway's capture, in the order of their ends. */
export function exchangesOf(session: RecordedSession): CapturedExchange[] {
  const done: CapturedExchange[] = [];
  const assembler = new ExchangeAssembler({
    side: "gateway",
    store: new MemoryStore(),
    done: (exchange) => done.push(exchange),
  });
  const reader = new CaptureReader(sourceOf(session.bytes()));
  for (let record = reader.next(); record !== null; record = reader.next()) assembler.add(record);
  assembler.finish();
  return done;
}
