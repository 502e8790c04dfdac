import assert from "node:assert/strict";
import fc from "fast-check";
import { Derived, Repeated } from "../../../lib/repeats/mod.ts";

const encoder = new TextEncoder();

/** What a parser does: looks for the bytes, and reads them when they are not known. */
function read(
  lists: Repeated<readonly string[]>,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): readonly string[] {
  const known = lists.find(bytes, start, end);
  if (known !== undefined) return known;
  const list = [String(bytes.subarray(start, end))];
  lists.learn(bytes, start, end, list);
  return list;
}

function isKnown(lists: Repeated<readonly string[]>, bytes: Uint8Array): boolean {
  return lists.find(bytes, 0, bytes.length) !== undefined;
}

/** Whether what is derived from it would be kept. */
function isShared(list: readonly string[]): boolean {
  return new Derived<string>().keeps(list);
}

Deno.test("a list is shared from the second time on that its bytes come", () => {
  const lists = new Repeated<readonly string[]>();
  const bytes = encoder.encode("Host: a");
  const first = read(lists, bytes);
  const second = read(lists, bytes);
  assert.notEqual(second, first);
  assert.deepEqual([first, second].map(isShared), [false, true]);
  assert.equal(read(lists, bytes), second);
  assert.equal(read(lists, bytes.slice()), second);
});

Deno.test("whatever collides, a list is given for the bytes alone that it was read from", () => {
  const block = fc.uint8Array({ maxLength: 5, max: 3 });
  fc.assert(fc.property(
    fc.constantFrom(1, 2, 8),
    fc.array(block, { minLength: 1, maxLength: 6 }),
    fc.array(fc.nat(), { maxLength: 80 }),
    (slots, blocks, turns) => {
      const lists = new Repeated<readonly string[]>({ slots });
      const learned = new Map<readonly string[], string>();
      for (const turn of turns) {
        const bytes = blocks[turn % blocks.length];
        const text = String(bytes);
        const known = lists.find(bytes, 0, bytes.length);
        if (known !== undefined) {
          assert.equal(learned.get(known), text);
          continue;
        }
        const list = [text];
        learned.set(list, text);
        lists.learn(bytes, 0, bytes.length, list);
      }
    },
  ));
});

Deno.test("bytes that come two times in a row are known, whatever came before", () => {
  fc.assert(fc.property(
    fc.constantFrom(1, 2, 8),
    fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 }),
    fc.uint8Array({ maxLength: 2048 }),
    (slots, before, bytes) => {
      const lists = new Repeated<readonly string[]>({ slots });
      for (const other of before) read(lists, other);
      read(lists, bytes);
      const list = read(lists, bytes);
      assert.equal(read(lists, bytes), list);
      assert.deepEqual(list, [String(bytes)]);
    },
  ));
});

Deno.test("2048 bytes are kept, and no more", () => {
  for (const [length, kept] of [[2047, true], [2048, true], [2049, false], [5000, false]] as const) {
    const lists = new Repeated<readonly string[]>();
    const bytes = new Uint8Array(length).fill(0x61);
    const all = Array.from({ length: 5 }, () => read(lists, bytes));
    assert.equal(isKnown(lists, bytes), kept, `${length} bytes`);
    assert.equal(all.some(isShared), kept, `${length} bytes`);
    assert.deepEqual(new Set(all).size, kept ? 2 : 5, `${length} bytes`);
  }
});

Deno.test("a block that is too large leaves what is known as it is", () => {
  const lists = new Repeated<readonly string[]>({ slots: 1 });
  const bytes = encoder.encode("small");
  read(lists, bytes);
  const list = read(lists, bytes);
  for (let i = 0; i < 4; i++) read(lists, new Uint8Array(2049));
  assert.equal(read(lists, bytes), list);
});

Deno.test("what never comes twice is never kept", () => {
  const unique = fc.uniqueArray(fc.uint8Array({ maxLength: 12 }), { selector: String, maxLength: 60 });
  fc.assert(fc.property(fc.constantFrom(1, 8, 256), unique, (slots, blocks) => {
    const lists = new Repeated<readonly string[]>({ slots });
    for (const bytes of blocks) {
      assert.equal(isKnown(lists, bytes), false);
      assert.equal(isShared(read(lists, bytes)), false);
    }
  }));
});

