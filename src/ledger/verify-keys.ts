// Which keys count: those that the caller brought, or, for want of them, those that the export names; and those that
// follow them, each published in the log under the signature of one that counted before.
import type { CheckpointTrust, OpenedCheckpoint } from './checkpoint.ts';
import type { Sha256 } from './crypto.ts';
import { ExportFormatError } from './export-format.ts';
import type { Findings } from './verdict.ts';
import {
  ED25519,
  ED25519_COSIGNATURE,
  NoteError,
  parseVerifierKey,
  type VerifierKey,
} from './verifier-key.ts';

const MAX_KEYS = 100;

export class KeyCheck {
  readonly #sha256: Sha256;
  readonly #findings: Findings;
  readonly #trusted: readonly VerifierKey[];
  readonly #named: VerifierKey[] = [];
  /** What the log was opened with and has published since, whether it counts or not. */
  readonly #ofLog = new Map<string, VerifierKey>();
  /** Of those, what has not been retired: each of them signs. */
  readonly #inForce = new Map<string, VerifierKey>();
  /** By the entry that said so. */
  readonly #retired = new Map<string, number>();
  /** Counts because the log published it, and one that counted signed that. */
  readonly #followed = new Map<string, VerifierKey>();
  /** Checkpoints, by the last entry they cover, signed by keys that may yet turn out to be followed by one that counts. */
  readonly #doubtful: number[] = [];
  #opened: string | null = null;
  #origin = '';
  /** None of the keys that the caller brought is of this log: a fault, unless the former log handed over to its key. */
  #lacksOwn = false;

  /** Throws NoteError if a key that the caller brought cannot be read. */
  constructor(trusted: readonly string[] | undefined, sha256: Sha256, findings: Findings) {
    this.#sha256 = sha256;
    this.#findings = findings;
    this.#trusted = (trusted ?? []).map((text) => parseVerifierKey(text, sha256));
  }

  get hasTrusted(): boolean {
    return this.#trusted.length > 0;
  }

  /** A log's key bears the log's name. */
  belongTo(origin: string): void {
    this.#origin = origin;
    this.#lacksOwn = this.hasTrusted && !this.#trusted.some((key) => this.#isOfLog(key));
  }

  /** The caller brought this key, of whatever log. */
  brought(text: string): boolean {
    return this.#trusted.some((key) => key.text === text);
  }

  /** A key that counts for the former log signed that this one goes on: it counts as if it had been brought. */
  handOver(): void {
    const key = this.#ofLog.get(this.#opened ?? '');
    if (key === undefined) return;
    this.#followed.set(key.text, key);
    this.#lacksOwn = false;
  }

  /** Once entry 0 has been read, or nothing came at all. */
  settle(): void {
    if (this.#lacksOwn)
      this.#findings.addFirst(
        null,
        'key_not_trusted',
        `none of the keys given is of the log ${this.#origin}`,
      );
    this.#lacksOwn = false;
  }

