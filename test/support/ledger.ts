// A real ledger on a test file's databases, with a key made for it.
import { randomBytes } from 'node:crypto';
import { type Ledger, type LogMode, openLedger } from '../../src/ledger/ledger.ts';
import type { LogSigner } from '../../src/ledger/ledger-keys.ts';
import { type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import type { SequencerLimits } from '../../src/ledger/sequencer.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects, type Subjects } from '../../src/ledger/subjects.ts';
import type { WriteGate } from '../../src/ledger/write-gate.ts';
import type { WriteWatch } from '../../src/ledger/write-watch.ts';
import { type HouseholdId, newId } from '../../src/lib/ids.ts';
import { openLogger } from '../../src/observe/logger.ts';
import type { TestDatabases } from './database.ts';

export const testOrigin = 'test.example/ledger';
export const quietLogger = openLogger('silent');

export interface TestLedger<Signer = NoteSigner> extends Ledger {
  readonly signer: Signer;
  readonly subjects: Subjects;
  /** A household with a key, ready for entries. */
  household(): Promise<HouseholdId>;
}

export async function testLedger<Signer extends LogSigner = NoteSigner>(
  databases: TestDatabases,
  options: {
    signer?: Signer;
    limits?: SequencerLimits;
    mode?: LogMode;
    origin?: string;
    logId?: number;
    gate?: WriteGate;
    watch?: Pick<WriteWatch, 'knownSize' | 'appended'>;
  } = {},
): Promise<TestLedger<Signer>> {
  const origin = options.origin ?? testOrigin;
  const signer = options.signer ?? (noteSigner(origin, randomBytes(32)) as LogSigner as Signer);
  const subjects = openSubjects(databases.open<SubjectKeyTables>(databases.urls.subjectKeys), origin);
  const ledger = await openLedger({
    db: databases.app,
    logId: options.logId ?? 1,
    origin,
    mode: options.mode ?? 'sandbox',
    signer,
    subjects,
    logger: quietLogger,
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.gate ? { gate: options.gate } : {}),
    ...(options.watch ? { watch: options.watch } : {}),
  });
  return {
    ...ledger,
    signer,
    subjects,
    async household() {
      const id = newId('household');
      await ledger.createSubject(id);
      return id;
    },
  };
}
