// The command line before it opens anything: help, usage, settings, and the Node that it runs under.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { commandLine } from '../../src/cli/main.ts';
import { launcher, stabledoor } from '../support/command.ts';

const oneLine = /^stabledoor: [^\n]+\n$/;

const every = (command: Command): Command[] => [command, ...command.commands.flatMap(every)];

test('every command says what it does, and --help ends with 0', async () => {
  for (const command of every(commandLine())) {
    assert.notEqual(command.description(), '', command.name());
    for (const option of command.options) assert.notEqual(option.description, '', option.flags);
  }
  const help = await stabledoor({}, ['third-party', 'add', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.out, /--redirect-uri/);
  assert.match(help.out, /energy-adviser\s+energy-advice, automation/);
});

test('every command that answers with data takes --json', () => {
  // The witness serves and answers nothing.
  const leaves = every(commandLine()).filter(
    (command) => command.commands.length === 0 && command.name() !== 'witness',
  );
  assert.ok(leaves.length >= 12);
  for (const leaf of leaves)
    assert.ok(
      leaf.options.some((option) => option.long === '--json'),
      leaf.name(),
    );
});

test('wrong usage is 2 and one line on stderr', async () => {
  for (const args of [
    ['nonsense'],
    ['third-party', 'add', '--name', 'x'],
    ['ledger', 'verify', '--export', '/no/such/file'],
    ['ledger', 'export', '--out', 'x', '--to', 'nine'],
    ['import', 'x', '--format', 'zip', '--meter-point', 'm'],
    [
      'household',
      'add',
      '--email',
      'a@b.example',
      '--meter-point',
      'm',
      '--address',
      'x',
      '--zone',
      'Mars/Phobos',
    ],
  ]) {
    const ran = await stabledoor({}, args);
    assert.equal(ran.code, 2, args.join(' '));
    assert.match(ran.err, oneLine);
    assert.equal(ran.out, '');
  }
});

test('a bad setting is 78 and one line that names it, in the command line and in the broker', async () => {
  const ran = await stabledoor({ STABLEDOOR_MODE: 'prod' }, ['third-party', 'list']);
  assert.equal(ran.code, 78);
  assert.match(ran.err, oneLine);
  assert.match(ran.err, /STABLEDOOR_MODE/);
  const listed = await stabledoor({ STABLEDOOR_NONSENSE: '1' }, ['config', '--json']);
  assert.equal(listed.code, 78);
  assert.ok((JSON.parse(listed.out) as { name: string }[]).some(({ name }) => name === 'STABLEDOOR_MODE'));
});

test('under an old Node the command runs itself under the one that npm ci brought', async () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })`;
  const asOld = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
  const ran = await stabledoor({}, ['--version'], asOld);
  assert.deepEqual([ran.code, ran.out.trim()], [0, '0.1.0']);
  assert.equal((await stabledoor({}, ['nonsense'], asOld)).code, 2);
});

test('whoever has read enough of an answer is not told of it', async () => {
  const child = spawn(process.execPath, [launcher, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  assert.deepEqual([code, err], [0, '']);
});

test('a command keeps what it compiled beside what it brings, and in no folder for everybody', async () => {
  const kept = join(import.meta.dirname, '../../node_modules/.cache/stabledoor');
  await rm(kept, { recursive: true, force: true });
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [launcher, '--version'], { stdio: 'ignore', env: { PATH, HOME } });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.notEqual((await readdir(kept, { recursive: true })).length, 0);
});
