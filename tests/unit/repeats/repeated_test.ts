import assert from "node:assert/strict";
import fc from "fast-check";
import { Derived, Repeated, share } from "../../../lib/repeats/mod.ts";

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

Deno.test("what is derived is kept for lists that are shared, and for them alone", () => {
  const derived = new Derived<number>();
  const own = ["a", "1"];
  const common = ["a", "1"];
  share(common);
  assert.deepEqual([own, common].map((list) => derived.keeps(list)), [false, true]);
  derived.set(own, 1);
  derived.set(common, 2);
  assert.deepEqual([own, common].map((list) => derived.get(list)), [undefined, 2]);
  assert.equal(derived.get([...common]), undefined);
  derived.set(common, 3);
  assert.equal(derived.get(common), 3);
});

Deno.test("two that derive from one list keep their own", () => {
  const [lengths, names] = [new Derived<number>(), new Derived<string>()];
  const list = ["a", "1"];
  share(list);
  lengths.set(list, 2);
  names.set(list, "a");
  assert.deepEqual([lengths.get(list), names.get(list)], [2, "a"]);
});
