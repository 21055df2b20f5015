// What the bench runs on: a fresh set of databases on a server of its own, durable as in production, and real parts.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Database, openDatabase } from '../src/db/database.ts';
import { startEmbedded } from '../src/db/embedded.ts';
import { provision, type StoreUrls } from '../src/db/provision.ts';
import { type Ledger, openLedger } from '../src/ledger/ledger.ts';
import { noteSigner } from '../src/ledger/note-signer.ts';
import type { SubjectKeyTables } from '../src/ledger/subject-key-store.ts';
import { openSubjects, type Subjects } from '../src/ledger/subjects.ts';
import { type HouseholdId, newId } from '../src/lib/ids.ts';
import { openLogger } from '../src/observe/logger.ts';

export interface Bed {
  readonly urls: StoreUrls;
  readonly app: Database;
  readonly owner: Database;
  /** For what only a superuser may, such as COPY to a program. */
  readonly superuserUrl: string;
  readonly ledger: Ledger;
  readonly subjects: Subjects;
  /** Households with keys. */
  readonly households: readonly HouseholdId[];
  close(): Promise<void>;
}

const dataDir = resolve(import.meta.dirname, '../.stabledoor/bench');
const origin = 'bench.example/ledger';
export const quietLogger = openLogger('error');
const householdCount = 500;

export async function makeBed(): Promise<Bed> {
  const server = await startEmbedded(dataDir);
  const urls = await provision(server, dataDir, 'stabledoor_bench', true);
  const app = openDatabase({ url: urls.app, maxConnections: 16 });
  const owner = openDatabase({ url: urls.owner, maxConnections: 2 });
  const keys = openDatabase<SubjectKeyTables>({ url: urls.subjectKeys, maxConnections: 4 });
  const subjects = openSubjects(keys, origin);
  const ledger = await openLedger({
    db: app,
    logId: 1,
    origin,
    mode: 'sandbox',
    signer: noteSigner(origin, randomBytes(32)),
    subjects,
    logger: quietLogger,
  });
  const households = Array.from({ length: householdCount }, () => newId('household'));
  await Promise.all(households.map((household) => ledger.createSubject(household)));
  return {
    urls,
    app,
    owner,
    superuserUrl: server.url('postgres', server.superuserPassword, 'stabledoor_bench'),
    ledger,
    subjects,
    households,
    async close() {
      await ledger.close();
      await Promise.all([app.destroy(), owner.destroy(), keys.destroy()]);
      await server.stop();
    },
  };
}
