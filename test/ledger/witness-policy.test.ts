// The witness policy file, line by line, and what is enough under it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { cosigner, noteSigner } from '../../src/ledger/note-signer.ts';
import {
  type PolicyMember,
  parseWitnessPolicy,
  type WitnessPolicy,
  WitnessPolicyError,
} from '../../src/ledger/witness-policy.ts';
import { meetsQuorum, needsOutsider } from '../../src/ledger/witness-quorum.ts';
import { ours } from './vectors.ts';

const seed = (n: number) => new Uint8Array(32).fill(n);
const keyOf = (n: number) => cosigner(`w${n}.example`, seed(10 + n)).key;
const parse = (...lines: string[]): WitnessPolicy =>
  parseWitnessPolicy(Buffer.from(lines.map((line) => `${line}\n`).join('')), sha256);
const witness = (n: number, url = '') => `witness W${n} ${keyOf(n).text} ${url}`;
const refused = (why: RegExp, ...lines: string[]) =>
  assert.throws(
    () => parse(...lines),
    (error) => {
      assert.ok(error instanceof WitnessPolicyError);
      assert.match(error.message, why);
      return true;
    },
    lines.join(' | '),
  );
const signedBy = (...numbers: number[]) => numbers.map((n) => ({ key: keyOf(n) }));

test('a policy like the example of the specification is read', () => {
  const policy = parse(
    '# Our log',
    `log ${ours.logKey} https://broker.example/ledger/`,
    '',
    `  ${witness(1)}`,
    witness(2, 'https://w2.example/x/'),
    witness(3),
    'group X 2 W1\tW2  W3 ',
    witness(4),
    witness(5),
    'group Y any W4 W5',
    'group X-and-Y all X Y',
    'quorum X-and-Y',
  );
  assert.equal(policy.logs[0]?.key.text, ours.logKey);
  assert.equal(policy.logs[0]?.url, 'https://broker.example/ledger');
  assert.deepEqual(
    policy.witnesses.map(({ name, url }) => [name, url]),
    [
      ['W1', null],
      ['W2', 'https://w2.example/x'],
      ['W3', null],
      ['W4', null],
      ['W5', null],
    ],
  );
  for (const [signers, isEnough] of [
    [[1, 2, 4], true],
    [[2, 3, 5], true],
    [[1, 2, 3, 4, 5], true],
    [[1, 2], false],
    [[1, 4, 5], false],
    [[4, 5], false],
    [[], false],
  ] as const)
    assert.equal(meetsQuorum(policy, signedBy(...signers)), isEnough, signers.join());
});

test('a quorum counts distinct keys, and strangers not at all', () => {
  const policy = parse(witness(1), witness(2), 'group both 2 W1 W2', 'quorum both');
  assert.equal(meetsQuorum(policy, signedBy(1, 1, 1)), false);
  assert.equal(meetsQuorum(policy, signedBy(1, 3, 4)), false);
  assert.equal(meetsQuorum(policy, signedBy(2, 1)), true);
});

test('a single witness can be the quorum, and none asks for nobody', () => {
  assert.equal(meetsQuorum(parse(witness(1), 'quorum W1'), signedBy(1)), true);
  assert.equal(meetsQuorum(parse(witness(1), 'quorum W1'), []), false);
  assert.equal(meetsQuorum(parse('quorum none'), []), true);
});

test('a line that could be read in two ways, or not at all, refuses the policy with its number', () => {
  const [w1, w2] = [witness(1), witness(2)];
  refused(/no quorum/, w1);
  refused(/line 3: there is a quorum line already/, w1, 'quorum W1', 'quorum W1');
  refused(/line 1: W1 is not defined before/, 'quorum W1', w1);
  refused(/line 2: W2 is not defined before/, w1, 'group g any W1 W2', w2, 'quorum g');
  refused(/line 1: g is not defined before/, 'group g any g', 'quorum g');
  refused(/line 2: W1 is defined already/, w1, witness(2).replace('W2', 'W1'), 'quorum W1');
  refused(/line 2: W1 is defined already/, w1, 'group W1 any W1', 'quorum W1');
  refused(/line 3: W1 is in a group already/, w1, 'group a any W1', 'group b any W1', 'quorum b');
  refused(/line 2: W1 is in a group already/, w1, 'group a any W1 W1', 'quorum a');
  refused(/none is no name/, witness(1).replace('W1', 'none'), 'quorum none');
  refused(/none is not defined/, w1, 'group a any W1 none', 'quorum a');
  refused(
    /this key stands here already/,
    w1,
    `witness W2 ${cosigner('else', seed(11)).key.text}`,
    'quorum W1',
  );
  refused(/this key stands here already/, `log ${ours.logKey}`, `log ${ours.logKey}`, 'quorum none');
  for (const k of ['0', '3', '01', '+1', '1.0', '-1', 'ALL', 'some'])
    refused(/any, all, or a number/, w1, w2, `group g ${k} W1 W2`, 'quorum g');
  refused(/a group line has/, w1, 'group g any', 'quorum none');
  refused(/a quorum line has one name/, 'quorum');
  refused(/a quorum line has one name/, 'quorum none none');
  refused(/a line begins with/, 'Quorum none');
  refused(/a witness line has/, 'witness W1', 'quorum none');
  refused(/a witness line has/, `${witness(1, 'http://a.example')} more`, 'quorum none');
  refused(/type 0x04/, `witness W1 ${noteSigner('w', seed(1)).key.text}`, 'quorum none');
  refused(/type 0x01/, `log ${keyOf(1).text}`, 'quorum none');
  refused(/id of the key/, `log ${ours.logKey.replace('fe45b998', 'fe45b999')}`, 'quorum none');
  for (const url of ['ftp://a.example', 'a.example', 'https://a.example/?q', 'https://a.example/#f'])
    refused(/an address begins/, witness(1, url), 'quorum none');
});

