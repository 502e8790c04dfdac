/**
 * Everything that was started and must be ended, however the benchmark ends. A process is registered in the same
 * turn of the event loop in which it is started, so that an interrupt finds it.
 */
const started = new Set<AsyncDisposable>();
const ends = new WeakMap<AsyncDisposable, Promise<void>>();
let interrupted = false;

/** Nothing more is started, because the benchmark was told to stop. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/**
 * Registers `process`; it is ended by {@link stop} or {@link stopAll}.
 *
 * @throws {InterruptedError} after {@link interrupt}; `process` is ended then
 */
export function keep<Process extends AsyncDisposable>(process: Process): Process {
  started.add(process);
  if (interrupted) throw new InterruptedError("the benchmark was told to stop");
  return process;
}

/** Ends one process and waits until it is gone. Asked again, it waits for the same end. */
export async function stop(process: AsyncDisposable): Promise<void> {
  let end = ends.get(process);
  if (end === undefined) {
    end = Promise.resolve(process[Symbol.asyncDispose]());
    ends.set(process, end);
  }
  await end;
  started.delete(process);
}

/** Ends all that run, the last one started first. */
export async function stopAll(): Promise<void> {
  while (started.size > 0) {
    for (const process of [...started].reverse()) await stop(process);
  }
}

/** Ends all that run, and all that would still be started. */
export async function interrupt(): Promise<void> {
  interrupted = true;
  await stopAll();
}

/** Whether {@link interrupt} was called, so that what failed since failed because of it. */
export function isInterrupted(): boolean {
  return interrupted;
}
