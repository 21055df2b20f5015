// What reaches a log line when the database refuses a row: never the row.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { StabledoorError } from '../../src/lib/errors.ts';
import { openLogger } from '../../src/observe/logger.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

async function faultOf(statement: Promise<unknown>): Promise<unknown> {
  return statement.then(
    () => assert.fail('it was taken'),
    (error: unknown) => error,
  );
}

const lineOf = (err: unknown): string => {
  const lines: string[] = [];
  openLogger('info', { write: (line) => void lines.push(line) }).error({ err }, 'a fault');
  return lines.join('');
};

test('a refused row is logged by what refused it, and no value of it, however deep the cause lies', async () => {
  const refused = await faultOf(
    sql`insert into household.household (household_id, log_id, added_at) values ('ann@example.org, 12 Mill Lane', 1, now())`.execute(
      databases.app,
    ),
  );
  const misread = await faultOf(sql`select 'ann@example.org'::text::integer`.execute(databases.app));
  for (const fault of [refused, misread])
    for (const logged of [fault, new StabledoorError('ledger_unavailable', undefined, {}, {}, fault)]) {
      const line = lineOf(logged);
      assert.doesNotMatch(line, /ann@|Mill Lane/);
      assert.match(line, /"sqlstate":"2(3514|2P02)"/);
    }
  assert.match(lineOf(refused), /household_household_id_check/);
});

test('a fault of ours keeps its message and its stack in the log', () => {
  const line = lineOf(new TypeError('the request has no id'));
  assert.match(line, /the request has no id/);
  assert.match(line, /logger\.test\.ts/);
});
