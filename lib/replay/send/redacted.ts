import { isParameterOf, secretHeaders, urlHeaders } from "../../capture/mod.ts";

/** A run of asterisks that is taken for an overwritten token, where one may stand within a text. */
const runOfAsterisks = /\*{8,}/;

/** Tells what a capture overwrote: its values are asterisks of the same length. */
export class RedactedValues {
  readonly #names: ReadonlySet<string> | null;

  /** @param names of headers and query parameters whose values the capture overwrote; `null` when it is raw */
  constructor(names: readonly string[] | null) {
    this.#names = names === null
      ? null
      : new Set([...secretHeaders, ...names.map((name) => name.toLowerCase())]);
  }

  /** Nothing was overwritten. */
  get isRaw(): boolean {
    return this.#names === null;
  }

  /** Whether a header's value was overwritten, or a query parameter or the tunnel's token in it. */
  header(name: string, value: string): boolean {
    if (this.#names === null) return false;
    if (urlHeaders.has(name.toLowerCase()) && this.target(value) !== null) return true;
    return (this.#names.has(name.toLowerCase()) && /^\*+$/.test(value)) || runOfAsterisks.test(value);
  }

  /** The query parameter that was overwritten in a target, an empty string for another part of it, or `null`. */
  target(target: string): string | null {
    if (this.#names === null) return null;
    const query = target.indexOf("?");
    for (const [, name, value] of target.slice(query + 1).matchAll(/([^&=#]*)=([^&#]*)/g)) {
      if (query !== -1 && isParameterOf(this.#names, name) && /^\*+$/.test(value)) return name;
    }
    return runOfAsterisks.test(target) ? "" : null;
  }
}
