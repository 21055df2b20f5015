import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import type { MeterStoreTables } from '../../../src/db/tables/meter-store.ts';
import { StabledoorError } from '../../../src/lib/errors.ts';
import { localDate } from '../../../src/lib/local-date.ts';
import { lockMeterPoint } from '../../../src/metering/import/import-writer.ts';
import { addMeterPoints, type NewMeterPoint } from '../../../src/metering/import/meter-points.ts';
import { embeddedSource } from '../../../src/metering/sources/embedded-source.ts';
import { testDatabases } from '../../support/database.ts';
import { type ButtonRow, firstRowLine, greenButtonXml } from '../../support/green-button.ts';
import { testImporter } from '../../support/import.ts';

const databases = await testDatabases();
const importerDb = databases.open<MeterStoreTables>(databases.urls.importer);
const owner = databases.open<MeterStoreTables>(databases.urls.meterStoreOwner, 1);
const source = embeddedSource(databases.open<MeterStoreTables>(databases.urls.meterReader));
const importer = await testImporter(importerDb);
after(async () => {
  await importer.close();
  await databases.close();
});

const window = { from: localDate('2011-01-01'), to: localDate('2012-01-01') };
const start = 1_293_868_800; // 2011-01-01 00:00 in Los Angeles
const hours = (count: number, value = (i: number): number => 100 + i): ButtonRow[] =>
  Array.from({ length: count }, (_, i) => ({ start: start + i * 3600, value: value(i) }));

let numbered = 0;
const newMeterPoint = async (over: Partial<NewMeterPoint> = {}): Promise<string> => {
  numbered += 1;
  const mpan = `test-${numbered}`;
  await addMeterPoints(importerDb, [{ mpan, fuel: 'electricity', zone: null, ...over }]);
  return mpan;
};
const held = async (mpan: string) => (await source.read({ mpan, register: 'import', window })).days;
const runsOf = async (mpan: string): Promise<number> => {
  const { runs } = await importerDb
    .selectFrom('meter.import_run')
    .select((each) => each.fn.countAll<number>().as('runs'))
    .where('mpan', '=', mpan)
    .executeTakeFirstOrThrow();
  return runs;
};
const refusedWith = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof StabledoorError, String(thrown));
  assert.equal(thrown.code, code);
  return true;
};

test('a file is taken in its own zone, and the meter point keeps that zone', async () => {
  const mpan = await newMeterPoint();
  const report = await importer.importXml(mpan, greenButtonXml({ rows: hours(48) }));
  assert.equal(report.zone, 'America/Los_Angeles');
  assert.deepEqual(report.counts, { taken: 48, duplicate: 0, corrected: 0, refused: 0 });
  assert.deepEqual([report.firstDay, report.lastDay, report.daysChanged], ['2011-01-01', '2011-01-02', 2]);
  assert.deepEqual(report.rows[0], {
    line: firstRowLine,
    start: '2011-01-01T08:00:00Z',
    outcome: 'taken',
    reasons: [],
  });
  assert.equal((await source.describe(mpan))?.zone, 'America/Los_Angeles');
  assert.deepEqual(
    (await held(mpan)).map((day) => [day.day, day.intervalSeconds, day.values[0], day.values.length]),
    [
      ['2011-01-01', 3600, 100, 24],
      ['2011-01-02', 3600, 124, 24],
    ],
  );
});

test('a second run of the same file changes nothing and counts nothing twice', async () => {
  const mpan = await newMeterPoint();
  const xml = greenButtonXml({ rows: hours(30) });
  await importer.importXml(mpan, xml);
  const before = await held(mpan);
  const report = await importer.importXml(mpan, xml);
  assert.deepEqual(report.counts, { taken: 0, duplicate: 30, corrected: 0, refused: 0 });
  assert.deepEqual(await held(mpan), before);
  assert.equal(await runsOf(mpan), 2);
});

