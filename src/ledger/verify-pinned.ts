// Checkpoints that the verifier kept from before: what grew since must begin with what they signed.
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import type { VerifyCrypto } from './crypto.ts';
import { splitNote } from './note.ts';
import type { Findings } from './verdict.ts';
import { NoteError } from './verifier-key.ts';
import type { ChainCheck } from './verify-chain.ts';
import type { KeyCheck } from './verify-keys.ts';

export class PinnedCheckpoints {
  readonly #origin: string;
  readonly #from: number;
  /** By size. */
  readonly #roots = new Map<number, Uint8Array[]>();
  /** One was compared, and not only given. */
  hasCompared = false;

  constructor({ origin, from }: { readonly origin: string; readonly from: number }) {
    this.#origin = origin;
    this.#from = from;
  }

  /** `isInLine`: each that was kept is of one of several logs. Throws NoteError where one cannot be used. */
  async take(
    notes: readonly string[],
    keys: KeyCheck,
    crypto: VerifyCrypto,
    isInLine: boolean,
  ): Promise<void> {
    for (const note of notes) {
      if (isInLine && parseCheckpoint(splitNote(note).text).origin !== this.#origin) continue;
      const { origin, size, root }: Checkpoint = keys.hasTrusted
        ? await openCheckpoint(note, keys.trust, crypto)
        : parseCheckpoint(splitNote(note).text);
      if (origin !== this.#origin) throw new NoteError(`the checkpoint given is of ${origin}`);
      this.#roots.set(size, [...(this.#roots.get(size) ?? []), root]);
    }
  }

  /** False where the tree of now is not that of a checkpoint of this size. */
  holds(chain: ChainCheck): boolean {
    if (this.#roots.size === 0) return true;
    const roots = this.#roots.get(chain.size);
    if (roots === undefined) return true;
    this.#roots.delete(chain.size);
    // Every log begins with the empty tree: that one tells nothing.
    if (chain.size > 0) this.hasCompared = true;
    return roots.every((root) => chain.hasRoot(root));
  }

  close(size: number, findings: Findings): void {
    for (const pinned of this.#roots.keys()) {
      // Of a tree that ends before this part: nothing here can bear it out or refute it.
      if (pinned < this.#from) continue;
      this.hasCompared = true;
      const message = `a checkpoint kept from before has ${pinned} entries; there are ${size}`;
      findings.add(null, 'log_shortened', message);
    }
  }
}