Deno.test("of two blocks in one slot neither drives the other out unless it comes twice", () => {
  const lists = new Repeated<readonly string[]>({ slots: 1 });
  const a = encoder.encode("a: 1");
  const b = encoder.encode("b: 2");
  read(lists, a);
  const list = read(lists, a);
  read(lists, b);
  assert.equal(read(lists, a), list);
  assert.equal(isKnown(lists, b), false);
  const other = read(lists, b);
  assert.equal(read(lists, b), other);
  assert.equal(isKnown(lists, a), false);
  read(lists, a);
  assert.equal(read(lists, b), other);
});

Deno.test("blocks that come once each drive nothing out, however many they are", () => {
  const once = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 12 }), {
    selector: String,
    maxLength: 60,
  });
  fc.assert(fc.property(once, (blocks) => {
    const lists = new Repeated<readonly string[]>({ slots: 1 });
    const bytes = new Uint8Array(20);
    read(lists, bytes);
    const list = read(lists, bytes);
    for (const other of blocks) read(lists, other);
    assert.equal(read(lists, bytes), list);
  }));
});

Deno.test("bytes are the same wherever they lie, and what lies around them does not count", () => {
  const around = fc.uint8Array({ maxLength: 9 });
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 30 }),
    fc.array(fc.tuple(around, around), { minLength: 3, maxLength: 6 }),
    (bytes, places) => {
      const lists = new Repeated<readonly string[]>();
      const all = places.map(([before, after]) => {
        const buffer = Uint8Array.of(...before, ...bytes, ...after);
        return read(lists, buffer, before.length, before.length + bytes.length);
      });
      assert.deepEqual(all, all.map(() => [String(bytes)]));
      assert.equal(new Set(all).size, 2);
    },
  ));
});

Deno.test("the beginning of known bytes, and what is longer, is not known", () => {
  const lists = new Repeated<readonly string[]>({ slots: 1 });
  const bytes = encoder.encode("Host: abc");
  read(lists, bytes, 0, 7);
  read(lists, bytes, 0, 7);
  for (const end of [0, 6, 8, 9]) assert.equal(lists.find(bytes, 0, end), undefined, `${end} bytes`);
  assert.notEqual(lists.find(bytes, 0, 7), undefined);
});

Deno.test("the buffer that was read can be used again: what is known stays as it was", () => {
  const lists = new Repeated<readonly string[]>({ slots: 1 });
  const buffer = encoder.encode("Host: a");
  read(lists, buffer);
  const list = read(lists, buffer);
  buffer.set(encoder.encode("Host: b"));
  assert.equal(isKnown(lists, buffer), false);
  assert.equal(read(lists, encoder.encode("Host: a")), list);
});

// ── What was found last ──

Deno.test("nothing is last, and nothing comes again, before anything was kept", () => {
  const lists = new Repeated<readonly string[]>();
  const bytes = encoder.encode("Host: a");
  assert.deepEqual([lists.last, lists.again(bytes, 0)], [undefined, 0]);
  read(lists, bytes);
  assert.deepEqual([lists.last, lists.again(bytes, 0)], [undefined, 0]);
  const list = read(lists, bytes);
  assert.equal(lists.last, list);
  assert.equal(lists.again(bytes, 0), bytes.length);
});

Deno.test("the last comes again wherever its bytes begin, whatever is behind, and not when one of them differs or lacks", () => {
  const lists = new Repeated<readonly string[]>();
  const bytes = encoder.encode("Host: a");
  for (let i = 0; i < 2; i++) read(lists, bytes);
  const buffer = encoder.encode("Host: aHost: aaa");
  const starts = Array.from(buffer.keys()).filter((start) => lists.again(buffer, start) !== 0);
  assert.deepEqual(starts, [0, 7]);
  for (const start of starts) assert.equal(lists.again(buffer, start), 7);
  for (let at = 0; at < 7; at++) {
    const changed = buffer.slice();
    changed[at] ^= 1;
    assert.equal(lists.again(changed, 0), 0, `byte ${at} changed`);
    assert.equal(lists.again(buffer.subarray(0, at), 0), 0, `cut after ${at} bytes`);
    assert.equal(lists.again(buffer.subarray(0, 7 + at), 7), 0, `cut after ${7 + at} bytes`);
  }
  assert.equal(lists.again(buffer.subarray(0, 7), 0), 7);
  assert.equal(lists.again(buffer, buffer.length), 0);
});

