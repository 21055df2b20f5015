// `stabledoor ledger witness` as a process of its own: started, killed and started again, it never contradicts itself.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { verifyConsistency } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { ours } from '../ledger/vectors.ts';
import { testTree } from '../support/witness.ts';

const dir = mkdtempSync(join(tmpdir(), 'witness-cli-'));
const policyFile = join(dir, 'policy');
writeFileSync(policyFile, `log ${ours.logKey}\nquorum none\n`);
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const witnessArgs = (keyFile: string, ...more: string[]) => [
  ...[main, 'ledger', 'witness', '--key', keyFile, '--listen', '0', '--policy', policyFile],
  ...more,
];

interface Running {
  readonly child: ChildProcess;
  readonly key: string;
  readonly url: string;
  readonly complaints: () => string;
}

function start(keyFile: string, ...more: string[]): Promise<Running> {
  const child = spawn(process.execPath, witnessArgs(keyFile, ...more), { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`exit ${code}: ${err}`)));
    child.stdout.on('data', (chunk) => {
      out += chunk;
      const parts = /^witness (\S+)\nlistening on (\S+) for/.exec(out);
      if (parts?.[1] && parts[2]) done({ child, key: parts[1], url: parts[2], complaints: () => err });
    });
  });
}
const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) =>
    child.exitCode !== null || child.signalCode !== null ? done(child.exitCode) : child.once('exit', done),
  );

async function submit(url: string, body: string): Promise<{ status: number; body: string } | null> {
  try {
    const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
    return { status: response.status, body: await response.text() };
  } catch {
    return null;
  }
}

const tree = testTree(ours.origin);
const fork = testTree(ours.origin, { branch: 'fork', forkAt: 3 });

test('a witness makes its key once, for its owner alone, and ends when it is asked to', async () => {
  const keyFile = join(dir, 'made.key');
  const first = await start(keyFile, '--name', 'witness.example/made');
  assert.match(first.key, /^witness\.example\/made\+[0-9a-f]{8}\+B/);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  const answer = await submit(first.url, tree.request(0, 5));
  const trust = {
    origin: ours.origin,
    logKeys: [parseVerifierKey(ours.logKey, sha256)],
    witnessKeys: [parseVerifierKey(first.key, sha256)],
  };
  await openCheckpoint(tree.note(5) + answer?.body, trust, nodeCrypto);
  assert.equal(first.complaints(), '');
  first.child.kill('SIGTERM');
  assert.equal(await ended(first.child), 0);
  const again = await start(keyFile);
  assert.equal(again.key, first.key);
  await assert.rejects(start(keyFile), /another witness holds/);
  again.child.kill('SIGTERM');
  await ended(again.child);
  // The same key without its memory is dangerous, and says so.
  const forgetful = await start(keyFile, '--state', join(dir, 'empty'));
  assert.match(forgetful.complaints(), /if this key has cosigned before, stop now/);
});

test('wrong usage is one line and exit code 2', async () => {
  const none = join(dir, 'none');
  writeFileSync(none, 'quorum none\n');
  for (const args of [
    [main, 'ledger', 'witness', '--key', join(dir, 'a.key'), '--listen', 'x', '--policy', policyFile],
    [main, 'ledger', 'witness', '--key', join(dir, 'a.key'), '--listen', '0', '--policy', none],
    [main, 'ledger', 'witness', '--listen', '0'],
  ]) {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    assert.equal(await ended(child), 2, err);
    assert.equal(err.trim().split('\n').length, 1, err);
  }
});

test('two heads of one size are kept as proof against the log that signed them', async () => {
  const keyFile = join(dir, 'evidence.key');
  const { url } = await start(keyFile);
  await submit(url, tree.request(0, 5));
  for (let i = 0; i < 2; i++) assert.equal((await submit(url, fork.request(5, 5)))?.status, 422);
  const evidence = join(`${keyFile}.seen`, 'evidence');
  const files = await waitFor(() => readdirSync(evidence));
  assert.equal(files.length, 1);
  const proof = readFileSync(join(evidence, files[0] as string), 'utf8');
  assert.ok(proof.includes(fork.note(5)) && proof.includes(tree.note(5).split('\n')[2] as string));
});

async function waitFor<Found>(look: () => Found): Promise<Found> {
  for (let i = 0; ; i++) {
    try {
      return look();
    } catch (error) {
      if (i > 50) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

test('killed at any moment under submissions of two branches, it signs one history only', async () => {
  const keyFile = join(dir, 'killed.key');
  const rounds = process.env.STABLEDOOR_SOAK ? 60 : 6;
  const signed: { size: number; branch: typeof tree }[] = [];
  let known = 0;
  for (let round = 0; round < rounds; round++) {
    const { child, url } = await start(keyFile);
    let lit = false;
    for (let alive = true; alive; ) {
      const submissions = [tree, fork, tree, fork].map((branch, i) => ({
        branch,
        size: known + 1 + (i % 3),
      }));
      const answers = await Promise.all(
        submissions.map(({ branch, size }) => submit(url, branch.request(known, size))),
      );
      alive = answers.every((answer) => answer !== null);
      answers.forEach((answer, i) => {
        const { branch, size } = submissions[i] as (typeof submissions)[0];
        if (answer?.status !== 200) return;
        signed.push({ branch, size });
        // Lit by the first head that it signs: a slow machine has as much to kill as a fast one.
        if (!lit) setTimeout(() => child.kill('SIGKILL'), Math.random() * 150);
        lit = true;
      });
      for (const answer of answers) if (answer?.status === 409) known = Math.max(known, Number(answer.body));
      // Trees beyond that are slow to make, and say nothing more.
      if (known > 250) break;
    }
    child.kill('SIGKILL');
    await ended(child);
  }
  assert.ok(signed.length >= rounds, `${signed.length} heads signed`);
  const largest = signed.reduce((a, b) => (b.size > a.size ? b : a));
  for (const { size, branch } of signed) {
    const { branch: top, size: size2 } = largest;
    const claim = { size1: size, root1: branch.root(size), size2, root2: top.root(size2) };
    assert.ok(verifyConsistency({ ...claim, proof: top.proof(size, size2) }, sha256), `size ${size}`);
  }
});
