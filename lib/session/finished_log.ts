/** Numbers an entry takes: request id, delivered index, credit. */
const fieldsPerEntry = 3;
const firstEntries = 64;

/**
 * Which streams finished, and what their last acknowledgement said. Tens of thousands are added in a second
 * and hardly one is ever asked for, so they lie in one array of numbers; an index is made when somebody asks.
 */
export class FinishedLog {
  #fields: Float64Array | null = null;
  #count = 0;
  /** Request id → position, as far as {@link #indexed}. */
  #index: Map<number, number> | null = null;
  #indexed = 0;
  #largestId = -1;

  get size(): number {
    return this.#count;
  }

  add(requestId: number, delivered: number, credit: number): void {
    const at = this.#count * fieldsPerEntry;
    const fields = this.#room(at + fieldsPerEntry);
    fields[at] = requestId;
    fields[at + 1] = delivered;
    fields[at + 2] = credit;
    this.#count++;
    if (requestId > this.#largestId) this.#largestId = requestId;
  }

  addAll(other: FinishedLog): void {
    for (let i = 0; i < other.#count; i++) {
      const at = i * fieldsPerEntry;
      this.add(other.#fields![at], other.#fields![at + 1], other.#fields![at + 2]);
    }
  }

  get(requestId: number): { kind: "finished"; delivered: number; credit: number } | undefined {
    // Ids count up, so every opening of a stream asks for one above all that there were.
    if (requestId > this.#largestId) return undefined;
    const index = this.#index ??= new Map();
    for (; this.#indexed < this.#count; this.#indexed++) {
      index.set(this.#fields![this.#indexed * fieldsPerEntry], this.#indexed);
    }
    const position = index.get(requestId);
    if (position === undefined) return undefined;
    const at = position * fieldsPerEntry;
    return { kind: "finished", delivered: this.#fields![at + 1], credit: this.#fields![at + 2] };
  }

  #room(length: number): Float64Array {
    const fields = this.#fields;
    if (fields !== null && fields.length >= length) return fields;
    const larger = new Float64Array(Math.max(firstEntries * fieldsPerEntry, length * 2));
    if (fields !== null) larger.set(fields);
    this.#fields = larger;
    return larger;
  }
}
