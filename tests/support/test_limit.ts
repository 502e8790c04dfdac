/**
 * Loaded before the tests: one that does not end fails its file, by an error that nobody catches, and the tests of all other files and
 * the report go on. Without it the run would wait for ever, with nothing to show.
 */
const limitMs = 5 * 60_000;

let timer: ReturnType<typeof setTimeout> | undefined;

function begin(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    throw new Error(`a test did not end within ${limitMs / 60_000} minutes: the first that is cancelled`);
  }, limitMs);
}

// The first of them may hang as well.
Deno.test.beforeAll(begin);
Deno.test.beforeEach(begin);
Deno.test.afterEach(() => clearTimeout(timer));
