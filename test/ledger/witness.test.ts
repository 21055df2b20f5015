// The witness over real HTTP: each answer of the protocol, and that nothing makes it sign two heads that disagree.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { verifyConsistency } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { formatNote, formatSignature, splitNote } from '../../src/ledger/note.ts';
import { cosigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { openWitnessFolder, originHash } from '../../src/ledger/witness-folder.ts';
import { formatAddCheckpoint, parseAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { policyOf, startWitness, type TestWitness, testTree } from '../support/witness.ts';
import { ours } from './vectors.ts';

const policy = policyOf(`log ${ours.logKey}`, 'quorum none');
const tree = testTree(ours.origin);
const fork = testTree(ours.origin, { branch: 'fork', forkAt: 4 });
const running: TestWitness[] = [];
after(() => Promise.all(running.map((witness) => witness.stop())));

async function start(options: Parameters<typeof startWitness>[1] = {}): Promise<TestWitness> {
  const witness = await startWitness(policy, options);
  running.push(witness);
  return witness;
}
const trust = (witness: { key: string }) => ({
  origin: ours.origin,
  logKeys: [parseVerifierKey(ours.logKey, sha256)],
  witnessKeys: [parseVerifierKey(witness.key, sha256)],
});
const statuses = async (witness: TestWitness, ...bodies: (string | Uint8Array)[]): Promise<number[]> => {
  const found: number[] = [];
  for (const body of bodies) found.push((await witness.submit(body)).status);
  return found;
};

test('the published request from 3 to 5 is written and read to the byte', () => {
  const note = ours.checkpoint5.slice(0, ours.checkpoint5.indexOf('\u2014 witness'));
  const published = `old 3\n${ours.consistency3to5.join('\n')}\n\n${note}`;
  assert.equal(tree.request(3, 5), published);
  const parsed = parseAddCheckpoint(published);
  assert.deepEqual([parsed.oldSize, parsed.proof.length, parsed.note], [3, 4, note]);
  assert.equal(formatAddCheckpoint(parsed), published);
});

test('a log is followed from nothing to 5 entries, each head with a cosignature that holds', async () => {
  const witness = await start();
  const steps = [
    [0, 0],
    [0, 1],
    [1, 3],
    [3, 5],
    [5, 5],
  ] as const;
  for (const [from, to] of steps) {
    const answer = await witness.submit(tree.request(from, to));
    assert.equal(answer.status, 200, answer.body);
    const opened = await openCheckpoint(tree.note(to) + answer.body, trust(witness), nodeCrypto);
    assert.equal(opened.size, to);
    const time = opened.signatures.find(({ timeSeconds }) => timeSeconds !== null)?.timeSeconds ?? 0;
    assert.ok(Math.abs(time - Date.now() / 1000) < 30);
  }
});

test('an old size other than the one cosigned last is answered with that one', async () => {
  const witness = await start();
  assert.equal((await witness.submit(tree.request(2, 3))).body, '0\n');
  assert.deepEqual(await statuses(witness, tree.request(0, 3)), [200]);
  for (const body of [tree.request(0, 5), tree.request(2, 5), tree.request(4, 5), tree.request(0, 0)]) {
    const answer = await witness.submit(body);
    assert.deepEqual([answer.status, answer.type, answer.body], [409, 'text/x.tlog.size', '3\n']);
  }
});

test('a tree that does not grow from the one before is refused, and the one before stays', async () => {
  const conflicts: string[] = [];
  const witness = await start({ onConflict: (origin, notes) => conflicts.push(origin, ...notes) });
  await statuses(witness, tree.request(0, 3), tree.request(3, 5));
  const bentRoot = formatAddCheckpoint({ oldSize: 5, proof: [], note: fork.note(5) });
  const wrong = (proof: Uint8Array[]) => formatAddCheckpoint({ oldSize: 5, proof, note: tree.note(7) });
  const bodies = [
    bentRoot,
    fork.request(5, 7),
    wrong([]),
    wrong(tree.proof(5, 7).slice(1)),
    wrong([...tree.proof(5, 7), new Uint8Array(32)]),
    wrong(tree.proof(5, 6)),
  ];
  assert.deepEqual(await statuses(witness, ...bodies), Array(bodies.length).fill(422));
  assert.deepEqual(conflicts.slice(0, 1), [ours.origin]);
  assert.equal(conflicts[2], fork.note(5));
  assert.deepEqual(await statuses(witness, tree.request(5, 7)), [200]);
});

test('from nothing no proof is taken, and an empty tree has one root', async () => {
  const witness = await start();
  const proof = [new Uint8Array(32)];
  assert.deepEqual(
    await statuses(witness, formatAddCheckpoint({ oldSize: 0, proof, note: tree.note(3) })),
    [422],
  );
  const text = splitNote(tree.note(0)).text.replace('47DEQ', '57DEQ');
  const note = tree.signer.signNote(text);
  assert.deepEqual(await statuses(witness, formatAddCheckpoint({ oldSize: 0, proof: [], note })), [422]);
  await statuses(witness, tree.request(0, 0));
  assert.deepEqual(
    await statuses(witness, formatAddCheckpoint({ oldSize: 0, proof, note: tree.note(3) })),
    [422],
  );
});

test('a log that is not witnessed is not known, and a head that the log did not sign is forbidden', async () => {
  const witness = await start();
  const other = testTree('other.example/log');
  assert.deepEqual(await statuses(witness, other.request(0, 3)), [404]);
  const { text } = splitNote(tree.note(3));
  const stranger = noteSigner(ours.origin, new Uint8Array(32).fill(9)).signNote(text);
  const [line] = splitNote(tree.note(4)).signatures as [ReturnType<typeof splitNote>['signatures'][0]];
  const good = splitNote(tree.note(3)).signatures[0] as typeof line;
  for (const note of [stranger, formatNote(text, [line]), formatNote(text, [good, line])])
    assert.deepEqual(await statuses(witness, formatAddCheckpoint({ oldSize: 0, proof: [], note })), [403]);
  assert.deepEqual(await statuses(witness, tree.request(0, 3)), [200]);
});

test('what is not a request is bad, and says so before anything is remembered', async () => {
  const witness = await start();
  const good = tree.request(3, 5);
  const lines = good.split('\n');
  const bodies: (string | Uint8Array)[] = [
    '',
    '\n\n',
    good.replace('old 3', 'old 03'),
    good.replace('old 3', 'old -3'),
    good.replace('old 3', 'old 3 '),
    good.replace('old 3', 'Old 3'),
    good.replace('old 3', 'old 9007199254740992'),
    good.replace('old 3\n', ''),
    good.replace('\n\n', '\n'),
    good.replace('BJ19', 'BJ1'),
    good.replace('KY+TrIGR8Kg=', 'KY-TrIGR8Kg='),
    good.replace('5\nGqaN', '5\nextension\nGqaN'),
    good.replace('\n5\n', '\n+5\n'),
    good.slice(0, -1),
    `old 3\n${`${lines[1]}\n`.repeat(64)}\n${tree.note(5)}`,
    good.replaceAll('\n', '\r\n'),
    Uint8Array.from([0xff, 0xfe, 0x0a, 0x0a]),
    tree.request(6, 5),
  ];
  assert.deepEqual(await statuses(witness, ...bodies), Array(bodies.length).fill(400));
  assert.equal((await fetch(`${witness.url}/${originHash(ours.origin)}/checkpoint`)).status, 404);
});

test('other paths and methods are refused, and a request without end is cut off', async () => {
  const witness = await start();
  assert.equal((await fetch(`${witness.url}/add-checkpoint`)).status, 405);
  assert.equal((await fetch(`${witness.url}/`)).status, 404);
  assert.equal((await fetch(`${witness.url}/../x/checkpoint`)).status, 404);
  const unknown = originHash('other.example/log');
  assert.equal((await fetch(`${witness.url}/${unknown}/checkpoint`)).status, 404);
  const long = await witness.submit('x'.repeat(500_000)).catch(() => ({ status: 413 }));
  assert.equal(long.status, 413);
});

test('monitors read the newest cosigned head, with no signature that was not verified', async () => {
  const witness = await start();
  const { text, signatures } = splitNote(tree.note(3));
  const forged = {
    ...cosigner('witness.example/w1', new Uint8Array(32).fill(2)).cosign(text, 1),
    payload: new Uint8Array(72),
  };
  const stranger = { name: 'stranger.example', id: 7, payload: new Uint8Array(64) };
  const note = formatNote(text, [stranger, ...signatures, forged]);
  const answer = await witness.submit(formatAddCheckpoint({ oldSize: 0, proof: [], note }));
  assert.equal(answer.status, 200);
  const read = await fetch(`${witness.url}/${originHash(ours.origin)}/checkpoint`);
  assert.equal(read.status, 200);
  assert.match(read.headers.get('content-type') ?? '', /^text\/plain/);
  const kept = await read.text();
  assert.equal(kept, `${text}\n${signatures.map(formatSignature).join('')}${answer.body}`);
  // A forged line that it had kept would refuse every later head of that log.
  assert.deepEqual(await statuses(witness, tree.request(3, 5)), [200]);
});

test('several logs are witnessed side by side, one of them under two keys', async () => {
  const second = testTree('second.example/log');
  const rotated = noteSigner(ours.origin, new Uint8Array(32).fill(7));
  const witness = await startWitness(
    policyOf(
      `log ${ours.logKey}`,
      `log ${rotated.key.text}`,
      `log ${noteSigner('second.example/log', new Uint8Array(32).fill(8)).key.text}`,
      'quorum none',
    ),
  );
  running.push(witness);
  const bySecond = (size: number) =>
    noteSigner('second.example/log', new Uint8Array(32).fill(8)).signNote(splitNote(second.note(size)).text);
  assert.deepEqual(
    await statuses(
      witness,
      tree.request(0, 5),
      formatAddCheckpoint({ oldSize: 0, proof: [], note: bySecond(2) }),
      formatAddCheckpoint({
        oldSize: 5,
        proof: tree.proof(5, 6),
        note: rotated.signNote(splitNote(tree.note(6)).text),
      }),
      formatAddCheckpoint({ oldSize: 2, proof: second.proof(2, 9), note: bySecond(9) }),
    ),
    [200, 200, 200, 200],
  );
});

test('of submissions at the same moment one alone grows the log from a size', async () => {
  const witness = await start();
  await witness.submit(tree.request(0, 4));
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, i) => witness.submit((i % 2 ? fork : tree).request(4, 5 + (i % 6)))),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.ok(answers.every(({ status }) => status === 200 || status === 409));
});

