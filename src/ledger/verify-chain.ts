// The mechanical half of verification: header, index, link and time of each entry, and the tree over all of them.
// It reads each entry once and keeps only the frontier: a log of any length takes the same memory.
import { encodeBase64 } from '../lib/base64.ts';
import { type Leaf, type Sha256, sameBytes, utf8, type VerifyCrypto } from './crypto.ts';
import { EntryFormatError, genesisPrev, type ParsedEntry, parseEntry } from './entry.ts';
import { frontierRoot, type Hash, leafHash, pushLeaf } from './merkle.ts';
import type { Findings } from './verdict.ts';

function plainLeaf(entry: string, sha256: Sha256): Leaf {
  const hash = leafHash(utf8(entry), sha256);
  return { hash, text: encodeBase64(hash) };
}

export class ChainCheck {
  readonly #sha256: Sha256;
  readonly #leafOf: (entry: string) => Leaf;
  readonly #findings: Findings;
  readonly #frontier: Hash[] = [];
  #size = 0;
  #nextIndex = 0;
  /** Null before the first entry of a later part where what it links to is not here. */
  #tip: string | null;
  #leaf: Hash = new Uint8Array(0);
  #lastMs = 0;

  constructor(origin: string, { sha256, leafOf }: VerifyCrypto, findings: Findings) {
    this.#sha256 = sha256;
    this.#leafOf = leafOf ?? ((entry) => plainLeaf(entry, sha256));
    this.#findings = findings;
    this.#tip = genesisPrev(origin, sha256);
  }

  /** Goes on from the entries before a later part. Their number of roots is checked by the caller. */
  startAt(size: number, frontier: readonly Hash[]): void {
    this.#frontier.push(...frontier);
    this.#size = size;
    this.#nextIndex = size;
    // The last of the frontier of an odd number of entries is the leaf of the last of them.
    this.#tip = size % 2 === 1 ? encodeBase64(frontier.at(-1) as Hash) : null;
  }

  /** Of the tree so far. */
  get size(): number {
    return this.#size;
  }

  /** Leaf hash of the entry taken last. */
  get leaf(): Hash {
    return this.#leaf;
  }

  root(): Hash {
    return frontierRoot({ hashes: this.#frontier }, this.#sha256);
  }

  hasRoot(root: Hash): boolean {
    return sameBytes(this.root(), root);
  }

  /** Index of the entry taken last: where it stands, whatever it says. */
  get index(): number {
    return this.#nextIndex - 1;
  }

  /** Null if the text cannot be read as an entry. Its leaf counts in any case. */
  take(text: string): ParsedEntry | null {
    const entry = this.#parse(text);
    if (entry !== null) this.#checkPlace(entry);
    this.#nextIndex++;
    const leaf = this.#leafOf(text);
    pushLeaf(this.#frontier, this.#size, leaf.hash, this.#sha256);
    this.#leaf = leaf.hash;
    this.#tip = leaf.text;
    this.#size++;
    return entry;
  }

  #parse(text: string): ParsedEntry | null {
    try {
      return parseEntry(text);
    } catch (error) {
      if (!(error instanceof EntryFormatError)) throw error;
      this.#findings.add(this.#nextIndex, 'entry_format', error.message);
      return null;
    }
  }

  #checkPlace(entry: ParsedEntry): void {
    const expected = this.#nextIndex;
    const isLinked = this.#tip === null || entry.prev === this.#tip;
    if (entry.index !== expected)
      this.#findings.add(expected, 'entry_index', `entry ${entry.index} stands where ${expected} should`);
    if (!isLinked)
      this.#findings.add(expected, 'entry_link', 'its prev is not the leaf hash of the entry before');
    if (entry.timeMs < this.#lastMs)
      this.#findings.add(expected, 'entry_time', 'it is older than the entry before');
    this.#lastMs = Math.max(this.#lastMs, entry.timeMs);
    // Entries left out: go on from here, so that one cut is not reported once for every entry after it.
    if (!isLinked && entry.index > expected) this.#nextIndex = entry.index;
  }
}