Deno.test("what was looked for in vain leaves what was found last as it is, and so does what comes once", () => {
  const lists = new Repeated<readonly string[]>({ slots: 1, maxBytes: 4 });
  const [a, b, long] = ["a: 1", "b: 2", "a: 123"].map((text) => encoder.encode(text));
  for (let i = 0; i < 2; i++) read(lists, a);
  const list = lists.last;
  assert.equal(isKnown(lists, b), false);
  read(lists, b);
  read(lists, long);
  assert.equal(lists.last, list);
  assert.equal(lists.again(long, 0), 4, "it begins with what was found last");
  assert.equal(lists.again(b, 0), 0);
});

Deno.test("the last of two that are known is the one that was found last, not the one that was learned last", () => {
  const lists = new Repeated<readonly string[]>();
  const [a, b] = ["a: 1", "b: 2"].map((text) => encoder.encode(text));
  for (const bytes of [a, a, b, b]) read(lists, bytes);
  const ofB = lists.last;
  const ofA = read(lists, a);
  assert.notEqual(ofA, ofB);
  assert.deepEqual([lists.last === ofA, lists.again(a, 0), lists.again(b, 0)], [true, 4, 0]);
  assert.equal(read(lists, b), ofB);
  assert.deepEqual([lists.last === ofB, lists.again(a, 0), lists.again(b, 0)], [true, 0, 4]);
});

Deno.test("strings and objects are kept as lists are, and so is what is empty", () => {
  const lines = new Repeated<{ method: string }>();
  const texts = new Repeated<string>();
  const get = encoder.encode("GET");
  const none = new Uint8Array(0);
  assert.equal(texts.find(none, 0, 0), undefined);
  for (let i = 0; i < 2; i++) {
    assert.equal(lines.find(get, 0, 3), undefined);
    lines.learn(get, 0, 3, { method: `GET ${i}` });
    assert.equal(texts.find(none, 0, 0), undefined);
    texts.learn(none, 0, 0, "");
  }
  const line = lines.find(get, 0, 3);
  assert.deepEqual(line, { method: "GET 1" });
  assert.equal(lines.find(get.slice(), 0, 3), line);
  assert.equal(lines.last, line);
  assert.equal(texts.find(get, 2, 2), "");
  assert.equal(texts.last, "");
  assert.equal(texts.again(get, 0), 0, "no bytes are no sign of what was found last");
});

Deno.test("as much is kept as is said, be it less or more than is usual", () => {
  for (const maxBytes of [0, 1, 16, 4096]) {
    const lists = new Repeated<readonly string[]>({ maxBytes });
    const longest = new Uint8Array(maxBytes).fill(1);
    const tooLong = new Uint8Array(maxBytes + 1).fill(2);
    for (let i = 0; i < 3; i++) {
      read(lists, tooLong);
      read(lists, longest);
    }
    assert.equal(isKnown(lists, longest), true, `${maxBytes} bytes`);
    assert.equal(isKnown(lists, tooLong), false, `${maxBytes + 1} bytes`);
    assert.deepEqual(lists.last, [String(longest)]);
  }
});

Deno.test("whatever is found, learned and asked for, a value is given for its own bytes alone, and the last as its bytes begin", () => {
  const letters = fc.uint8Array({ maxLength: 4, max: 1 });
  const turn = fc.record({
    kind: fc.constantFrom("read", "read", "find", "again"),
    from: fc.nat(11),
    length: fc.nat(5),
  });
  fc.assert(
    fc.property(
      fc.record({ slots: fc.constantFrom(1, 2, 8), maxBytes: fc.constantFrom(2, 4, 2048) }),
      fc.array(letters, { minLength: 3, maxLength: 3 }),
      fc.array(turn, { maxLength: 60, size: "max" }),
      (options, pieces, turns) => {
        const bytes = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
        const values = new Repeated<{ of: string }>(options);
        let last: { of: string } | undefined;
        for (const { kind, from, length } of turns) {
          const start = Math.min(from, bytes.length);
          const end = Math.min(start + length, bytes.length);
          const text = bytes.subarray(start, end).join("");
          if (kind !== "again") {
            const found = values.find(bytes, start, end);
            if (found !== undefined) {
              assert.equal(found.of, text);
              last = found;
            } else if (kind === "read") {
              const value = { of: text };
              values.learn(bytes, start, end, value);
              // Kept or not: if it is, it is as good as found.
              if (values.last === value) last = value;
            }
          }
          assert.equal(values.last, last);
          const begins = last !== undefined && bytes.subarray(start).join("").startsWith(last.of);
          assert.equal(values.again(bytes, start), begins ? last!.of.length : 0);
        }
      },
    ),
    { numRuns: 500 },
  );
});