  /** A key that the export names. */
  take(text: string): void {
    if (this.#named.length >= MAX_KEYS)
      throw new ExportFormatError(`an export names at most ${MAX_KEYS} keys`);
    try {
      this.#named.push(parseVerifierKey(text, this.#sha256));
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      this.#findings.add(null, 'key_not_trusted', error.message);
    }
  }

  /** The key that the log says it was opened with. */
  open(text: string): void {
    this.#opened = text;
    // One that cannot be used is no key that counts: `close` says so.
    this.#enter(text);
  }

  /** The log is here from a later entry on: the keys that the export names were in force there, as it says. */
  beginLater(): void {
    for (const { text } of this.#named) this.#enter(text);
  }

  /** An entry says that this key signs too from now on. */
  publish(index: number, text: string): void {
    const fault = this.#enter(text);
    if (fault !== null) this.#findings.add(index, 'key_not_trusted', fault);
  }

  /** An entry says that this key signs no longer. */
  retire(index: number, text: string): void {
    if (this.#inForce.size === 1 && this.#inForce.has(text))
      this.#findings.add(index, 'key_not_published', 'the only key of the log was retired');
    this.#inForce.delete(text);
    this.#retired.set(text, Math.min(index, this.#retired.get(text) ?? index));
  }

  #enter(text: string): string | null {
    try {
      const key = parseVerifierKey(text, this.#sha256);
      if (!this.#isOfLog(key)) return `${text} is not a key of this log`;
      if (this.#ofLog.size >= MAX_KEYS) return `a log has at most ${MAX_KEYS} keys`;
      this.#ofLog.set(text, key);
      this.#inForce.set(text, key);
      return null;
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      return error.message;
    }
  }

  /** What a checkpoint that stands here may be signed with. */
  get signers(): CheckpointTrust {
    const keys = new Map([...this.#used, ...this.#inForce.values()].map((key) => [key.text, key]));
    return { ...this.trust, logKeys: [...keys.values()].filter((key) => this.#isOfLog(key)) };
  }

  /**
   * Whether one that counts signed; then those in force count from here on. Null: only a later key can tell, so `close`
   * does. Throws NoteError where neither can be, or one that is in force did not sign.
   */
  follow({ signatures }: OpenedCheckpoint, index: number): true | null {
    const signed = new Set(signatures.map(({ key }) => key.text));
    // Of the log's own: a witness cannot vouch for a key of the log.
    const counts = this.#used.some(
      (key) => this.#isOfLog(key) && signed.has(key.text) && !this.#retired.has(key.text),
    );
    if (!counts && (this.#isFollowed || !this.#trusted.some((key) => this.#isOfLog(key))))
      throw new NoteError('the log itself did not sign this checkpoint');
    for (const text of this.#inForce.keys())
      if (!signed.has(text)) throw new NoteError(`the key ${text} is in force and did not sign`);
    if (!counts) {
      this.#doubtful.push(index);
      return null;
    }
    for (const [text, key] of this.#inForce) this.#followed.set(text, key);
    return true;
  }

  /** A key that counts is one of those that the log names. */
  get #isFollowed(): boolean {
    return this.#used.some(({ text }) => this.#ofLog.has(text));
  }

  #isOfLog(key: VerifierKey): boolean {
    return key.type === ED25519 && key.name === this.#origin;
  }

  get #used(): readonly VerifierKey[] {
    return [...(this.hasTrusted ? this.#trusted : this.#named), ...this.#followed.values()];
  }

  /**
   * Every key that may speak for the log once its first `size` entries are all there is: those that count and those that
   * the log named, but for what was retired among them. The last one may say so of a key that still signs beside the next.
   */
  keysAfter(size: number): string[] {
    const named = this.#isFollowed ? this.#ofLog.keys() : [];
    const isRetired = (text: string) => (this.#retired.get(text) ?? size) < size - 1;
    return [...new Set([...this.logKeys, ...named])].filter((text) => !isRetired(text));
  }

  get logKeys(): string[] {
    return [...new Set(this.#used.filter((key) => this.#isOfLog(key)).map((key) => key.text))];
  }

  /**
   * Once all has been read: keys that the log had before one that counts are the log's own, for that one signs for the
   * whole log. Gives the checkpoints that hold because of that.
   */
  close(): number {
    this.settle();
    const isFollowed = this.#isFollowed;
    const counts = new Set(this.logKeys);
    const isStranger = (text: string) => !counts.has(text) && !(isFollowed && this.#ofLog.has(text));
    if (!isFollowed)
      for (const index of this.#doubtful)
        this.#findings.add(index, 'checkpoint_invalid', 'the log itself did not sign this checkpoint');
    if (this.#opened !== null && isStranger(this.#opened))
      this.#findings.addFirst(
        0,
        'key_not_trusted',
        `it was opened with the key ${this.#opened}, which is not among those used here`,
      );
    if (this.hasTrusted)
      for (const key of this.#named.toReversed())
        if (this.#isOfLog(key) && isStranger(key.text))
          this.#findings.addFirst(null, 'key_not_trusted', `${key.text} is not among the keys given`);
    return isFollowed ? this.#doubtful.length : 0;
  }

  /** A witness counts only if the caller brought its key: anybody could put a witness of their own into an export. */
  get trust(): CheckpointTrust {
    return {
      origin: this.#origin,
      logKeys: this.#used.filter((key) => this.#isOfLog(key)),
      witnessKeys: this.#trusted.filter((key) => key.type === ED25519_COSIGNATURE),
    };
  }
}