test('a policy of other bytes than text in UTF-8 with line feeds is refused', () => {
  for (const text of ['quorum none', 'quorum none\r\n', 'quorum\u0000none\n', '# \u007f\nquorum none\n'])
    assert.throws(() => parseWitnessPolicy(Buffer.from(text), sha256), WitnessPolicyError);
  const latin = Buffer.from('# caf\xe9\nquorum none\n', 'latin1');
  assert.throws(() => parseWitnessPolicy(latin, sha256), /UTF-8/);
  assert.throws(() => parseWitnessPolicy(Buffer.alloc(1_000_001, '#'), sha256), /at most/);
});

test('thirty-two logs, witnesses and groups fit', () => {
  const lines: string[] = [];
  for (let n = 0; n < 32; n++) {
    lines.push(`log ${noteSigner(`l${n}`, seed(n)).key.text}`, witness(n));
    lines.push(n === 0 ? 'group g0 any W0' : `group g${n} all g${n - 1} W${n}`);
  }
  const policy = parse(...lines, 'quorum g31');
  assert.equal(meetsQuorum(policy, signedBy(...Array(32).keys())), true);
  assert.equal(meetsQuorum(policy, signedBy(...Array(31).keys())), false);
});

test('who runs a witness is said in a comment that other readers pass over', () => {
  const policy = parse(
    '# run-by W1 Energy Regulator  Office',
    witness(1),
    '#run-by W2 operator',
    witness(2),
    'quorum W1',
  );
  assert.deepEqual(
    policy.witnesses.map(({ runBy }) => runBy),
    ['Energy Regulator Office', null],
  );
  refused(/run-by names W9/, '# run-by W9 Somebody', 'quorum none');
  refused(/run-by takes/, '# run-by W1', witness(1), 'quorum none');
  refused(/has a run-by line already/, '# run-by W1 a', '# run-by W1 b', witness(1), 'quorum none');
  refused(/stands before its witness line/, witness(1), '# run-by W1 a', 'quorum none');
});

test('a policy that the operator’s own witnesses could meet alone is told apart', () => {
  const outside = ['# run-by W1 Regulator', witness(1)];
  const inside = [witness(2), '# run-by W3 operator', witness(3)];
  for (const [lines, needs] of [
    [['group q any W1 W2', 'quorum q'], false],
    [['group q 2 W1 W2 W3', 'quorum q'], false],
    [['group q all W1 W2', 'quorum q'], true],
    [['group q 3 W1 W2 W3', 'quorum q'], true],
    [['quorum W1'], true],
    [['quorum W2'], false],
    [['quorum none'], false],
    [['group own any W2 W3', 'group q all W1 own', 'quorum q'], true],
  ] as const)
    assert.equal(needsOutsider(parse(...outside, ...inside, ...lines)), needs, lines.join(' | '));
});

/** The rule said once more, as plainly as possible. */
function isEnough(member: PolicyMember, signed: ReadonlySet<string>): boolean {
  if (member.kind === 'witness') return signed.has(member.name);
  let count = 0;
  for (const one of member.members) if (isEnough(one, signed)) count++;
  return count >= member.threshold;
}

test('any nesting of groups is met exactly by the sets that its thresholds say', () => {
  const nesting = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat()), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(nesting, fc.uniqueArray(fc.integer({ min: 0, max: 7 })), (shape, signers) => {
      const lines = Array.from({ length: 8 }, (_, n) => witness(n));
      let free = Array.from({ length: 8 }, (_, n) => `W${n}`);
      shape.forEach(([size, k], i) => {
        const members = free.slice(0, size);
        free = [...free.slice(members.length), `g${i}`];
        lines.push(`group g${i} ${1 + (k % members.length)} ${members.join(' ')}`);
      });
      const policy = parse(...lines, `quorum ${free.at(-1)}`);
      const names = new Set(signers.map((n) => `W${n}`));
      assert.equal(meetsQuorum(policy, signedBy(...signers)), isEnough(policy.quorum as PolicyMember, names));
    }),
  );
});
