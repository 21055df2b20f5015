// What is wrong with a file, an answer in one line and an exit code, through the real command; and afterwards nothing is
// half done: the store holds what it held, to the row.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type Ran, stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { type ButtonRow, firstRowLine, greenButtonXml } from '../support/green-button.ts';

const databases = await testDatabases();
const store = databases.open<MeterStoreTables>(databases.urls.meterStoreOwner, 1);
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-bad-'));
const mpan = 'home-1';
const start = Date.parse('2011-03-01T08:00:00Z') / 1000;
const hour = (at: number, value?: number | string): ButtonRow => ({
  start: start + at * 3600,
  ...(value === undefined ? {} : { value }),
});
const day = Array.from({ length: 24 }, (_, at) => hour(at, 100 + at));
let broker: TestBroker;

before(async () => {
  broker = await testBroker({ databases });
  const home = ['--email', 'ada@home.example', '--meter-point', mpan, '--address', '1 High Street'];
  const added = await run(
    'household',
    'add',
    ...home,
    '--zone',
    'America/Los_Angeles',
    '--from',
    '2011-01-01',
  );
  assert.equal(added.code, 0, added.err);
  const first = await importing(greenButtonXml({ rows: day.slice(0, 12) }));
  assert.equal(first.code, 0, first.err);
});
after(async () => {
  await broker.close();
  await databases.close();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]): Promise<Ran> => stabledoor(broker.environment, args);

async function importing(xml: string, ...more: string[]): Promise<Ran> {
  const file = join(folder, 'file.xml');
  await writeFile(file, xml);
  return run('import', file, '--format', 'green-button', '--meter-point', mpan, ...more);
}

/** Every row of the store: days, runs, what was before a correction, meter points. */
async function everything(): Promise<string> {
  const { rows } = await sql<{ all: string }>`
    select jsonb_build_array(
      (select jsonb_agg(to_jsonb(d) order by d.mpan, d.register, d.day) from meter.day d),
      (select jsonb_agg(to_jsonb(f)) from meter.former_day f), (select count(*) from meter.import_run),
      (select jsonb_agg(to_jsonb(m) order by m.mpan) from meter.meter_point m))::text as all`.execute(store);
  return rows[0]?.all as string;
}

const good = greenButtonXml({ rows: day });
const wholes: [what: string, xml: string, says: RegExp, more?: string[]][] = [
  ['a file that is cut short', good.slice(0, -20), /not well-formed XML/],
  ['a file that is no XML', 'LCLid,stdorToU,DateTime\r\n', /not well-formed XML/],
  ['XML that is no Green Button file', '<readings/>', /not Green Button data/],
  [
    'a file with a document type',
    greenButtonXml({ rows: day, prologue: '<!DOCTYPE feed>' }),
    /document type/,
  ],
  ['a file without readings', greenButtonXml({ rows: [] }), /no readings/],
  ['an unknown meter point', good, /meter point is not known/i, ['--meter-point', 'nobody']],
  ['a zone that is not the meter point’s', good, /time zones do not agree/, ['--zone', 'Europe/London']],
  ['a zone that there is not', good, /time zone is not known|--zone/i, ['--zone', 'Europe/Atlantis']],
];

for (const [what, xml, says, more = []] of wholes) {
  test(`${what} is refused with one line, and the store is as it was`, async () => {
    const before = await everything();
    const ran = await importing(xml, ...more);
    assert.ok(ran.code === 1 || ran.code === 2, `${ran.code} ${ran.err}`);
    assert.match(ran.err, says);
    assert.match(ran.err, /^stabledoor: [^\n]+\n$/);
    assert.equal(ran.out, '');
    assert.equal(await everything(), before);
  });
}

const rows: [what: string, rows: ButtonRow[], code: string][] = [
  ['a negative value', [hour(12, -5)], 'import_value_negative'],
  ['an absent value', [hour(12)], 'import_value_absent'],
  ['a value that is no number', [hour(12, 'much')], 'import_value_malformed'],
  ['two values for one time', [hour(12, 1), hour(12, 2)], 'import_overlap'],
  ['a time in the future', [{ start: 99_999_999_999, value: 1 }], 'import_start_impossible'],
  ['a time that is none', [{ start: '2011-02-30', value: 1 }], 'import_start_impossible'],
];

for (const [what, bad, code] of rows) {
  test(`${what}: the row is refused with its line and reason, on paper and as data, and nothing is taken`, async () => {
    const before = await everything();
    const xml = greenButtonXml({ rows: bad });
    const ran = await importing(xml);
    assert.equal(ran.code, 1, ran.out);
    assert.match(ran.out + ran.err, new RegExp(`line ${firstRowLine}|\\b${firstRowLine}\\b`));
    const data = JSON.parse((await importing(xml, '--json')).out);
    assert.equal(data.rows[0].line, firstRowLine);
    assert.equal(data.rows[0].reasons[0].code, code);
    assert.deepEqual(data.counts, { taken: 0, duplicate: 0, corrected: 0, refused: bad.length });
    assert.equal(await heldReadings(), await heldReadings(before));
  });
}

/** Readings alone: a run that took nothing may still be on record. */
async function heldReadings(of?: string): Promise<string> {
  return JSON.stringify(JSON.parse(of ?? (await everything()))[0]);
}

test('an import that overlaps an earlier one counts nothing twice, and says what it did', async () => {
  const ran = await importing(good, '--json');
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(JSON.parse(ran.out).counts, { taken: 12, duplicate: 12, corrected: 0, refused: 0 });
  const sum = await sql<{ sum: number }>`
    select sum(r)::int as sum from meter.day, unnest(readings) r where mpan = ${mpan}`.execute(store);
  assert.equal(
    sum.rows[0]?.sum,
    day.reduce((all, row) => all + Number(row.value), 0),
  );
});

test('an impossible date on the command line is wrong usage, and nobody is added', async () => {
  for (const from of ['2011-02-30', 'yesterday', '2011-13-01']) {
    const home = ['--email', 'bo@home.example', '--meter-point', 'home-9', '--address', '9 High Street'];
    const ran = await run('household', 'add', ...home, '--zone', 'UTC', '--from', from);
    assert.equal(ran.code, 2, ran.err);
    assert.match(ran.err, /^stabledoor: [^\n]*--from[^\n]*\n$/);
  }
  const { rows: found } = await sql`select from meter.meter_point where mpan = 'home-9'`.execute(store);
  assert.equal(found.length, 0);
});
