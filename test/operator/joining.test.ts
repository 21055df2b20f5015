// The first two operators join with a code each; nobody joins with one after them, and no code works twice.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { joinWithCode, makeJoiningCode } from '../../src/operator/joining.ts';
import { makeOperatorKey } from '../../src/operator/operator-key.ts';
import { listOperators } from '../../src/operator/operator-store.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testLedger } from '../support/ledger.ts';
import { fileKey } from '../support/operators.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases, { mode: 'production' });
const folder = await testDataFolder(async () => {});
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger, production: true };

let keys = 0;
const newcomer = async (name: string, role: 'administrator' | 'registrar' = 'administrator') => ({
  name,
  role,
  key: fileKey(await makeOperatorKey(`${folder}/${++keys}.key`)),
});
const invalid = { code: 'joining_code_invalid' };

test('a code works once, also for many at once, and as somebody types it', async () => {
  const code = await makeJoiningCode(parts);
  assert.match(code, /^([2-9A-HJKMNP-Z]{5}-){3}[2-9A-HJKMNP-Z]{5}$/);
  const people = await Promise.all(['Ann', 'Bob', 'Cat'].map((name) => newcomer(name)));
  const typed = code.toLowerCase().replaceAll('-', ' ');
  const outcomes = await Promise.allSettled(people.map((one) => joinWithCode(parts, one, typed)));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(joinWithCode(parts, await newcomer('Dot'), code), invalid);
  assert.equal((await listOperators(databases.app)).length, 1);
  assert.equal((await allEntries(databases.app)).filter(({ kind }) => kind === 'operator.added').length, 1);
  const { rows } = await sql<{ code_hash: Buffer }>`select code_hash from operator.joining_code`.execute(
    databases.owner,
  );
  assert.ok(rows.every(({ code_hash }) => !code_hash.includes(Buffer.from(code))));
});

test('a name that is taken, or another role than administrator, spends no code', async () => {
  const code = await makeJoiningCode(parts);
  const [known] = await listOperators(databases.app);
  await assert.rejects(joinWithCode(parts, await newcomer(known?.name.toUpperCase() ?? ''), code), /already/);
  await assert.rejects(joinWithCode(parts, await newcomer('Eve', 'registrar'), code), /administrators/);
  await assert.rejects(makeJoiningCode(parts), /As many codes are open as there are places/);
  const anew = await makeJoiningCode(parts, { anew: true });
  await assert.rejects(joinWithCode(parts, await newcomer('Eve'), code), invalid);
  assert.ok(anew);
});

test('ten wrong codes make those that are open worthless', async () => {
  const code = await makeJoiningCode(parts, { anew: true });
  for (let wrong = 0; wrong < 10; wrong++)
    await assert.rejects(joinWithCode(parts, await newcomer('Eve'), `22222-${wrong}`), invalid);
  await assert.rejects(joinWithCode(parts, await newcomer('Eve'), code), invalid);
});

test('a code works for a day', async () => {
  const code = await makeJoiningCode(parts, { anew: true });
  await sql`update operator.joining_code set expires_at = ledger.now()`.execute(databases.owner);
  await assert.rejects(joinWithCode(parts, await newcomer('Eve'), code), invalid);
});

test('with two there, no code is made, and the database lets nobody in by one', async () => {
  await joinWithCode(parts, await newcomer('Ben'), await makeJoiningCode(parts));
  await assert.rejects(makeJoiningCode(parts, { anew: true }), /The first two operators are there/);
  const lax = { ...parts, production: false };
  const code = await makeJoiningCode(lax);
  await assert.rejects(joinWithCode(lax, await newcomer('Eve'), code), /two operators: no proposal/);
  await assert.rejects(
    sql`update operator.operator set removed_at = ledger.now()`.execute(databases.app),
    /two operators: no proposal/,
  );
});
