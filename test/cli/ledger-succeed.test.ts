// `ledger succeed` as operators call it: one writes a proposal into a file, another approves that file; in production nothing
// less will do, elsewhere one suffices.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addOperatorAlone } from '../../src/operator/joining.ts';
import { makeOperatorKey } from '../../src/operator/operator-key.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { fileKey } from '../support/operators.ts';

const databases = await testDatabases();
const folder = await testDataFolder(async () => {});
const [file, bent] = ['proposal.json', 'bent.json'].map((name) => join(folder, name)) as [string, string];
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases });
  for (const name of ['Ann', 'Ben']) {
    const key = fileKey(await makeOperatorKey(join(folder, name)));
    await addOperatorAlone({ ...broker.parts.operators }, { name, role: 'custodian', key });
  }
});
after(async () => {
  await broker.close();
  await databases.close();
});

const succeed = (who: string | null, ...args: string[]) => {
  const own = who === null ? {} : { STABLEDOOR_OPERATOR_KEY_FILE: join(folder, who) };
  return stabledoor({ ...broker.environment, ...own }, ['ledger', 'succeed', ...args]);
};

test('one proposes into a file that is never written over, another approves it, and it is done once', async () => {
  const proposed = await succeed('Ann', '--restored', '--propose', file);
  assert.equal(proposed.code, 0, proposed.err);
  assert.match(proposed.out, /Nothing is done yet\. Another operator approves it/);
  assert.match((await succeed('Ann', '--restored', '--propose', file)).err, /cannot be made \(EEXIST\)/);
  assert.match((await succeed(null, '--approve', file)).err, /STABLEDOOR_OPERATOR_KEY_FILE/);
  assert.match((await succeed('Ann', '--approve', file)).err, /Nobody approves what they proposed/);
  await writeFile(bent, (await readFile(file, 'utf8')).replace('"restored": 1', '"restored": 0'));
  assert.match((await succeed('Ben', '--approve', bent)).err, /That is not what was proposed/);
  assert.match((await succeed('Ben', '--approve', join(folder, 'Ben'))).err, /no proposal/);
  const done = await succeed('Ben', '--approve', file, '--json');
  assert.equal(done.code, 0, done.err);
  assert.equal(JSON.parse(done.out).origin, `${broker.parts.log.origin}-2`);
  assert.match((await succeed('Ben', '--approve', file)).err, /decided already/);
});

test('in a sandbox or demo one suffices, and a name that is given must be that of the log', async () => {
  const former = `${broker.parts.log.origin}-2`;
  const other = await succeed(null, '--restored', '--confirm', broker.parts.log.origin);
  assert.equal(other.code, 2);
  assert.match(other.err, new RegExp(`--confirm: say ${former}`));
  const done = await succeed(null, '--restored', '--confirm', former, '--json');
  assert.equal(done.code, 0, done.err);
  assert.equal(JSON.parse(done.out).former, former);
});

test('proofs and tiles of a log that another goes on for are had by its name', async () => {
  const { origin } = broker.parts.log;
  const run = (...args: string[]) => stabledoor(broker.environment, ['ledger', ...args]);
  const proof = JSON.parse((await run('proof', '0', '--log', origin, '--json')).out);
  assert.ok(proof.checkpoint.startsWith(`${origin}\n${proof.size}\n`));
  const grown = JSON.parse((await run('consistency', '1', '--log', `${origin}-2`, '--json')).out);
  assert.ok(grown.checkpoint.startsWith(`${origin}-2\n`));
  const out = join(folder, 'tiles');
  assert.equal((await run('tiles', '--out', out, '--log', origin)).code, 0);
  assert.ok((await readFile(join(out, 'checkpoint'), 'utf8')).startsWith(`${origin}\n`));
  const none = await run('proof', '0', '--log', 'other');
  assert.equal(none.code, 2);
  assert.match(none.err, new RegExp(`--log: there is ${origin}, ${origin}-2, ${origin}-3, and no other`));
});

test('what does not go together is refused', async () => {
  assert.equal((await succeed('Ann', '--propose', bent, '--approve', file)).code, 2);
  assert.equal((await succeed('Ben', '--approve', file, '--origin', 'elsewhere.example/ledger')).code, 2);
});
