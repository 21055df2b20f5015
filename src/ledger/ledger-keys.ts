// The keys that sign for the log now, all of them at once: the table says which are in force, the folder holds them. A
// process that misses one of them writes nothing.
import type { Database } from '../db/database.ts';
import { type LogKeyRecord, listLogKeys } from './log-key-store.ts';
import { sha256 } from './node-crypto.ts';
import { formatNote } from './note.ts';
import type { NoteSigner } from './note-signer.ts';
import { openLedgerKey, readLedgerKeys } from './signing-key.ts';
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts';
import type { WriteGate } from './write-gate.ts';

/** Signs checkpoints. A single key will do; several sign side by side. */
export interface LogSigner {
  /** The newest in force. */
  readonly key: VerifierKey;
  signNote(text: string): string;
  /** Looks again which keys are in force. */
  refresh?(): Promise<void>;
}

export interface LedgerKeys extends LogSigner {
  /** Every key that the log has ever had: what was signed before is still its own. */
  all(): readonly VerifierKey[];
  inForce(): readonly VerifierKey[];
  /** Signs too from now on, until it is in force or the next `refresh`. */
  signWith(signer: NoteSigner): void;
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface LedgerKeysParts {
  readonly db: Database;
  readonly logId: number;
  readonly origin: string;
  readonly keyDir: string;
  /** Makes the first key of a log that is not there yet. */
  readonly mayMake: boolean;
  readonly gate?: WriteGate;
}

const refreshEveryMs = 5000;

/** Errors: a key in force is not in the folder; there is none, and none may be made. */
export async function openLedgerKeys(parts: LedgerKeysParts): Promise<LedgerKeys> {
  const { gate, origin } = parts;
  let records = await listLogKeys(parts.db, parts.logId);
  let signers = await signersOf(parts, records);
  const refresh = async () => {
    try {
      const found = await listLogKeys(parts.db, parts.logId);
      signers = await signersOf(parts, found);
      records = found;
      gate?.open('ledger keys');
    } catch (error) {
      if (error instanceof MissingKey) gate?.shut('ledger keys', error.message);
      throw error;
    }
  };
  let refreshing = Promise.resolve();
  const timer = setInterval(() => {
    refreshing = refresh().catch(() => {});
  }, refreshEveryMs);
  timer.unref();
  return {
    get key() {
      return (signers.at(-1) as NoteSigner).key;
    },
    all: () => [
      ...new Map([...keysOf(records), ...keysOfSigners(signers)].map((key) => [key.text, key])).values(),
    ],
    inForce: () => keysOfSigners(signers),
    signNote: (text) =>
      formatNote(
        text,
        signers.map((signer) => signer.sign(text)),
      ),
    signWith(signer) {
      if (signer.key.name !== origin) throw new Error(`${signer.key.text} is not a key of ${origin}`);
      signers = [...signers, signer];
    },
    refresh,
    async close() {
      clearInterval(timer);
      await refreshing;
    },
  };
}

/** One line for the operator, where the start is refused or the gate is shut. */
export class MissingKey extends Error {
  override readonly name = 'MissingKey';
}

async function signersOf(
  { keyDir, origin, mayMake }: LedgerKeysParts,
  records: readonly LogKeyRecord[],
): Promise<NoteSigner[]> {
  if (records.length === 0) return [await openLedgerKey(keyDir, origin, mayMake)];
  const here = new Map((await readLedgerKeys(keyDir)).map(({ signer }) => [signer.key.text, signer]));
  return records
    .filter(({ retiredAt }) => retiredAt === null)
    .map(({ key }) => {
      const signer = here.get(key);
      if (signer) return signer;
      if (here.size === 0)
        throw new MissingKey(
          `there is no ledger key in ${keyDir}: put back ${key}, which the log is signed with (\`stabledoor init\` makes one for a new log only)`,
        );
      throw new MissingKey(
        `the log is signed with the key ${key}, which is not in ${keyDir}: put it back, or set STABLEDOOR_KEY_DIR to where it is`,
      );
    });
}

const keysOf = (records: readonly LogKeyRecord[]): VerifierKey[] =>
  records.map(({ key }) => parseVerifierKey(key, sha256));
const keysOfSigners = (signers: readonly NoteSigner[]): VerifierKey[] => signers.map(({ key }) => key);