test('a head is on the disk before it is answered, and a crash between the two costs nothing but the answer', async () => {
  let crash: 'before' | 'after' | null = null;
  const witness = await start({
    folder: (folder) => ({
      ...folder,
      async keep(name, note) {
        if (crash === 'before') throw new Error('disk full');
        await folder.keep(name, note);
        if (crash === 'after') throw new Error('crashed');
      },
    }),
  });
  crash = 'before';
  assert.deepEqual(await statuses(witness, tree.request(0, 3)), [503]);
  crash = null;
  assert.deepEqual(await statuses(witness, fork.request(0, 5)), [200]);
  crash = 'after';
  assert.deepEqual(await statuses(witness, fork.request(5, 6)), [503]);
  crash = null;
  // It may have signed 6 for somebody: another 6 is refused, and the same one is signed once more.
  assert.equal((await witness.submit(fork.request(5, 7))).body, '6\n');
  assert.deepEqual(
    await statuses(witness, formatAddCheckpoint({ oldSize: 6, proof: [], note: tree.note(6) })),
    [422],
  );
  assert.deepEqual(await statuses(witness, fork.request(6, 6)), [200]);
});

test('a witness remembers after a restart, and two do not share a folder', async () => {
  const first = await startWitness(policy);
  await first.submit(tree.request(0, 5));
  await assert.rejects(openWitnessFolder(first.dir), /another witness holds/);
  await first.stop(true);
  const again = await start({ dir: first.dir });
  assert.equal((await again.submit(fork.request(0, 6))).body, '5\n');
  assert.deepEqual(await statuses(again, fork.request(5, 6), tree.request(5, 6)), [422, 200]);
});

