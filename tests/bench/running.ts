/**
 * Everything that was started and must be ended, however the benchmark ends. A process is registered in the same
 * turn of the event loop in which it is started, so that an interrupt finds it.
 */
const started = new Set<AsyncDisposable>();

/** Registers `process`; it is ended by {@link stop} or {@link stopAll}. */
export function keep<Process extends AsyncDisposable>(process: Process): Process {
  started.add(process);
  return process;
}

/** Ends one process and waits until it is gone. */
export async function stop(process: AsyncDisposable): Promise<void> {
  started.delete(process);
  await process[Symbol.asyncDispose]();
}

/** Ends all that run, the last one started first. */
export async function stopAll(): Promise<void> {
  for (const process of [...started].reverse()) await stop(process);
}
