/** Tells when nothing has happened for too long. */
export class Silence implements Disposable {
  readonly #allowedMs: number;
  readonly #silent: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #lastMs = performance.now();

  constructor(allowedMs: number, silent: () => void) {
    this.#allowedMs = allowedMs;
    this.#silent = silent;
    this.#timer = setTimeout(() => this.#check(), allowedMs);
  }

  /** Something happened. */
  touch(): void {
    this.#lastMs = performance.now();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    const leftMs = this.#lastMs + this.#allowedMs - performance.now();
    if (leftMs <= 0) this.#silent();
    else this.#timer = setTimeout(() => this.#check(), leftMs);
  }
}