test('a correction counts, and the day as it was is kept beside it', async () => {
  const mpan = await newMeterPoint();
  await importer.importXml(mpan, greenButtonXml({ rows: hours(24) }));
  const report = await importer.importXml(mpan, greenButtonXml({ rows: [{ start, value: 7 }] }));
  assert.deepEqual(report.counts, { taken: 0, duplicate: 0, corrected: 1, refused: 0 });
  const [day] = await held(mpan);
  assert.equal(day?.values[0], 7);
  assert.equal(day?.values[1], 101);
  assert.equal(day?.revision, 2);
  const former = await importerDb
    .selectFrom('meter.former_day')
    .select(['readings', 'revision', 'replaced_by_run'])
    .where('mpan', '=', mpan)
    .execute();
  assert.deepEqual(
    former.map((each) => [each.readings[0], each.revision, each.replaced_by_run]),
    [[100, 1, report.run]],
  );
});

test('each bad row is refused with its line and its own reason, and the good ones are taken', async () => {
  const mpan = await newMeterPoint();
  const rows: [ButtonRow, string | null][] = [
    [{ start, value: 1 }, null],
    [{ start: start + 3600, value: -5 }, 'import_value_negative'],
    [{ start: start + 7200 }, 'import_value_absent'],
    [{ start: start + 7200, value: '' }, 'import_value_absent'],
    [{ start: start + 10_800, value: 'much' }, 'import_value_malformed'],
    [{ start: start + 10_800, value: 3_000_000_000 }, 'import_value_too_large'],
    [{ start: 'yesterday', value: 1 }, 'import_start_impossible'],
    [{ start: '', value: 1 }, 'import_start_impossible'],
    [{ start: '1293868800.5', value: 1 }, 'import_start_impossible'],
    [{ start: -5, value: 1 }, 'import_start_impossible'],
    [{ start: 1_900_000_000, value: 1 }, 'import_start_impossible'],
    [{ start: 99_999_999_999, value: 1 }, 'import_start_impossible'],
    [{ start: start + 14_400, value: 1, duration: 900 }, 'import_interval_mixed'],
    [{ start: start + 14_400, value: 1, duration: 2_592_000 }, 'import_interval_unsupported'],
    [{ start: start + 18_000, value: 1 }, 'import_overlap'],
    [{ start: start + 18_000, value: 2 }, 'import_overlap'],
    [{ start: start + 100, value: 1 }, 'import_interval_misplaced'],
    [{ start: start + 21_600, value: 0 }, null],
  ];
  const report = await importer.importXml(mpan, greenButtonXml({ rows: rows.map(([row]) => row) }));
  for (const [i, [, reason]] of rows.entries()) {
    const row = report.rows[i];
    assert.equal(row?.line, firstRowLine + i);
    assert.equal(row?.reasons[0]?.code ?? null, reason, JSON.stringify(row));
    assert.equal(row?.outcome, reason === null ? 'taken' : 'refused');
    assert.ok(row?.reasons.every((each) => each.detail.length > 5));
  }
  assert.deepEqual(report.counts, { taken: 2, duplicate: 0, corrected: 0, refused: 16 });
  const [day] = await held(mpan);
  assert.deepEqual(day?.values, [1, null, null, null, null, null, 0, ...Array(17).fill(null)]);
});

