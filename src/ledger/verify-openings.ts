// Whether what is given as the content of a commitment is what the entry commits to. Only the last entry is kept: an
// opening stands right after its own.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { type Sha256, utf8 } from './crypto.ts';
import type { EntryBody } from './entry-body.ts';
import type { ExportLine } from './export-format.ts';
import type { Findings } from './verdict.ts';

type Opening = Extract<ExportLine, { type: 'opening' }>;

export class OpeningCheck {
  readonly #sha256: Sha256;
  readonly #findings: Findings;
  #count = 0;

  constructor(sha256: Sha256, findings: Findings) {
    this.#sha256 = sha256;
    this.#findings = findings;
  }

  /** Those that hold. */
  get count(): number {
    return this.#count;
  }

  /** `body` of the entry before; null where it cannot be read. True where it holds. */
  take(index: number, body: EntryBody | null, { field, salt, value }: Opening): boolean {
    const commit: Readonly<Record<string, string>> =
      body !== null && 'commit' in body ? (body.commit as Record<string, string>) : {};
    if (!Object.hasOwn(commit, field))
      this.#findings.add(index, 'opening_mismatch', `it commits to no ${field}`);
    else if (commit[field] !== this.#commitment(field, salt, value))
      this.#findings.add(index, 'opening_mismatch', `this is not the ${field} that it commits to`);
    else {
      this.#count++;
      return true;
    }
    return false;
  }

  /** SHA-256("stabledoor/commit/v1\n" field "\n" salt value), in base64. */
  #commitment(field: string, salt: string, value: string): string {
    const [head, salted, tail] = [
      utf8(`stabledoor/commit/v1\n${field}\n`),
      decodeBase64(salt) as Uint8Array,
      utf8(value),
    ];
    const bytes = new Uint8Array(head.length + salted.length + tail.length);
    bytes.set(head);
    bytes.set(salted, head.length);
    bytes.set(tail, head.length + salted.length);
    return encodeBase64(this.#sha256(bytes));
  }
}
