// P3: readings leave through `metering/release.ts` and nowhere else. That the code has one door is held by
// test/architecture.test.ts; here the databases have one too, and every read that it numbers ends in an entry.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { stopConsent } from '../../src/consent/consents.ts';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import type { OccupierId } from '../../src/lib/ids.ts';
import {
  type BareParty,
  type BareToken,
  bareParty,
  bareToken,
  occupierOf,
  readyRead,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';

const databases = await testDatabases();
const reader = databases.open<MeterStoreTables>(databases.urls.meterReader, 1);
let broker: TestBroker;
let home: TestHome;
let party: BareParty;
let token: BareToken;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  party = await bareParty(broker);
  token = await bareToken(broker, party, home);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const numbered = async (): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select last_number as n from meter.reads_numbered()`.execute(
    reader,
  );
  return rows[0]?.n as number;
};
const read = async (query: Record<string, string>) => (await readyRead(broker, party, token, query))();

test('the broker’s role in the meter store sees no reading but through the function that numbers the read', async () => {
  for (const table of ['meter.day', 'meter.former_day', 'meter.import_run'])
    await assert.rejects(sql`select * from ${sql.table(table)}`.execute(reader), /permission denied/, table);
  const before = await numbered();
  await sql`select * from meter.read_days(${home.mpan}, 'import', '2026-01-01', '2026-01-02')`.execute(
    reader,
  );
  assert.equal(await numbered(), before + 1);
});

test('no other role of the broker sees anything in the meter store', async () => {
  const meterStore = new URL(databases.urls.meterReader).pathname;
  for (const url of [databases.urls.app, databases.urls.audit, databases.urls.subjectKeys]) {
    const elsewhere = new URL(url);
    elsewhere.pathname = meterStore;
    const db = databases.open<MeterStoreTables>(elsewhere.href, 1);
    await assert.rejects(sql`select from meter.day`.execute(db), /permission denied/, elsewhere.username);
  }
});

test('every read that the store numbered ends in exactly one entry, whatever became of it', async () => {
  const first = (await numbered()) + 1;
  const day = closedDay(broker);
  const queries = [
    { ...day, resolution: 'P1D' },
    { ...day, resolution: 'PT30M' },
    { ...day, resolution: 'P1D', register: 'export' },
    { from: '2019-01-01', to: '2019-02-01', resolution: 'P1M' },
  ];
  const answers = await Promise.all([...queries, ...queries].map(read));
  for (const answer of answers) {
    const body = await answer.json();
    assert.equal('readings' in body, answer.status === 200);
    assert.match(answer.headers.get('ledger-entry') ?? '', /\/ledger\/\d+$/, JSON.stringify(body));
  }
  // Reads and their stop at once: those that lose are entries too, as refusals after reading.
  const racing = await Promise.all(
    Array.from({ length: 20 }, () => readyRead(broker, party, token, queries[0] ?? {})),
  );
  const occupierId = (await occupierOf(broker, token.consentId)) as OccupierId;
  const stop = stopConsent(broker.parts, { consentId: token.consentId, occupierId });
  await Promise.all([...racing.map(async (send) => (await send()).arrayBuffer()), stop]);

  const recorded = (await allEntries(databases.app))
    .flatMap((entry) =>
      'store_read' in entry && entry.store_read ? [Number(entry.store_read.split('/')[1])] : [],
    )
    .filter((number) => number >= first)
    .sort((a, b) => a - b);
  const last = await numbered();
  assert.deepEqual(
    recorded,
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
});
