import assert from "node:assert/strict";
import { Libc } from "../../../lib/net/native/libc.ts";
import { nativeClock } from "../../../lib/net/native/native_clock.ts";
import { monotonicMs, useNativeSockets } from "../../../lib/net/mod.ts";
import { onLinux } from "./native_pair.ts";

Deno.test("the monotonic time is that of performance.now(), also once sockets are read by the system's own calls", () => {
  let last = 0;
  let isNative = false;
  const reads = performance.now;
  let runtimeReads = 0;
  performance.now = function () {
    runtimeReads++;
    return reads.call(performance);
  };
  try {
    for (let looks = 0; looks < 100; looks++) {
      if (looks === 50 && onLinux) {
        assert.equal(useNativeSockets(), null);
        isNative = true;
      }
      const before = performance.now();
      runtimeReads = 0;
      const looked = monotonicMs();
      assert.equal(runtimeReads, isNative ? 0 : 1);
      assert.ok(
        looked >= last && looked <= performance.now() && looked > before - 1,
        `${before} … ${looked}`,
      );
      last = looked;
    }
  } finally {
    performance.now = reads;
  }
});

Deno.test({
  name: "the system's own clock is never ahead of performance.now(), goes at its pace and never goes back",
  ignore: !onLinux,
  async fn() {
    const libc = Libc.open();
    assert.ok(typeof libc !== "string", String(libc));
    const clock = nativeClock(libc.calls);
    let last = 0;
    // How far behind: the least that a look on either side of it can tell.
    const behind: number[] = [];
    for (let looks = 0; looks < 200; looks++) {
      const before = performance.now();
      const looked = clock();
      const after = performance.now();
      assert.ok(looked <= after, `${looked} is ahead of ${after}`);
      assert.ok(looked >= last, `${looked} after ${last}`);
      last = looked;
      behind.push(before - looked);
      if (looks % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(Math.max(...behind) < 1, `behind by ${Math.max(...behind)} ms`);
  },
});

Deno.test("seconds and nanoseconds are read from where the system puts them", () => {
  let looks = 0;
  const clock = nativeClock({
    clock_gettime(_id, time) {
      const fields = new DataView((time as Uint8Array).buffer);
      fields.setInt32(0, 90 + 2 * looks, true);
      fields.setInt32(8, 5_250_000 * looks, true);
      looks++;
      return 0;
    },
  });
  const first = clock();
  assert.ok(Math.abs(clock() - first - 2_005.25) < 1e-6);
});
