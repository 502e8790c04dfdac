export * from "./errors.ts";
export * from "./headers.ts";
export * from "./head.ts";
export * from "./framing.ts";
export * from "./body_decoder.ts";
export * from "./encode.ts";