test('a memory that cannot be read signs nothing', async () => {
  const witness = await start();
  await witness.submit(tree.request(0, 5));
  const file = join(witness.dir, originHash(ours.origin));
  const kept = readFileSync(file, 'utf8');
  for (const bent of ['', kept.slice(0, 20), kept.replace(ours.origin, 'other.example/log')]) {
    writeFileSync(file, bent);
    assert.deepEqual(await statuses(witness, tree.request(0, 6), tree.request(5, 6)), [503, 503]);
  }
});

test('whatever two branches submit, in whatever order and through restarts, no two heads signed disagree', async () => {
  const step = fc.record({
    branch: fc.constantFrom(tree, fork),
    from: fc.nat({ max: 12 }),
    add: fc.nat({ max: 4 }),
    truthful: fc.boolean(),
    restart: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      let witness = await startWitness(policy);
      const signed: { size: number; branch: typeof tree }[] = [];
      try {
        let size = 0;
        for (const { branch, from, add, truthful, restart } of steps) {
          if (restart) {
            await witness.stop(true);
            witness = await startWitness(policy, { dir: witness.dir });
          }
          const old = truthful ? size : from;
          const bodies = [branch.request(old, old + add), fork.request(old, old + add + 1)];
          const answers = await Promise.all(bodies.map((body) => witness.submit(body)));
          answers.forEach(({ status }, i) => {
            if (status !== 200) return;
            size = Math.max(size, old + add + i);
            signed.push({ size: old + add + i, branch: i === 0 ? branch : fork });
          });
        }
      } finally {
        await witness.stop();
      }
      for (const a of signed) for (const b of signed) if (a.size <= b.size) assert.ok(agree(a, b));
    }),
    { numRuns: 15 },
  );
});

/** Two heads agree if the larger tree holds the smaller one. */
function agree(a: { size: number; branch: typeof tree }, b: { size: number; branch: typeof tree }): boolean {
  if (a.size === 0) return true;
  const claim = { size1: a.size, root1: a.branch.root(a.size), size2: b.size, root2: b.branch.root(b.size) };
  return verifyConsistency({ ...claim, proof: b.branch.proof(a.size, b.size) }, sha256);
}
