// What a part of a log may rest on: entries that stand before it and are not here. In a whole log there are none, and
// whatever was not seen is a violation; in a later part it is not judged, and counted.

export class EarlierEntries {
  #length = 0;
  #last = -1;
  #count = 0;

  /** The log is here from the entry of that index on. */
  begin(from: number): void {
    this.#length = from;
  }

  /** How many there are; 0 for a whole log. */
  get length(): number {
    return this.#length;
  }

  /** Entries that rest on them and were not judged any further. */
  get count(): number {
    return this.#count;
  }

  /** Whether what the entry of that index names may stand among them; then it is counted, once. */
  mayHold(index: number): boolean {
    const exist = this.#length > 0;
    if (exist && index !== this.#last) {
      this.#last = index;
      this.#count++;
    }
    return exist;
  }
}
