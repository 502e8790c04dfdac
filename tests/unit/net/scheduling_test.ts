import assert from "node:assert/strict";
import { Libc } from "../../../lib/net/native/libc.ts";
import { Scheduling } from "../../../lib/net/native/scheduling.ts";
import { inItsOwn } from "./in_its_own.ts";
import { onLinux } from "./native_pair.ts";

/** What sched(7) calls SCHED_OTHER, SCHED_BATCH and SCHED_IDLE. */
const [other, batch, idle] = [0, 3, 5];

/** In a process of its own: who was given a policy has it for the rest of its life. */
function policiesIn(program: string): Promise<number[]> {
  return inItsOwn(`
    import { Scheduling } from "${new URL("../../../lib/net/native/scheduling.ts", import.meta.url)}";
    const { calls } = Libc.open();
    const told = [];
    const tell = () => told.push(calls.sched_getscheduler(0));
    ${program}
    console.log(JSON.stringify(told));
  `);
}

Deno.test({
  name: "a thread becomes a batch task and a normal one again",
  ignore: !onLinux,
  async fn() {
    const told = await policiesIn(`
      const scheduling = new Scheduling(calls);
      tell();
      scheduling.set(true);
      tell();
      scheduling.set(false);
      tell();
    `);
    assert.deepEqual(told, [other, batch, other]);
  },
});

Deno.test({
  name: "a policy that somebody else has chosen is left alone",
  ignore: !onLinux,
  async fn() {
    const told = await policiesIn(`
      calls.sched_setscheduler(0, ${idle}, new Uint8Array(4));
      const scheduling = new Scheduling(calls);
      scheduling.set(true);
      tell();
      scheduling.set(false);
      tell();
    `);
    assert.deepEqual(told, [idle, idle]);
  },
});

Deno.test({
  name: "where the system forbids it once, it is not asked for again",
  ignore: !onLinux,
  fn() {
    const asked: number[] = [];
    const { calls } = Libc.open() as Libc;
    const scheduling = new Scheduling(
      {
        ...calls,
        sched_getscheduler: () => other,
        sched_setscheduler: (_pid: number, policy: number) => {
          asked.push(policy);
          return -1;
        },
      } as Libc["calls"],
    );
    scheduling.set(true);
    scheduling.set(false);
    scheduling.set(true);
    assert.deepEqual(asked, [batch]);
  },
});
