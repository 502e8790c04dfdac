import assert from "node:assert/strict";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import fc from "fast-check";
import { compareContent, type Content } from "../../../../lib/replay/send/compare_content.ts";
import { Differences } from "../../../../lib/replay/send/difference.ts";
import { stored } from "./exchanges.ts";

function content(bytes: string | Uint8Array, fields: Partial<Content> & { omitted?: number } = {}): Content {
  const { omitted = 0, ...rest } = fields;
  const part = stored(bytes, omitted);
  return { parts: [part], length: part.length, cut: false, codings: [], maybeJson: false, ...rest };
}

async function compare(recorded: Content, replayed: Content) {
  const differences = new Differences();
  const notes: string[] = [];
  await compareContent(recorded, replayed, {
    part: "body",
    differences,
    note: (text) => notes.push(text),
  });
  return {
    found: differences.list.map(({ at, recorded, replayed }) => [at, recorded, replayed]),
    count: differences.count,
    notes,
  };
}

const large = new Uint8Array(5 * 1024 * 1024).map((_, i) => i * 31 + (i >> 8));

Deno.test("JSON is compared by structure where either side says that it is JSON", async () => {
  const json = { maybeJson: true };
  const { found } = await compare(content('{"a":1, "b":[2]}', json), content('{"b":[3],"a":1}'));
  assert.deepEqual(found, [["$.b[0]", "2", "3"]]);
});

Deno.test("an error page in place of JSON is shown as text", async () => {
  const { found } = await compare(
    content('{"a":1}', { maybeJson: true }),
    content("oops", { maybeJson: true }),
  );
  assert.deepEqual(found, [["line 1", '{"a":1}', "oops"]]);
});

Deno.test("bytes that are no text differ by offset and length", async () => {
  const { found } = await compare(content(Uint8Array.of(0, 1, 2, 3)), content(Uint8Array.of(0, 1, 9)));
  assert.deepEqual(found, [["byte 2", "0203", "09"], ["length", "4 bytes", "3 bytes"]]);
});

Deno.test("one that goes on where the other ends differs there", async () => {
  const { found } = await compare(content(Uint8Array.of(0, 1)), content(Uint8Array.of(0, 1, 9)));
  assert.deepEqual(found, [["byte 2", null, "09"], ["length", "2 bytes", "3 bytes"]]);
});

Deno.test("content that is not held in memory differs by its first byte and its length", async () => {
  const other = large.slice(0, -5);
  other[4_500_000] ^= 1;
  const { found, count } = await compare(content(large), content(other));
  assert.equal(count, 2);
  assert.deepEqual([found[0][0], found[1]], ["byte 4500000", ["length", "5242880 bytes", "5242875 bytes"]]);
  assert.deepEqual((await compare(content(large), content(large))).found, []);
});

for (
  const [form, encode] of [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate in its bare form", deflateRawSync],
    ["br", (text: string) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
    ["zstd", zstdCompressSync],
  ] as const
) {
  const coding = form.split(" ")[0];

  Deno.test(`what ${form} holds is compared, not its bytes`, async () => {
    const coded = (text: string) => content(encode(text), { codings: [coding], maybeJson: true });
    assert.deepEqual((await compare(coded('{"a":1}'), content('{"a":1}', { maybeJson: true }))).found, []);
    const { found, notes } = await compare(coded('{"a":1}'), coded('{"a":2}'));
    assert.deepEqual([found, notes], [[["$.a", "1", "2"]], []]);
  });

  Deno.test(`of a body in ${form} that the capture kept in part, what can be read is compared`, async () => {
    const text = Array.from({ length: 16_000 }, (_, i) => `line ${i} ${Math.imul(i, 2654435761)}\n`).join("");
    const bytes = encode(text);
    const part = content(bytes, { codings: [coding], omitted: bytes.length >> 1 });
    const same = await compare(part, content(text));
    assert.deepEqual(same.found, []);
    assert.match(
      same.notes.join(),
      /kept \d+ of \d+ bytes, which are [1-9]\d+ decoded: those alone were compared, its length/,
    );
    const { count } = await compare(part, content(text.replace("line 3 ", "line x ")));
    assert.equal(count, 1);
  });
}

Deno.test("a body that is not in the coding it names is compared as sent, and that is said", async () => {
  const { found, notes } = await compare(content("plain", { codings: ["gzip"] }), content("plain"));
  assert.deepEqual(found, []);
  assert.match(notes.join(), /could not be undone: the bytes were compared as sent/);
  const cutShort = gzipSync("plain").subarray(0, -4);
  assert.match(
    (await compare(content(cutShort, { codings: ["gzip"] }), content("plain"))).notes.join(),
    /as sent/,
  );
  assert.match(
    (await compare(content("x", { codings: ["compress"] }), content("x"))).notes.join(),
    /as sent/,
  );
});

Deno.test("of a body kept in part only that part and the length are compared, and that is said", async () => {
  const part = content("0123456789", { omitted: 6 });
  const { found, notes } = await compare(part, content("0123xxxxxx"));
  assert.deepEqual(found, []);
  assert.deepEqual(notes, ["the capture kept 4 of 10 bytes: those alone were compared, and its length"]);
  assert.deepEqual((await compare(part, content("0123xxxxx"))).found, [["length", "10 bytes", "9 bytes"]]);
  assert.deepEqual((await compare(part, content("01x3456789"))).found, [["line 1", "0123", "01x3"]]);
});

Deno.test("a body is the same as itself, however it was cut into parts, and differs from any other", async () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  const inParts = (whole: Uint8Array, cuts: number[]): Content => {
    const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length];
    const parts = at.slice(1).map((end, i) => stored(whole.subarray(at[i], end)));
    return { ...content(whole), parts };
  };
  await fc.assert(fc.asyncProperty(bytes, bytes, fc.array(fc.nat()), async (a, b, cuts) => {
    assert.equal((await compare(content(a), inParts(a, cuts))).count, 0);
    const isSame = a.toHex() === b.toHex();
    assert.equal((await compare(content(a), inParts(b, cuts))).count === 0, isSame);
  }));
});
