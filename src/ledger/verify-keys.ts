// Which keys count: those that the caller brought, or, for want of them, those that the export names.
// Once the caller brought any, a key that only the export names proves nothing and is a finding.
import type { CheckpointTrust } from './checkpoint.ts';
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
  #origin = '';

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
    if (this.hasTrusted && !this.#trusted.some((key) => this.#isOfLog(key)))
      this.#findings.add(null, 'key_not_trusted', `none of the keys given is of the log ${origin}`);
  }

  /** A key that the export names. */
  take(text: string): void {
    if (this.#named.length >= MAX_KEYS)
      throw new ExportFormatError(`an export names at most ${MAX_KEYS} keys`);
    try {
      const key = parseVerifierKey(text, this.#sha256);
      this.#named.push(key);
      if (this.hasTrusted && this.#isOfLog(key) && !this.isLogKey(text))
        this.#findings.add(null, 'key_not_trusted', `${text} is not among the keys given`);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      this.#findings.add(null, 'key_not_trusted', error.message);
    }
  }

  #isOfLog(key: VerifierKey): boolean {
    return key.type === ED25519 && key.name === this.#origin;
  }

  get #used(): readonly VerifierKey[] {
    return this.hasTrusted ? this.#trusted : this.#named;
  }

  get logKeys(): string[] {
    return this.#used.filter((key) => this.#isOfLog(key)).map((key) => key.text);
  }

  isLogKey(text: string): boolean {
    return this.#used.some((key) => key.text === text && this.#isOfLog(key));
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
