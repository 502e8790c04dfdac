import { performance } from "node:perf_hooks";

const waitMs = 30_000;

/** `promise`, or an error that names what was waited for. */
export async function bounded<T>(promise: Promise<T>, what: string, withinMs = waitMs): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const startedAt = performance.now();
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${Math.round(performance.now() - startedAt)} ms for ${what}`)),
      withinMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
