// Finds a request id that stands twice, in memory that does not grow for ever.
// Two tables of 64-bit digests take turns: the last 2.9 million entries are always covered.

const FIRST_SLOTS = 1 << 10;
const MAX_SLOTS = 1 << 22;

/** Open addressing over pairs of 32-bit words. The words are made of the whole id. */
class DigestSet {
  #words = new Uint32Array(2 * FIRST_SLOTS);
  #slots = FIRST_SLOTS;
  #size = 0;
  readonly #maxSlots: number;

  constructor(maxSlots: number) {
    this.#maxSlots = maxSlots;
  }

  get isFull(): boolean {
    return this.#slots >= this.#maxSlots && this.#size >= this.#slots * 0.7;
  }

  has(high: number, low: number): boolean {
    const at = this.#find(high, low);
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0;
  }

  add(high: number, low: number): void {
    if (this.#size >= this.#slots * 0.7) this.#grow();
    const at = this.#find(high, low);
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.#size++;
  }

  /** Where the pair stands, or the empty slot where it would. */
  #find(high: number, low: number): number {
    const words = this.#words;
    // Mixed, because ids that were counted rather than drawn would otherwise all share a slot.
    let slot = (Math.imul(high, 0x9e3779b1) + Math.imul(low, 0x85ebca77)) & (this.#slots - 1);
    for (;;) {
      const at = 2 * slot;
      const isEmpty = words[at] === 0 && words[at + 1] === 0;
      if (isEmpty || (words[at] === high && words[at + 1] === low)) return at;
      slot = (slot + 1) & (this.#slots - 1);
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(2 * this.#slots);
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at] as number;
      const low = old[at + 1] as number;
      if (high === 0 && low === 0) continue;
      const to = this.#find(high, low);
      this.#words[to] = high;
      this.#words[to + 1] = low;
    }
  }
}

/** Two words of 32 bits, each made of every letter: FNV-1a, and one that mixes upwards and downwards. */
function digestOf(request: string): [high: number, low: number] {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let i = 0; i < request.length; i++) {
    const letter = request.charCodeAt(i);
    high = Math.imul(high ^ letter, 0x01000193);
    low = Math.imul(low ^ letter, 0x85ebca6b);
    low ^= low >>> 13;
  }
  return [high >>> 0, low >>> 0];
}

export class RequestCheck {
  readonly #maxSlots: number;
  #current: DigestSet;
  #former: DigestSet | null = null;
  #hasForgotten = false;
  /** A pair of zeros looks like an empty slot: it is kept apart. */
  #hasZeros = false;

  /** `maxSlots`, a power of two, bounds each table: 8 bytes a slot, filled to seven tenths. */
  constructor(maxSlots = MAX_SLOTS) {
    this.#maxSlots = maxSlots;
    this.#current = new DigestSet(maxSlots);
  }

  /** Whether some requests are so old that a repetition of them would not be seen any more. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** True if that request id, a UUID, stood in an earlier entry. */
  isRepeated(request: string): boolean {
    const [high, low] = digestOf(request);
    if (high === 0 && low === 0) {
      const isRepeated = this.#hasZeros;
      this.#hasZeros = true;
      return isRepeated;
    }
    if (this.#current.has(high, low) || this.#former?.has(high, low) === true) return true;
    if (this.#current.isFull) {
      this.#hasForgotten ||= this.#former !== null;
      this.#former = this.#current;
      this.#current = new DigestSet(this.#maxSlots);
    }
    this.#current.add(high, low);
    return false;
  }
}
