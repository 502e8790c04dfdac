import type { Logger } from "../lib/telemetry/mod.ts";
import { isGood, lifetimeProblem, type TlsFiles } from "./certificates.ts";

/** What is wrong is told of so often. */
const remindEveryMs = 24 * 3_600_000;

export interface CertificateWatchOptions {
  /** Name of the certificate's file, for the log. */
  file: string;
  /** What is in use. */
  current: TlsFiles;
  /** Whether anybody looks again. */
  reloads: boolean;
  /** @throws when the files are not what they should be */
  read(): TlsFiles;
  /** Takes another certificate into use. @returns whether it was. @throws when TLS does not take it */
  renew(files: TlsFiles): Promise<boolean>;
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  logger: Logger;
}

/**
 * Looks at a gateway's certificate from time to time: takes a renewed one into use, and warns of one that ends. Files are not
 * replaced at once, and not always in one piece: what is new counts when it is there at two looks in a row.
 */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #current: TlsFiles;
  /** What the last look found. */
  #found: TlsFiles | null = null;
  /** What TLS did not take: it is not tried again. */
  #refused: TlsFiles | null = null;
  /** Looks in a row that found what is no certificate and its key. */
  #failures = 0;
  /** Why what is there is not in use. */
  #problem: string | null = null;
  #told: string | null = null;
  #toldMs = 0;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#tell();
  }

  /** When the certificate in use expires, wall clock, milliseconds. */
  get endsMs(): number {
    return this.#current.lifetime.endsMs;
  }

  /**
   * Looks once. Not to be called again before it has ended.
   *
   * @param certain what is there is complete: somebody says so, and it need not be there at a second look
   */
  async look(certain = false): Promise<void> {
    try {
      const files = this.#options.read();
      this.#failures = 0;
      const isNew = !areSame(files, this.#found);
      this.#found = files;
      if (areSame(files, this.#current)) this.#problem = null;
      else if ((certain || !isNew) && !areSame(files, this.#refused)) await this.#take(files);
    } catch (error) {
      this.#found = null;
      if (++this.#failures > 1 || certain) this.#problem = messageOf(error);
    }
    this.#tell();
  }

  async #take(files: TlsFiles): Promise<void> {
    const { renew, now, file, logger } = this.#options;
    const nowMs = now();
    if (isGood(this.#current.lifetime, nowMs) && !isGood(files.lifetime, nowMs)) {
      this.#problem = lifetimeProblem(files.lifetime, nowMs);
      return;
    }
    try {
      if (!await renew(files)) return;
    } catch (error) {
      this.#refused = files;
      this.#problem = messageOf(error);
      return;
    }
    this.#current = files;
    this.#problem = this.#refused = null;
    logger.info("tls.renewed", { file, until: new Date(files.lifetime.endsMs).toISOString() });
  }

  /** Of what is wrong, when it is new or was told of long ago. */
  #tell(): void {
    const { now, file, logger, reloads } = this.#options;
    const nowMs = now();
    const parts: string[] = [];
    const ends = lifetimeProblem(this.#current.lifetime, nowMs);
    if (ends !== null) parts.push(ends);
    if (this.#problem !== null) parts.push(`what is there now is not in use: ${this.#problem}`);
    else if (ends !== null) {
      parts.push(reloads ? "no renewed one is there yet" : "a renewed one is read at the next start");
    }
    const problem = parts.length === 0 ? null : parts.join("; ");
    if (problem === this.#told && nowMs - this.#toldMs < remindEveryMs) return;
    this.#told = problem;
    this.#toldMs = nowMs;
    if (problem !== null) logger.warn("tls.certificate", { file, problem });
  }
}

function areSame(one: TlsFiles, other: TlsFiles | null): boolean {
  return one.cert === other?.cert && one.key === other.key;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Looks at a certificate again and again, until it is disposed of. */
export class CertificateLooks implements Disposable {
  readonly #watch: CertificateWatch;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking = false;
  /** Asked for while it looked: what it found may be older. */
  #again = false;
  #over = false;

  /** @param intervalMs 0: only when asked to */
  constructor(watch: CertificateWatch, intervalMs: number) {
    this.#watch = watch;
    this.#intervalMs = intervalMs;
    this.#wait();
  }

  /** Looks now, because somebody says that another certificate is there. */
  now(): void {
    if (this.#looking) this.#again = true;
    else void this.#look(true);
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#over || this.#intervalMs === 0) return;
    this.#timer = setTimeout(() => void this.#look(false), this.#intervalMs);
  }

  async #look(certain: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#looking = true;
    await this.#watch.look(certain);
    while (this.#again && !this.#over) {
      this.#again = false;
      await this.#watch.look(true);
    }
    this.#looking = false;
    this.#wait();
  }
}