test('a bad file is refused as a whole, with its own code, and leaves nothing half done', async () => {
  const mpan = await newMeterPoint();
  const good = greenButtonXml({ rows: hours(24) });
  const files: [string | Uint8Array, string][] = [
    [good.slice(0, -20), 'import_file_malformed'],
    [good.slice(0, good.length / 2), 'import_file_malformed'],
    [Buffer.from([0xff, 0xfe, 0x3c, 0x00]), 'import_file_malformed'],
    ['', 'import_file_malformed'],
    ['LCLid,stdorToU,DateTime\r\n', 'import_file_malformed'],
    ['<readings/>', 'import_file_not_green_button'],
    [greenButtonXml({ rows: hours(2), prologue: '<!DOCTYPE feed>' }), 'import_dtd_refused'],
    [greenButtonXml({ rows: [] }), 'import_no_readings'],
    [greenButtonXml({ rows: hours(2), serviceKind: '1' }), 'import_fuel_differs'],
    [greenButtonXml({ rows: hours(2), localTime: { tzOffset: '18000' } }), 'import_zone_unknown'],
    [greenButtonXml({ rows: hours(2), localTime: { tzOffset: 'PST' } }), 'import_zone_unknown'],
    [good.replace('</entry>', '</entry><entry><espi:UsagePoint/></entry>'), 'import_several_meter_points'],
  ];
  for (const [file, code] of files)
    await assert.rejects(importer.importXml(mpan, file), refusedWith(code), code);
  await assert.rejects(
    importer.importPath(mpan, '/nowhere/at-all.xml'),
    refusedWith('import_file_unreadable'),
  );
  await assert.rejects(importer.importXml('nobody', good), refusedWith('import_meter_point_unknown'));
  const small = { limits: { bytes: 100 } };
  await assert.rejects(importer.importXml(mpan, good, small), refusedWith('import_file_too_large'));
  assert.deepEqual(await held(mpan), []);
  assert.equal(await runsOf(mpan), 0);
  assert.equal(
    (
      await importerDb
        .selectFrom('meter.meter_point')
        .select('zone')
        .where('mpan', '=', mpan)
        .executeTakeFirst()
    )?.zone,
    null,
  );
});

test('a failure in the middle of writing leaves neither days, nor former days, nor a run', async () => {
  const mpan = await newMeterPoint();
  await importer.importXml(mpan, greenButtonXml({ rows: hours(48) }));
  const before = await held(mpan);
  await sql`
    create function meter.fail_on_second() returns trigger language plpgsql as
      $$ begin if new.day = '2011-01-02' then raise exception 'disk full'; end if; return new; end $$;
    create trigger fail_on_second before update on meter.day for each row execute function meter.fail_on_second()`.execute(
    owner,
  );
  const corrected = greenButtonXml({ rows: hours(48, (i) => i) });
  await assert.rejects(importer.importXml(mpan, corrected), /disk full/);
  await sql`drop trigger fail_on_second on meter.day; drop function meter.fail_on_second()`.execute(owner);
  assert.deepEqual(await held(mpan), before);
  assert.equal(await runsOf(mpan), 1);
  const former = importerDb.selectFrom('meter.former_day').select('day').where('mpan', '=', mpan);
  assert.deepEqual(await former.execute(), []);
  assert.equal((await importer.importXml(mpan, corrected)).counts.corrected, 48);
});

test('a dry run decides about every row and writes nothing', async () => {
  const mpan = await newMeterPoint();
  const report = await importer.importXml(mpan, greenButtonXml({ rows: hours(24) }), { dryRun: true });
  assert.equal(report.counts.taken, 24);
  assert.equal(report.run, null);
  assert.deepEqual(await held(mpan), []);
  assert.equal(await runsOf(mpan), 0);
});

test('the zone that is named, the meter point’s and the file’s must agree', async () => {
  const xml = greenButtonXml({ rows: hours(2) });
  const differs = refusedWith('import_zone_differs');
  await assert.rejects(importer.importXml(await newMeterPoint(), xml, { zone: 'Europe/London' }), differs);
  await assert.rejects(importer.importXml(await newMeterPoint({ zone: 'Europe/London' }), xml), differs);
  const pacific = await newMeterPoint({ zone: 'America/Los_Angeles' });
  await assert.rejects(importer.importXml(pacific, xml, { zone: 'America/New_York' }), differs);
  await assert.rejects(
    importer.importXml(pacific, xml, { zone: 'Mars/Olympus' }),
    refusedWith('import_zone_unknown'),
  );
  assert.equal((await importer.importXml(pacific, xml, { zone: 'America/Los_Angeles' })).counts.taken, 2);
  const silent = greenButtonXml({ rows: [{ start: start - 28_800, value: 1 }], localTime: null });
  assert.equal((await importer.importXml(await newMeterPoint(), silent)).zone, 'Europe/London');
});

