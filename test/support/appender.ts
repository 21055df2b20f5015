// A process with a ledger of its own on a log that others write too: appends what it is told to, prints its receipts.
import { openDatabase } from '../../src/db/database.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
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
}

const task = JSON.parse(process.argv[2] as string) as Task;
const db = openDatabase({ url: task.app, maxConnections: 4 });
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
const written: { index: number; leaf: string }[] = [];
// Eight at a time, so that the two processes take the head in turn.
await Promise.all(
  Array.from({ length: 8 }, async (_, worker) => {
    for (let i = worker; i < task.appends; i += 8) {
      const { index, leaf } = await ledger.append(linked(task.household));
      written.push({ index, leaf });
    }
  }),
);
await ledger.close();
await Promise.all([db.destroy(), keys.destroy()]);
process.stdout.write(JSON.stringify(written));
