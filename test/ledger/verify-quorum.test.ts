// A log held to a witness policy: what counts, what is said of who runs the witnesses, and how both commands are called.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import { parseWitnessPolicy, WitnessPolicyError } from '../../src/ledger/witness-policy.ts';
import { stabledoor } from '../support/command.ts';
import { inPython, runPython, whyNoPython } from '../support/python-verifier.ts';
import { policyText, policyVectors } from './policy-vectors.ts';
import { entriesOf, exportOf, honest, verifyLines } from './small-log.ts';
import { ours } from './vectors.ts';

const skip = whyNoPython ?? false;
const folder = mkdtempSync(join(tmpdir(), 'quorum-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const vectorOf = (name: string) => {
  const found = policyVectors.find((one) => one.name === name);
  assert.ok(found);
  return { file: found.file, policy: found.policy as string };
};
const parse = (text: string) => parseWitnessPolicy(Buffer.from(text), sha256);

const run = (...args: string[]) => stabledoor({}, ['ledger', 'verify', ...args]);

test('the verdict says who runs each witness as the policy file says it, and that it is the file that says so', async () => {
  const { file, policy } = vectorOf('quorum-earlier-only');
  const ran = await run('--export', fileOf('a.ndjson', file), '--policy', fileOf('a.txt', policy));
  assert.equal(ran.code, 1, ran.err);
  assert.match(ran.err, /quorum_not_met: no checkpoint of all 8 entries .*the newest that is covers 6/);
  assert.match(ran.out, /w1 \(witness\.example\/w1, https:\/\/witness\.example\) by The regulator;/);
  assert.match(ran.out, /w2 \(witness\.example\/w2\) by the operator of the log/);
  assert.match(ran.out, /The file claims it; nothing here shows it/);
  assert.match(ran.out, /1 checkpoints that witnesses of the policy cosigned, but too few/);
  assert.doesNotMatch(ran.out, /That anybody but the operator has seen this log/);
});

test('the policy alone is enough to verify with, and its answer is for programs too', async () => {
  const { file, policy } = vectorOf('quorum-any');
  const ran = await run('--export', fileOf('b.ndjson', file), '--policy', fileOf('b.txt', policy), '--json');
  assert.equal(ran.code, 0, ran.err);
  const { sound, policy: held, unproven } = JSON.parse(ran.out);
  assert.equal(sound, true);
  assert.deepEqual(held, {
    quorum_size: 8,
    below_quorum: 0,
    needs_outsider: false,
    witnesses: [
      {
        name: 'w1',
        key_name: 'witness.example/w1',
        url: 'https://witness.example',
        run_by: 'The regulator',
        signed: false,
      },
      { name: 'w2', key_name: 'witness.example/w2', url: null, run_by: null, signed: true },
    ],
  });
  assert.match(unproven.join('\n'), /no witness is needed that somebody else runs/);
});

test('a policy that cannot be used is wrong usage, never a verdict', async () => {
  const { file, policy } = vectorOf('quorum-met');
  const exported = fileOf('c.ndjson', file);
  const without = policy.split('\n').slice(1).join('\n');
  for (const [args, why] of [
    [['--export', exported, '--policy', join(folder, 'none')], /there is no file/],
    [
      ['--export', exported, '--policy', fileOf('cut.txt', policy.slice(0, -1))],
      /does not end in a line feed/,
    ],
    [['--export', exported, '--policy', fileOf('without.txt', without)], /no log line/],
    [['--policy', fileOf('c.txt', policy)], /goes with --export/],
    [['--chain', exported, '--key', ours.logKey, '--policy', fileOf('c.txt', policy)], /goes with --export/],
  ] as const) {
    const ran = await run(...args);
    assert.equal(ran.code, 2, ran.err);
    assert.match(ran.err, why);
    assert.equal(ran.out, '');
  }
  const withKey = await run(
    '--export',
    exported,
    '--policy',
    join(folder, 'without.txt'),
    '--key',
    ours.logKey,
  );
  assert.equal(withKey.code, 0, withKey.err);
  const lines = exportOf(entriesOf(honest));
  await assert.rejects(verifyLines(lines, { keys: [], policy: parse('quorum none\n') }), NoteError);
});

test('the second implementation is called the same way', { skip }, () => {
  const { file, policy } = vectorOf('quorum-met');
  const ran = runPython(file, '--policy', fileOf('d.txt', policy));
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /by The regulator; w2 .*by the operator of the log/);
  const short = vectorOf('quorum-one-witness-twice');
  assert.equal(runPython(short.file, '--policy', fileOf('d.txt', short.policy)).code, 1);
  assert.equal(runPython(file, '--policy', fileOf('d.txt', 'quorum none\n')).code, 2);
  assert.equal(runPython(file, '--policy', fileOf('d.txt', 'quorum')).code, 2);
});

test('both take and refuse the same policy files', { skip }, () => {
  const good = policyText('group g 2 w1 w2', 'quorum g');
  const [log, , witness] = good.split('\n') as [string, string, string];
  const texts = [
    good,
    policyText('quorum w1'),
    policyText('quorum none'),
    policyText(),
    policyText('quorum w1', 'quorum w1'),
    policyText('quorum w3'),
    policyText('group g 3 w1 w2', 'quorum g'),
    policyText('group g 0 w1 w2', 'quorum g'),
    policyText('group g 02 w1 w2', 'quorum g'),
    policyText('group g any w1 w1', 'quorum g'),
    policyText('group g any w1', 'group h any w1', 'quorum h'),
    policyText('group g any', 'quorum g'),
    policyText('group none any w1', 'quorum none'),
    policyText('group w1 any w2', 'quorum w1'),
    policyText('# run-by w1 Again', 'quorum w1'),
    policyText('#run-by w3 Nobody', 'quorum w1'),
    policyText('# run-by w3', 'quorum w1'),
    policyText('#', '# run-by', '##', 'quorum w1').replace('# run-by\n', ''),
    policyText('\tquorum \t w1 '),
    policyText('quorum w1\r'),
    policyText('quorum w1', 'nonsense'),
    policyText('quorum w1', log),
    policyText('quorum w1', witness.replace('w1', 'w3')),
    policyText('quorum w1', `log ${log.split(' ')[1]} https://x.example y`),
    good.replace('https://witness.example/', 'ftp://witness.example/'),
    good.replace('https://witness.example/', 'https://witness.example/?a'),
    good.replace('https://witness.example/', 'https://'),
    good.replace('https://witness.example/', 'https://witness.example:99999/'),
    good.slice(0, -1),
    `\ufeff${good}`,
    good.replace('log broker', 'log  broker'),
    good.replace('fe45b998', 'fe45b999'),
    '',
    'quorum none\n',
  ];
  const here = texts.map((text) => {
    try {
      const { logs, witnesses } = parse(text);
      return [logs.length, witnesses.map(({ name, url, runBy }) => [name, url, runBy])];
    } catch (error) {
      assert.ok(error instanceof WitnessPolicyError, String(error));
      return null;
    }
  });
  const code = `
answers = []
for text in json.load(sys.stdin):
    try:
        policy = verify.Policy(text.encode())
        answers.append([len(policy.logs), [[one["name"], one["url"], one["run_by"]] for one in policy.witnesses]])
    except verify.PolicyError:
        answers.append(None)
print(json.dumps(answers))`;
  const there = inPython(code, texts) as unknown[];
  for (const [i, text] of texts.entries()) assert.deepEqual(there[i], here[i], JSON.stringify(text));
  assert.ok(here.filter((one) => one !== null).length >= 6 && here.filter((one) => one === null).length > 20);
});
