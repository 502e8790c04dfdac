import assert from "node:assert/strict";
import fc from "fast-check";
import { type Frame, FrameReader, ProtocolError, type TextsMade } from "../../../lib/protocol/mod.ts";
import { encoded, plain } from "./codec.ts";
import { anyFrame } from "./frame_arbitraries.ts";

/** A frame with `""` for every string in it that is not wanted. */
function withoutTexts(frame: Frame, texts: TextsMade): unknown {
  const entries = Object.entries(frame).map(([name, value]) => {
    if (typeof value === "string") return [name, texts === "none" ? "" : value];
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
    return [name, isTexts ? value.map(() => "") : value];
  });
  return Object.fromEntries(entries);
}

/** The frame, or that it is none. */
function read(bytes: Uint8Array, texts: TextsMade): Frame | null | "no frame" {
  try {
    return new FrameReader(bytes, texts).next();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return "no frame";
  }
}

for (const texts of ["alone", "none"] as const) {
  Deno.test(`a frame read with ${texts} of its strings made is the same but for the others`, () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const skimmed = read(encoded(frame), texts) as Frame;
        assert.deepEqual(plain(skimmed), withoutTexts(plain(frame) as Frame, texts));
      }),
      { numRuns: 500 },
    );
  });

  Deno.test(`what is refused is the same with ${texts} of the strings made, text that is no UTF-8 included`, () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.integer({ min: 0, max: 255 }), (frame, at, byte) => {
        const bytes = encoded(frame).slice();
        bytes[at % bytes.length] = byte;
        const made = read(bytes, "all");
        const skimmed = read(bytes, texts);
        assert.equal(skimmed === "no frame", made === "no frame");
        if (made !== null && made !== "no frame") {
          assert.deepEqual(plain(skimmed as Frame), withoutTexts(plain(made) as Frame, texts));
        }
      }),
      { numRuns: 1000 },
    );
  });
}
