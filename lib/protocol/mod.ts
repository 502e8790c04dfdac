/** Wire protocol version 1: frames, their codec, message ids and index arithmetic. Pure. */
export { CborReader, type TextsMade } from "./cbor_reader.ts";
export { CborWriter, type CborWriterOptions, type WriterBuffers } from "./cbor_writer.ts";
export { decodeFrames, FrameReader } from "./decode.ts";
export { encodeFrame } from "./encode.ts";
export { ProtocolError } from "./errors.ts";
export { frameWords, resetName, resetProblem } from "./frame_words.ts";
export * from "./frames.ts";
export * from "./limits.ts";
export * from "./message_id.ts";
export * from "./message_index.ts";
export * from "./parts.ts";
export { isRunnerName, runnerNameRule } from "./runner_name.ts";
export * from "./frame_skimmer.ts";
