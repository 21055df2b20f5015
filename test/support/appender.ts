// A process with a ledger of its own on a log that others write too: appends what it is told to, and prints its receipts and
// how many appends were refused.
import { openDatabase } from '../../src/db/database.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { defaultLimits } from '../../src/ledger/sequencer.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import type { HouseholdId } from '../../src/lib/ids.ts';
import { quietLogger, testOrigin } from './ledger.ts';
import { linked } from './state-change.ts';

interface Task {
  readonly app: string;
  readonly subjectKeys: string;
  readonly seed: string;
  readonly household: HouseholdId;
  readonly appends: number;
  /** It ends earlier than that. */
  readonly forSeconds?: number;
  /** In pg_stat_activity. */
  readonly name?: string;
}

const task = JSON.parse(process.argv[2] as string) as Task;
// As the broker opens it for its ledger.
const db = openDatabase({
  url: task.app,
  maxConnections: 4,
  applicationName: task.name ?? 'appender',
  statementTimeoutMs: defaultLimits.deadlineMs,
});
const keys = openDatabase<SubjectKeyTables>({ url: task.subjectKeys, maxConnections: 2 });
const ledger = await openLedger({
  db,
  logId: 1,
  origin: testOrigin,
  mode: 'sandbox',
  signer: noteSigner(testOrigin, Buffer.from(task.seed, 'hex')),
  subjects: openSubjects(keys, testOrigin),
  logger: quietLogger,
});
const until = performance.now() + (task.forSeconds ?? 120) * 1000;
const written: { index: number; leaf: string }[] = [];
let refused = 0;
// Eight at a time, so that the processes take the head in turn.
await Promise.all(
  Array.from({ length: 8 }, async (_, worker) => {
    for (let i = worker; i < task.appends && performance.now() < until; i += 8) {
      try {
        const { index, leaf } = await ledger.append(linked(task.household));
        written.push({ index, leaf });
      } catch {
        refused += 1;
      }
    }
  }),
);
await ledger.close();
await Promise.all([db.destroy(), keys.destroy()]);
process.stdout.write(JSON.stringify({ written, refused }));
