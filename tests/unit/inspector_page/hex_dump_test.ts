import assert from "node:assert/strict";
import fc from "fast-check";
import { hexDump, hexText } from "../../../lib/inspector/page/model/hex_dump.js";

Deno.test("a dump has offset, bytes in two groups of eight, and printable text", () => {
  const bytes = new TextEncoder().encode("<script>alert(1)</script>\n\0");
  assert.equal(
    hexText(bytes),
    "00000000  3c 73 63 72 69 70 74 3e  61 6c 65 72 74 28 31 29  <script>alert(1)\n" +
      "00000010  3c 2f 73 63 72 69 70 74  3e 0a 00                 </script>..",
  );
});

Deno.test("the bytes can be read back from their dump", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const hex = hexDump(bytes).map((line) => line.hex).join(" ").replaceAll("  ", " ");
    const read = hex === "" ? [] : hex.split(" ").map((byte) => parseInt(byte, 16));
    assert.deepEqual(read, [...bytes]);
  }));
});
