// The embedded server on a data folder of its own: several processes start, use and leave it without harming each other.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';
import { testDataFolder } from '../support/data-folder.ts';

const dataDir = await testDataFolder();

async function ask(server: EmbeddedServer, question: string): Promise<unknown> {
  const url = server.url('postgres', server.superuserPassword, 'postgres');
  const db: Kysely<unknown> = openDatabase({ url, maxConnections: 1 });
  try {
    const { rows } = await sql.raw(question).execute(db);
    return Object.values(rows[0] as object)[0];
  } finally {
    await db.destroy();
  }
}

test('two who start an empty data folder at once share one server, and the last one out stops it', async () => {
  const [one, other] = await Promise.all([startEmbedded(dataDir), startEmbedded(dataDir)]);
  assert.equal(one.port, other.port);
  assert.equal(await ask(one, 'show data_checksums'), 'on');
  await one.stop();
  assert.equal(await ask(other, 'select 1'), 1, 'stopped under a user');
  await other.stop();
  await assert.rejects(ask(other, 'select 1'), /ECONNREFUSED/);
});

test('a server whose only user was killed is adopted by the next, with what was committed, and stopped', async () => {
  const child = fork(join(import.meta.dirname, '../support/embedded-user.ts'), [dataDir]);
  const [port] = (await once(child, 'message')) as [number];
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await startEmbedded(dataDir);
  assert.equal(server.adopted, true);
  assert.equal(server.port, port);
  await server.stop();
  await assert.rejects(ask(server, 'select 1'), /ECONNREFUSED/);
});
