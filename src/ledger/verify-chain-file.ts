// Checks a household's chain from its file and the log's key alone, offline, on a server or in a browser: that each entry is the
// household's next one and in the log, that what is opened is what was committed to, and how far no newer one is held back.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { type ChainFile, type ChainOpening, opens, tagOf } from './chain-file.ts';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { utf8, type VerifyCrypto } from './crypto.ts';
import { EntryFormatError, type ParsedEntry, parseEntry } from './entry.ts';
import { type EntryBody, EntryBodyError, parseEntryBody } from './entry-body.ts';
import { leafHash } from './merkle.ts';
import { verifyInclusion } from './merkle-proof.ts';
import { ED25519, NoteError, parseVerifierKey, type VerifierKey } from './verifier-key.ts';
import { absenceFault } from './verify-absence.ts';

/** Names of what can be wrong; docs/household-chain.md explains each. Add to them, never rename one. */
export type ChainFault =
  | 'checkpoint_invalid'
  | 'entry_unreadable'
  | 'entry_not_in_log'
  | 'entry_of_another'
  | 'entry_order'
  | 'opening_wrong'
  | 'map_invalid'
  | 'entry_withheld'
  | 'absence_not_shown';

export interface ChainViolation {
  /** Of the entry in the household's chain; null where it is about the file as a whole. */
  readonly number: number | null;
  readonly kind: ChainFault;
  readonly message: string;
}

export interface ChainVerdict {
  readonly sound: boolean;
  readonly origin: string;
  /** Number of the first entry, and how many there are. */
  readonly first: number;
  readonly entries: number;
  /** Entries of the log under the checkpoint; null where it does not hold. */
  readonly size: number | null;
  /** Names of witnesses whose keys were given and who signed it. */
  readonly witnesses: readonly string[];
  /** Entries of the log among which the next of the household is not; null where nothing shows it. */
  readonly covered: number | null;
  /** When the map that shows it was published. */
  readonly coveredMs: number | null;
  /** Fields opened, and committed to without a value in the file. */
  readonly opened: number;
  readonly unopened: number;
  readonly violations: readonly ChainViolation[];
  readonly unproven: readonly string[];
}

export interface ChainOptions extends VerifyCrypto {
  /** Of the log, at least one; and of witnesses. */
  readonly keys: readonly string[];
  /** Other than the format's in tests alone. */
  readonly span?: number;
}

/** Throws NoteError where no key given can be one of this log: that is no fault of the file. */
export async function verifyChainFile(file: ChainFile, options: ChainOptions): Promise<ChainVerdict> {
  const keys = options.keys.map((text) => parseVerifierKey(text, options.sha256));
  const isLogKey = (key: VerifierKey) => key.type === ED25519 && key.name === file.origin;
  if (!keys.some(isLogKey)) throw new NoteError(`none of the keys given is of the log ${file.origin}`);
  const check = new ChainFileCheck(file, options);
  const trust = {
    origin: file.origin,
    logKeys: keys.filter(isLogKey),
    witnessKeys: keys.filter(({ type }) => type !== ED25519),
  };
  try {
    check.take(await openCheckpoint(file.checkpoint, trust, options));
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    check.find(null, 'checkpoint_invalid', error.message);
  }
  return check.verdict();
}

const bytesOf = (text: string): Uint8Array => decodeBase64(text) as Uint8Array;

class ChainFileCheck {
  readonly #file: ChainFile;
  readonly #options: ChainOptions;
  readonly #violations: ChainViolation[] = [];
  #checkpoint: OpenedCheckpoint | null = null;
  #lastIndex = -1;
  #covered: { size: number; timeMs: number } | null = null;
  #opened = 0;
  #unopened = 0;

  constructor(file: ChainFile, options: ChainOptions) {
    this.#file = file;
    this.#options = options;
  }

  find(number: number | null, kind: ChainFault, message: string): void {
    this.#violations.push({ number, kind, message });
  }

  take(checkpoint: OpenedCheckpoint): void {
    this.#checkpoint = checkpoint;
    const { entries, first } = this.#file;
    entries.forEach((one, i) => {
      this.#takeEntry(first + i, one.entry, one.proof, one.opened);
    });
    this.#takeAbsence();
  }

