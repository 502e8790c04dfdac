/** Something that happens at a moment of virtual time. */
export interface Timer {
  cancel(): void;
}

interface Entry {
  at: number;
  /** Entries of one moment happen in the order they were made. */
  order: number;
  process: Process | null;
  run: (() => void) | null;
}

/** Virtual time, milliseconds: a queue of what is to happen, taken one step after another. */
export class Schedule {
  now = 0;
  #order = 0;
  /** A binary heap, earliest first. */
  #heap: Entry[] = [];
  #live = 0;

  /** Entries that are still to happen. */
  get pending(): number {
    return this.#live;
  }

  /** @param process whose event it is; `null` for the world's own, which nothing can stop */
  after(ms: number, process: Process | null, run: () => void): Timer {
    return this.at(this.now + ms, process, run);
  }

  /** As {@link after}, at a moment given exactly: sums of waits round, and what is to stay in order must not. */
  at(at: number, process: Process | null, run: () => void): Timer {
    const entry: Entry = { at, order: this.#order++, process, run };
    this.#push(entry);
    this.#live++;
    return {
      cancel: () => {
        if (entry.run === null) return;
        entry.run = null;
        this.#live--;
      },
    };
  }

  /** Lets the next thing happen. `false` when nothing is left. */
  step(): boolean {
    for (let entry = this.#pop(); entry !== null; entry = this.#pop()) {
      const { run, process } = entry;
      if (run === null) continue;
      if (entry.at > this.now) this.now = entry.at;
      if (process !== null && process.state === "stopped") {
        process.parked.push(entry);
        continue;
      }
      entry.run = null;
      this.#live--;
      if (process === null) run();
      else if (process.state === "running") process.enter(run);
      return true;
    }
    return false;
  }

  /** Puts back what a stopped process missed, in order: it happens now. */
  unpark(process: Process): void {
    for (const entry of process.parked.splice(0)) {
      if (entry.run === null) continue;
      entry.at = this.now;
      entry.order = this.#order++;
      this.#push(entry);
    }
  }

  /** Drops what a dead process had parked. */
  discard(process: Process): void {
    for (const entry of process.parked.splice(0)) {
      if (entry.run === null) continue;
      entry.run = null;
      this.#live--;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let child = heap.push(entry) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(entry, heap[parent])) break;
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = entry;
  }

  #pop(): Entry | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined) return null;
    if (heap.length === 0) return last;
    let parent = 0;
    for (let child = 1; child < heap.length; child = 2 * parent + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/**
 * A process of the world: its events happen while it runs, wait while it is stopped (SIGSTOP: they all come at
 * once when it goes on), and never happen once it is dead (SIGKILL). An event is a turn of its event loop: the
 * microtasks it queued run before anything else happens.
 */
export class Process {
  state: "running" | "stopped" | "dead" = "running";
  readonly name: string;
  /** Entries that came due while the process was stopped. */
  readonly parked: Entry[] = [];
  readonly schedule: Schedule;
  #microtasks: (() => void)[] = [];

  constructor(name: string, schedule: Schedule) {
    this.name = name;
    this.schedule = schedule;
  }

  after(ms: number, run: () => void): Timer {
    return this.schedule.after(ms, this, run);
  }

  /** Runs at the end of this turn. */
  microtask(run: () => void): void {
    this.#microtasks.push(run);
  }

  /** One turn. */
  enter(run: () => void): void {
    run();
    for (let i = 0; i < this.#microtasks.length; i++) this.#microtasks[i]();
    this.#microtasks.length = 0;
  }

  stop(): void {
    if (this.state === "running") this.state = "stopped";
  }

  continue(): void {
    if (this.state !== "stopped") return;
    this.state = "running";
    this.schedule.unpark(this);
  }

  kill(): void {
    this.state = "dead";
    this.#microtasks = [];
    this.schedule.discard(this);
  }
}
