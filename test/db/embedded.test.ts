// The embedded server on a data folder of its own: several processes start, use and leave it without harming each other.
import assert from 'node:assert/strict';
import { type ForkOptions, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
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
    return Object.values(rows[0] ?? {})[0];
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

const program = join(import.meta.dirname, '../support/embedded-user.ts');
const forkUser = (folder: string, options: ForkOptions = {}) => fork(program, [folder], options);

test('a server whose only user was killed is adopted by the next, with what was committed, and stopped cleanly', async () => {
  const child = forkUser(dataDir);
  const [port] = (await once(child, 'message')) as [number];
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await startEmbedded(dataDir);
  assert.equal(server.adopted, true);
  assert.equal(server.port, port);
  assert.equal(await ask(server, 'show fsync'), 'on');
  await ask(server, 'create table kept as select 7 as value');
  await server.stop();
  await assert.rejects(ask(server, 'select 1'), /ECONNREFUSED/);
  const log = await readFile(join(dirname(server.cluster), 'server.log'), 'utf8');
  assert.match(log.trimEnd().split('\n').at(-1) ?? '', /database system is shut down/);
});

test('a pid file whose pid is another program’s by now does not pass for a server', async () => {
  const cluster = join(dataDir, 'postgres/cluster');
  const left = `${process.pid}\n${cluster}\n1\n1\n\n127.0.0.1\n1\nready\n`;
  await writeFile(join(cluster, 'postmaster.pid'), left);
  const server = await startEmbedded(dataDir);
  assert.equal(server.adopted, false);
  assert.equal(await ask(server, 'select value from kept'), 7);
  await server.stop();
});

test('a start that was killed in the middle of initdb leaves nothing that a later start trips over', async () => {
  const folder = join(dataDir, 'cut');
  await mkdir(folder, { mode: 0o755 });
  const child = forkUser(folder);
  await untilInitdbWrites(join(folder, 'postgres'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await startEmbedded(folder);
  assert.equal(server.adopted, false);
  assert.equal(await ask(server, 'select 1'), 1);
  const left = (await readdir(dirname(server.cluster))).filter((name) => name.startsWith('unfinished'));
  assert.deepEqual(left, []);
  await server.stop();
});

async function untilInitdbWrites(folder: string): Promise<void> {
  for (;;) {
    const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
    if (names.some((name) => /^unfinished-[0-9a-f]+\/cluster\/base$/.test(name))) return;
    await wait(20);
  }
}

const isRoot = process.getuid?.() === 0;

test('as root in a closed folder it works, and a data folder made anew gets a cluster made anew', {
  skip: isRoot ? false : 'this needs root',
}, async () => {
  const parent = await mkdtemp(join(homedir(), '.stabledoor-test-'));
  await chmod(parent, 0o700);
  const closed = join(parent, 'data');
  const first = await startEmbedded(closed);
  after(() =>
    Promise.all([parent, dirname(first.cluster)].map((path) => rm(path, { recursive: true, force: true }))),
  );
  assert.ok(!first.cluster.startsWith(parent));
  await ask(first, 'create table old as select 1');
  await first.stop();
  // As when a clone is deleted and made again: the old password is gone, and so is what it opened.
  await rm(closed, { recursive: true });
  await mkdir(join(closed, 'test'), { recursive: true });
  const second = await startEmbedded(closed);
  assert.notEqual(second.superuserPassword, first.superuserPassword);
  assert.equal(await ask(second, "select to_regclass('old')"), null);
  await second.stop();
  await rm(join(closed, 'postgres-password'));
  await writeFile(join(closed, 'something'), '');
  await assert.rejects(startEmbedded(closed), /password of the PostgreSQL .* is missing: put back/);
});

const nobody = { uid: 65_534, gid: 65_534 };

test('as a user without any privilege it works, in that user’s own folder', {
  skip: isRoot ? false : 'this needs root, to become somebody else',
}, async (t) => {
  const look = `require('node:fs').readFileSync(${JSON.stringify(program)})`;
  const looking = spawn(process.execPath, ['-e', look], { ...nobody, stdio: 'ignore' });
  // In root's own home not even the runtime can be started by another: that is an error and no exit.
  const code = await once(looking, 'exit').then(
    ([exit]) => exit,
    () => 'closed',
  );
  if (code !== 0) return t.skip('this clone is closed to other users');
  const own = join(dataDir, 'nobody');
  await mkdir(own, { mode: 0o700 });
  await chown(own, nobody.uid, nobody.gid);
  const child = forkUser(own, nobody);
  await once(child, 'message');
  assert.equal((await stat(join(own, 'postgres/cluster'))).uid, nobody.uid);
  child.send('leave');
  await once(child, 'exit');
  await assert.rejects(stat(join(own, 'postgres/cluster/postmaster.pid')), { code: 'ENOENT' });
});
