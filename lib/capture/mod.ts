/** The capture format: writer, reader, redaction, and what clients did and got, put together from records. */
export { Capture, type CaptureOptions, LinkTap, type TappedEnd } from "./capture.ts";
export { decodeCapturedFrame, skimCapturedFrame } from "./captured_frame.ts";
export {
  type BodyPart,
  bytesOf,
  type CapturedAnswer,
  type CapturedBody,
  type CapturedExchange,
  type CapturedMessage,
  emptyBody,
  isComplete,
  type Origin,
} from "./exchange.ts";
export { ExchangeAssembler, type ExchangeAssemblerOptions } from "./exchange_assembler.ts";
export * from "./format.ts";
export { IndexProgress } from "./index_progress.ts";
export { RecentIds } from "./recent_ids.ts";
export { isParameterOf, secretHeaders, urlHeaders } from "./redaction.ts";
export { CaptureReader, type CaptureSource } from "./reader.ts";
export { LiveMap } from "./live_map.ts";
export { StreamMap } from "./stream_map.ts";
export { readRecords, type ReadRecordsOptions } from "./read_records.ts";
export {
  type ByteStore,
  LengthStore,
  MemoryStore,
  type SpilledBytes,
  SpillStore,
  type StoredBytes,
  StoreError,
} from "./stored_bytes.ts";
