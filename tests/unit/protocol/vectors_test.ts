import assert from "node:assert/strict";
import { type Malformed, type Vector, vectors, vectorsText } from "../../../packaging/vectors.ts";
import { decodeFrames, type Frame, frameName, frameTypes, ProtocolError } from "../../../lib/protocol/mod.ts";
import { encoded, hex, plain, toHex } from "./codec.ts";

const file = new URL("../../../schemas/protocol-vectors.json", import.meta.url);
const text = await Deno.readTextFile(file);
const { frames, malformed } = JSON.parse(text) as { frames: Vector[]; malformed: Malformed[] };

/** Fields that are byte strings, by their name in the JSON, which has them in hexadecimal. */
const byteStrings = new Set(["session-id", "payload", "bytes"]);

/** The frame that a vector's JSON describes, as the program has it. */
function frameOf({ frame: { type, ...fields } }: Vector): Frame {
  const number = Object.values(frameTypes).find((each) => frameName(each) === type);
  const entries = Object.entries(fields).map(([name, value]) => {
    // A prober's session id is a text that is shown.
    const isBytes = byteStrings.has(name) && type !== "probe-ready";
    return [camelCase(name), isBytes ? hex(value as string) : renamed(value)];
  });
  return { type: number, ...Object.fromEntries(entries) } as Frame;
}

/** Names of the fields within a list of streams are written alike. */
function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [camelCase(name), each]));
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

Deno.test("the golden vectors are what their generator writes", () => {
  assert.equal(text, vectorsText, "run: deno task vectors");
});

Deno.test("there is a golden vector for every frame type, and each is in the CDDL", async () => {
  const types = new Set(frames.map(({ frame }) => frame.type));
  assert.deepEqual([...types].sort(), Object.values(frameTypes).map(frameName).sort());
  const cddl = await Deno.readTextFile(new URL("../../../schemas/protocol.cddl", import.meta.url));
  for (const { frame } of vectors.frames) {
    const rule = new RegExp(`^${frame.type} = \\[(?:(.*)\\]$|\n([^]*?)^\\])`, "m").exec(cddl);
    assert.ok(rule !== null, `protocol.cddl has no ${frame.type}`);
    const names = [
      ...(rule[1] ?? rule[2]).replace(/;.*$/gm, "").replace(/\([^]*?\)/g, "")
        .replace("message-id", "gateway-id: , request-id: , index: ").matchAll(/([a-z-]+):/g),
    ]
      .map(([, name]) => name);
    assert.deepEqual(names, Object.keys(frame), `fields of ${frame.type}`);
  }
});

for (const vector of frames) {
  const { frame, about, hex: bytes } = vector;
  Deno.test(`golden ${frame.type}, ${about}, is read and written as it stands`, () => {
    const expected = frameOf(vector);
    assert.deepEqual(decodeFrames(hex(bytes)).map(plain), [expected]);
    assert.equal(toHex(encoded(expected)), bytes);
  });
}

for (const { about, hex: bytes } of malformed) {
  Deno.test(`${about} breaks the protocol`, () => {
    assert.throws(() => decodeFrames(hex(bytes)), ProtocolError);
  });
}
