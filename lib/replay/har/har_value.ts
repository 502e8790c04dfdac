import { HarError } from "./har_error.ts";

/**
 * A value of a JSON document and where it stands, so that an error can name the place. What programs leave out they
 * also write as `null`: both count as missing.
 */
export class HarValue {
  readonly path: string;
  readonly #value: unknown;

  constructor(path: string, value: unknown) {
    this.path = path;
    this.#value = value;
  }

  get isMissing(): boolean {
    return this.#value === undefined || this.#value === null;
  }

  /** A field of an object; missing when there is no such field or no object. @throws {HarError} when this is none */
  field(name: string): HarValue {
    return new HarValue(`${this.path}.${name}`, this.isMissing ? undefined : this.#object()[name]);
  }

  /** The items of a list; none when it is missing. @throws {HarError} when it is no list */
  items(): HarValue[] {
    if (this.isMissing) return [];
    if (!Array.isArray(this.#value)) throw this.wrong("a list");
    return this.#value.map((item, i) => new HarValue(`${this.path}[${i}]`, item));
  }

  /** @param otherwise taken when it is missing; without it that is an error @throws {HarError} */
  text(otherwise?: string): string {
    if (this.isMissing && otherwise !== undefined) return otherwise;
    if (typeof this.#value !== "string") throw this.wrong("a string");
    return this.#value;
  }

  /** @param otherwise as in {@link text} @throws {HarError} when it is no finite number */
  number(otherwise?: number): number {
    if (this.isMissing && otherwise !== undefined) return otherwise;
    if (typeof this.#value !== "number" || !Number.isFinite(this.#value)) throw this.wrong("a number");
    return this.#value;
  }

  /** `false` when it is missing. @throws {HarError} when it is neither true nor false */
  flag(): boolean {
    if (this.isMissing) return false;
    if (typeof this.#value !== "boolean") throw this.wrong("true or false");
    return this.#value;
  }

  /** @throws {HarError} when it is missing or no object */
  object(): HarValue {
    this.#object();
    return this;
  }

  /** What to throw when something else stands here than is accepted. */
  wrong(accepted: string): HarError {
    return new HarError(
      this.path,
      this.isMissing ? `is missing: it must be ${accepted}` : `must be ${accepted}, found ${this.#found()}`,
    );
  }

  #object(): Record<string, unknown> {
    const value = this.#value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wrong("an object");
    return value as Record<string, unknown>;
  }

  #found(): string {
    const value = this.#value;
    if (Array.isArray(value)) return "a list";
    if (typeof value === "object") return "an object";
    const shown = JSON.stringify(value);
    return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  }
}
