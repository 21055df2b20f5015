// A household's own file by the real command, and by the one in Python: the same exit codes for the same files.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chainVectors } from '../ledger/chain-vectors.ts';
import { ours } from '../ledger/vectors.ts';
import { stabledoor } from '../support/command.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { runPythonChain, whyNoPython } from '../support/python-verifier.ts';

const folder = await testDataFolder(async () => {});
after(() => rm(folder, { recursive: true, force: true }));

const fileOf = (name: string): string => chainVectors.find((one) => one.name === name)?.file as string;
const sound = fileOf('sound');
const notText = Buffer.from(sound);
notText[sound.indexOf('1200023305967')] = 0xff;

const cases: [string, number, string | Uint8Array, RegExp, string[]][] = [
  ['a sound file', 0, sound, /^$/, [ours.logKey]],
  ['with the key of a witness too', 0, sound, /^$/, [ours.logKey, ours.witnessKey]],
  ['an entry held back', 1, fileOf('withheld'), /./, [ours.logKey]],
  ['a checkpoint of another signer', 1, fileOf('other-signer'), /./, [ours.logKey]],
  ['no file of the format', 2, '{}', /./, [ours.logKey]],
  [
    'nested too deep',
    2,
    sound.replace('"1200023305967"', `${'['.repeat(9999)}${']'.repeat(9999)}`),
    /deep/,
    [ours.logKey],
  ],
  ['no UTF-8', 2, notText, /UTF-8/, [ours.logKey]],
  ['no key', 2, sound, /needs --key/, []],
  ['a key of no log', 2, sound, /none of the keys/, [ours.witnessKey]],
];

for (const [name, wanted, file, words, keys] of cases)
  test(`exit code ${wanted}: ${name}`, async () => {
    const path = join(folder, 'file.json');
    await writeFile(path, file);
    const args = keys.flatMap((key) => ['--key', key]);
    const ran = await stabledoor({}, ['ledger', 'verify', '--chain', path, ...args]);
    assert.equal(ran.code, wanted, ran.err);
    if (wanted !== 1) assert.match(ran.err, words);
    if (whyNoPython === null) assert.equal(runPythonChain(file, ...args).code, wanted);
  });