test('export goes to a register of its own, and a net reading is refused', async () => {
  const mpan = await newMeterPoint();
  const flow = (flowDirection: string) => greenButtonXml({ rows: hours(24), type: { flowDirection } });
  await importer.importXml(mpan, flow('1'));
  await importer.importXml(mpan, flow('19'));
  assert.deepEqual(
    (await source.describe(mpan))?.holdings.map((holding) => holding.register),
    ['export', 'import'],
  );
  const net = await importer.importXml(mpan, flow('4'));
  assert.equal(net.rows[0]?.reasons[0]?.code, 'import_register_unsupported');
  const differs = await importer.importXml(mpan, flow('19'), { register: 'import' });
  assert.equal(differs.rows[0]?.reasons[0]?.code, 'import_register_differs');
});

test('a multiplier and a fraction are turned into whole watt-hours, and the fraction’s original is kept', async () => {
  const mpan = await newMeterPoint();
  const rows = [
    { start, value: '1.2345' },
    { start: start + 3600, value: '0.5' },
  ];
  await importer.importXml(mpan, greenButtonXml({ rows, type: { powerOfTenMultiplier: '3' } }));
  const row = await importerDb
    .selectFrom('meter.day')
    .select(['readings', 'originals'])
    .where('mpan', '=', mpan)
    .executeTakeFirstOrThrow();
  assert.deepEqual(row.readings.slice(0, 3), [1235, 500, null]);
  assert.deepEqual(row.originals, { 0: '1.2345e3' });
});

test('gas in cubic metres is kept in litres', async () => {
  const mpan = await newMeterPoint({ fuel: 'gas', unit: 'dm3' });
  const xml = greenButtonXml({ rows: hours(2), serviceKind: '1', type: { commodity: '7', uom: '42' } });
  await importer.importXml(mpan, xml);
  assert.deepEqual((await held(mpan))[0]?.values.slice(0, 2), [100_000, 101_000]);
});

test('totals of a register and a file without a unit are refused row by row', async () => {
  const mpan = await newMeterPoint();
  for (const [type, code] of [
    [{ accumulationBehaviour: '3' }, 'import_not_interval_data'],
    [{ uom: null }, 'import_unit_missing'],
    [{ uom: '169' }, 'import_unit_unsupported'],
  ] as const) {
    const report = await importer.importXml(mpan, greenButtonXml({ rows: hours(3), type }));
    assert.equal(report.counts.refused, 3);
    assert.ok(report.rows.every((row) => row.reasons[0]?.code === code));
  }
});

test('an import waits for another one of the same meter point, and counts nothing twice', async () => {
  const mpan = await newMeterPoint();
  let settled = false;
  const waiting = await importerDb.transaction().execute(async (tx) => {
    await lockMeterPoint(tx, mpan);
    const second = importer.importXml(mpan, greenButtonXml({ rows: hours(24) })).finally(() => {
      settled = true;
    });
    await setTimeout(300);
    assert.equal(settled, false);
    return { second }; // a bare promise would be awaited inside the transaction it waits for
  });
  assert.equal((await waiting.second).counts.taken, 24);
});

test('a meter point number with a wrong check digit is warned of, and taken', async () => {
  await addMeterPoints(importerDb, [{ mpan: '1234567890123', fuel: 'electricity', zone: null }]);
  const seen: number[] = [];
  const xml = greenButtonXml({ rows: hours(2) });
  const report = await importer.importXml('1234567890123', xml, {
    onProgress: ({ bytes }) => seen.push(bytes),
  });
  assert.match(report.warnings[0] ?? '', /check digit/);
  assert.equal(report.counts.taken, 2);
  assert.equal(seen.at(-1), Buffer.byteLength(xml));
});