  #takeEntry(
    number: number,
    text: string,
    proof: readonly string[],
    opened: Readonly<Record<string, ChainOpening>>,
  ): void {
    const read = this.#read(number, text);
    if (read === null) return;
    const { entry, body } = read;
    if (!this.#isInLog(entry.index, text, proof))
      this.find(number, 'entry_not_in_log', `entry ${entry.index} of the log is not this one`);
    const tag = encodeBase64(this.#tag(number));
    if (entry.stag !== tag)
      this.find(number, 'entry_of_another', `its tag is not that of entry ${number} of the household`);
    if (entry.index <= this.#lastIndex)
      this.find(number, 'entry_order', 'it stands before the one that it follows');
    this.#lastIndex = Math.max(this.#lastIndex, entry.index);
    this.#open(number, 'commit' in body ? body.commit : {}, opened);
  }

  #read(number: number | null, text: string): { entry: ParsedEntry; body: EntryBody } | null {
    try {
      const entry = parseEntry(text);
      return { entry, body: parseEntryBody(entry.body) };
    } catch (error) {
      if (!(error instanceof EntryFormatError || error instanceof EntryBodyError)) throw error;
      this.find(number, number === null ? 'map_invalid' : 'entry_unreadable', error.message);
      return null;
    }
  }

  #isInLog(index: number, text: string, proof: readonly string[]): boolean {
    const { size, root } = this.#checkpoint as OpenedCheckpoint;
    const { sha256 } = this.#options;
    return verifyInclusion(
      { index, size, leaf: leafHash(utf8(text), sha256), proof: proof.map(bytesOf), root },
      sha256,
    );
  }

  #open(
    number: number,
    commit: Readonly<Record<string, string>>,
    opened: Readonly<Record<string, ChainOpening>>,
  ): void {
    const { sha256 } = this.#options;
    for (const [field, { salt, value }] of Object.entries(opened)) {
      const committed = Object.hasOwn(commit, field) ? commit[field] : undefined;
      if (committed === undefined)
        this.find(number, 'opening_wrong', `${field}: it commits to no such field`);
      else if (value !== undefined) {
        this.#opened++;
        if (!opens(bytesOf(committed), field, { salt: bytesOf(salt), value }, sha256))
          this.find(number, 'opening_wrong', `${field}: this is not what was committed to`);
      }
    }
    this.#unopened += Object.keys(commit).filter((field) => opened[field]?.value === undefined).length;
  }

  #tag(number: number): Uint8Array {
    return tagOf(bytesOf(this.#file.chain_key), number, this.#options.sha256);
  }

  #takeAbsence(): void {
    const { absence, first, entries } = this.#file;
    if (absence === null) return;
    const read = this.#read(null, absence.entry);
    if (read === null) return;
    const { entry, body } = read;
    if (body.kind !== 'map.published' || !this.#isInLog(entry.index, absence.entry, absence.proof)) {
      this.find(null, 'map_invalid', 'what is given as the map is no map of this log');
      return;
    }
    const next = first + entries.length;
    const map = { index: entry.index, size: body.size, root: body.root };
    const fault = absenceFault(map, absence.spans, this.#tag(next), this.#options);
    if (fault === null) this.#covered = { size: body.size, timeMs: entry.timeMs };
    else this.find(fault.kind === 'entry_withheld' ? next : null, fault.kind, fault.message);
  }

  verdict(): ChainVerdict {
    const { origin, first, entries } = this.#file;
    const size = this.#checkpoint?.size ?? null;
    return {
      sound: this.#violations.length === 0,
      origin,
      first,
      entries: entries.length,
      size,
      witnesses: (this.#checkpoint?.signatures ?? []).flatMap(({ key }) =>
        key.type === ED25519 ? [] : [key.name],
      ),
      covered: this.#covered?.size ?? null,
      coveredMs: this.#covered?.timeMs ?? null,
      opened: this.#opened,
      unopened: this.#unopened,
      violations: this.#violations,
      unproven: this.#unproven(size ?? 0),
    };
  }

  /** In words; silence would be read as proof. */
  #unproven(size: number): string[] {
    const { first } = this.#file;
    const said = [this.#newest(size)];
    if (first > 0)
      said.push(`What the entries before number ${first} of the household say: they are not in this file.`);
    if (this.#unopened > 0)
      said.push(`What stands behind ${this.#unopened} commitments: their values are not in this file.`);
    said.push(
      'That these are the entries of your home: compare the chain key with that of a file that you got before.',
      'That nothing about your home stands under another tag, or was left out of the log. A court can order an access not to be shown yet.',
      'That everyone is shown the same log: compare the checkpoint with one that you got otherwise, or bring the keys of its witnesses.',
    );
    return said;
  }

  #newest(size: number): string {
    if (this.#covered === null)
      return 'That no newer entry of your home is held back: this file does not show it.';
    const { size: covered } = this.#covered;
    const isOlder = covered <= this.#lastIndex;
    const older = isOlder ? ' The map that shows it is older than your newest entry here.' : '';
    if (covered >= size - 1 && !isOlder) return `That nothing came after entry ${size - 1} of the log.`;
    return `That no newer entry of your home stands among the entries from ${covered} on (this file knows of ${size}): it is shown for those before.${older}`;
  }
}
