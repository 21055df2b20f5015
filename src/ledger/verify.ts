// Verifies a whole log from its lines alone, offline, in one pass, on a server or in a browser: hashes, then meaning.
// It trusts nothing but the keys and checkpoints it is given, and says in words what it could not prove.
import type { VerifyCrypto } from './crypto.ts';
import { ExportFormatError, type ExportLine, type Lines, oneByOne } from './export-format.ts';
import { Findings, type Verdict } from './verdict.ts';
import { ED25519, NoteError, parseVerifierKey } from './verifier-key.ts';
import { KeyCheck } from './verify-keys.ts';
import { type FormerLog, readKeptSize } from './verify-link.ts';
import { LogCheck, type Neighbours, NO_MANIFEST } from './verify-log.ts';
import { keysOfPolicy, type WitnessPolicy } from './witness-policy.ts';

export interface VerifyOptions extends VerifyCrypto {
  /** Verifier keys that the caller got elsewhere: of the log, and of witnesses. Given, no other counts. */
  readonly keys?: readonly string[];
  /** Signed checkpoints of this log that the caller kept from before: the log must still hold them. */
  readonly checkpoints?: readonly string[];
  /** Its keys count as if the caller had brought them one by one, and the newest log is held to its quorum. */
  readonly policy?: WitnessPolicy;
}

const alone: Neighbours = { former: null, keptSize: null };

/** Throws NoteError if a key or a checkpoint of the options cannot be used: that is no fault of the log. */
export async function verifyLog(lines: AsyncIterable<Lines>, options: VerifyOptions): Promise<Verdict> {
  return (await verifyBeside(lines, options, alone)).verdict;
}

/**
 * A log and those that it goes on for, the oldest first: one verdict each. Each is asked for its lines twice, for what an
 * earlier one must hold stands in entry 0 of the next.
 */
export async function verifyLine(
  logs: readonly (() => AsyncIterable<Lines>)[],
  options: VerifyOptions,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let former: FormerLog | null = null;
  for (const [i, log] of logs.entries()) {
    const next = logs[i + 1];
    const keptSize = next === undefined ? null : await readKeptSize(oneByOne(next()));
    const verified = await verifyBeside(log(), options, { former, keptSize });
    verdicts.push(verified.verdict);
    former = verified.asFormer;
  }
  return verdicts;
}

async function verifyBeside(
  lines: AsyncIterable<Lines>,
  options: VerifyOptions,
  beside: Neighbours,
): Promise<{ readonly verdict: Verdict; readonly asFormer: FormerLog }> {
  const check = new ExportCheck(options, beside);
  try {
    for await (const some of lines) {
      // Only a signature may need waiting for: a promise for each entry would be half the work.
      for (const line of 'type' in some ? [some] : some) {
        const pending = check.take(line);
        if (pending !== undefined) await pending;
      }
    }
  } catch (error) {
    if (!(error instanceof ExportFormatError)) throw error;
    return check.close(error.message);
  }
  return check.close(null);
}

/** A quorum of witnesses says nothing of whose log it is: with a policy a key of the log must be brought too. */
function broughtKeys({ keys, policy, sha256 }: VerifyOptions): readonly string[] | undefined {
  if (policy === undefined) return keys;
  const all = [...(keys ?? []), ...keysOfPolicy(policy)];
  if (!all.some((text) => parseVerifierKey(text, sha256).type === ED25519))
    throw new NoteError('the policy has no log line: bring the verifier key of the log');
  return all;
}

/** The lines of one export, of which the first is its manifest. */
class ExportCheck {
  readonly #options: VerifyOptions;
  readonly #beside: Neighbours;
  readonly #findings = new Findings();
  readonly #keys: KeyCheck;
  #log: LogCheck | null = null;

  constructor(options: VerifyOptions, beside: Neighbours) {
    this.#options = options;
    this.#beside = beside;
    this.#keys = new KeyCheck(broughtKeys(options), options.sha256, this.#findings);
  }

  take(line: ExportLine): Promise<void> | undefined {
    if (line.type !== 'manifest') {
      if (this.#log === null) throw new ExportFormatError('the manifest does not come first');
      return this.#log.take(line);
    }
    if (this.#log !== null) throw new ExportFormatError('there is more than one manifest');
    this.#keys.belongTo(line.origin);
    this.#log = new LogCheck(line, this.#keys, this.#options, this.#findings, this.#beside);
    return this.#log.pin(this.#options.checkpoints ?? []);
  }

  close(fault: string | null) {
    if (fault !== null) this.#findings.add(null, 'export_format', fault);
    else if (this.#log === null) this.#findings.add(null, 'export_format', 'there is no manifest');
    const empty = () => new LogCheck(NO_MANIFEST, this.#keys, this.#options, this.#findings, this.#beside);
    const log = this.#log ?? empty();
    return { verdict: log.close(this.#log !== null), asFormer: log.asFormer() };
  }
}
