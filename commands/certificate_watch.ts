import type { Logger } from "../lib/telemetry/mod.ts";
import { lifetimeProblem, type TlsFiles } from "./certificates.ts";
import { UsageError } from "./errors.ts";

/** A certificate that ends soon is told of so often. */
const remindEveryMs = 24 * 3_600_000;

export interface CertificateWatchOptions {
  /** Name of the certificate's file, for the log. */
  file: string;
  /** What is in use. */
  current: TlsFiles;
  /** @throws {UsageError} when the files are not what they should be */
  read(): TlsFiles;
  /** Takes another certificate into use. @throws when that cannot be done */
  renew(files: TlsFiles): Promise<void>;
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  logger: Logger;
}

/** Looks at a gateway's certificate from time to time: takes a renewed one into use, and warns of one that ends. */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #current: TlsFiles;
  /** What the last look failed of, and what was told of last. */
  #failure: string | null = null;
  #told: string | null = null;
  #remindedMs = -Infinity;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#remind();
  }

  /** Looks once. Not to be called again before it has ended. */
  async look(): Promise<void> {
    const { read, renew, file, logger } = this.#options;
    try {
      const files = read();
      if (files.cert !== this.#current.cert || files.key !== this.#current.key) {
        await renew(files);
        this.#current = files;
        this.#remindedMs = -Infinity;
        logger.info("tls.renewed", { file, until: new Date(files.lifetime.endsMs).toISOString() });
      }
      this.#failure = this.#told = null;
    } catch (error) {
      this.#failed(error);
    }
    this.#remind();
  }

  #failed(error: unknown): void {
    const { file, logger } = this.#options;
    const problem = error instanceof Error ? error.message : String(error);
    // Two files are not replaced at once: what is between is not worth a line until it is so twice.
    const isBetween = error instanceof UsageError && this.#failure !== problem;
    this.#failure = problem;
    if (isBetween || this.#told === problem) return;
    this.#told = problem;
    logger.warn("tls.certificate", { file, problem: `what is there now is not in use: ${problem}` });
  }

  #remind(): void {
    const { now, file, logger } = this.#options;
    const nowMs = now();
    const problem = lifetimeProblem(this.#current.lifetime, nowMs);
    if (problem === null || nowMs - this.#remindedMs < remindEveryMs) return;
    this.#remindedMs = nowMs;
    logger.warn("tls.certificate", { file, problem });
  }
}

/** Looks again and again until it is disposed of. */
export function watchEvery(watch: CertificateWatch, intervalMs: number): Disposable {
  let timer = setTimeout(lookAndGoOn, intervalMs);
  let isOver = false;
  async function lookAndGoOn(): Promise<void> {
    await watch.look();
    if (!isOver) timer = setTimeout(lookAndGoOn, intervalMs);
  }
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
