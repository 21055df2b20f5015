// The operators' pages: joining with a passkey, signing in, and deciding what another proposed, each decision signed by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { machineClock } from '../../../src/db/clock.ts';
import { exportLog } from '../../../src/ledger/export.ts';
import { nodeCrypto } from '../../../src/ledger/node-crypto.ts';
import { verifyLog } from '../../../src/ledger/verify.ts';
import { joinWithCode, makeJoiningCode } from '../../../src/operator/joining.ts';
import { membershipActs } from '../../../src/operator/membership-acts.ts';
import { makeOperatorKey, type OperatorKey } from '../../../src/operator/operator-key.ts';
import { findProposal } from '../../../src/operator/proposal-store.ts';
import { approve, propose } from '../../../src/operator/proposals.ts';
import { registryActs } from '../../../src/parts-registry-acts.ts';
import { registerThirdParty } from '../../../src/registry/registry.ts';
import { findThirdParty } from '../../../src/registry/registry-store.ts';
import { testDataFolder } from '../../support/data-folder.ts';
import { testDatabases } from '../../support/database.ts';
import { textOf, visitor } from '../../support/householder-pages.ts';
import { testLedger } from '../../support/ledger.ts';
import {
  candidate,
  decideAs,
  joined,
  operatorPages,
  optionsOf,
  type PageOperator,
  signInAs,
} from '../../support/operator-pages.ts';
import { fileKey } from '../../support/operators.ts';
import { testRegistration } from '../../support/third-party.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases, { mode: 'production' });
const folder = await testDataFolder(async () => {});
const pages = operatorPages({
  ...{ db: databases.app, ledger, clock: machineClock, production: true },
  acts: [...membershipActs, ...registryActs],
  checkPasskey: async () => false,
});
const { app, parts } = pages;
let ann: OperatorKey;
let ben: PageOperator;
before(async () => {
  ann = await makeOperatorKey(`${folder}/ann.key`);
  const newcomer = { name: 'Ann', role: 'administrator', key: fileKey(ann) } as const;
  await joinWithCode(parts, newcomer, await makeJoiningCode(parts));
});
after(async () => {
  await ledger.close();
  await databases.close();
});

async function proposed(by: OperatorKey = ann) {
  const { registration } = await testRegistration();
  const { clientId } = await registerThirdParty(
    { db: databases.app, ledger, production: true },
    registration,
  );
  const made = await propose(parts, by, { act: 'third-party-register', input: { client_id: clientId } });
  return { clientId, proposalId: made.proposalId };
}
const statusOf = async (id: string) => (await findProposal(databases.app, id))?.status;

test('somebody makes a passkey, joins with the code that they were handed, and signs in', async () => {
  const one = await candidate(app, 'Ben');
  const wrong = await one.who.post(one.page, '/operator/join/code', { code: 'AAAAA-AAAAA' });
  assert.deepEqual([wrong.status, /does not work/.test(textOf(wrong))], [400, true]);
  assert.equal((await signInAs(one)).status, 400, 'nobody yet');
  ben = await joined(pages, 'Ben');
  const answer = await signInAs(ben);
  assert.deepEqual([answer.status, answer.headers.location], [303, '/operator']);
  const list = await ben.who.get('/operator');
  assert.match(textOf(list), /You are Ben, administrator/);
  assert.match(list.headers['set-cookie']?.[0] ?? 'none', /none|HttpOnly/);
});

test('a passkey of nobody, of another page or without verification signs nobody in', async () => {
  const stranger = await candidate(app, 'Eve');
  assert.equal((await signInAs(stranger)).status, 400);
  for (const wrong of [{ origin: 'http://localhost:9' }, { flags: 0x01 }, { challenge: 'AAAA' }])
    assert.equal((await signInAs({ ...ben, who: visitor(app) }, wrong)).status, 400);
  const away = await visitor(app).get('/operator');
  assert.deepEqual([away.status, away.headers.location], [303, '/operator/sign-in']);
});

test('what another proposed is shown in plain words, approved with the passkey and done', async () => {
  const { clientId, proposalId } = await proposed();
  const list = textOf(await ben.who.get('/operator'));
  assert.match(list, /Register a third party/);
  assert.match(list, /Proposed by Ann/);
  const page = textOf(await ben.who.get(`/operator/proposals/${proposalId}`));
  for (const word of ['Brightwatt Ltd', 'energy-adviser', 'third-party.example/callback'])
    assert.ok(page.includes(word), word);
  assert.equal((await decideAs(ben, proposalId, 'approve')).status, 303);
  assert.equal(await statusOf(proposalId), 'done');
  assert.equal((await findThirdParty(databases.app, clientId))?.status, 'active');
  assert.match(textOf(await ben.who.get(`/operator/proposals/${proposalId}`)), /done\./);
});

test('an answer to one proposal decides no other, and is taken once', async () => {
  const [one, other] = [await proposed(), await proposed()];
  const paths = [one, other].map(({ proposalId }) => `/operator/proposals/${proposalId}`) as [string, string];
  const page = await ben.who.get(paths[0]);
  const passkey = ben.authenticator.get(optionsOf(page, 'approve'));
  const crossed = await ben.who.post(page, `${paths[1]}/approve`, { passkey });
  assert.deepEqual([crossed.status, /signature does not hold/i.test(textOf(crossed))], [401, true]);
  const declining = await ben.who.post(page, `${paths[0]}/decline`, { passkey });
  assert.equal(declining.status, 401, 'an approval declines nothing');
  assert.equal((await decideAs(ben, one.proposalId, 'approve')).status, 303);
  const again = await ben.who.post(page, `${paths[0]}/approve`, { passkey });
  assert.deepEqual([again.status, /decided already/.test(textOf(again))], [409, true]);
  assert.equal((await decideAs(ben, other.proposalId, 'decline')).status, 303);
  assert.equal(await statusOf(other.proposalId), 'declined');
});

test('a form without the session’s token, from another site, or with another’s passkey decides nothing', async () => {
  const { proposalId } = await proposed();
  const path = `/operator/proposals/${proposalId}`;
  const page = await ben.who.get(path);
  const passkey = ben.authenticator.get(optionsOf(page, 'approve'));
  assert.equal((await ben.who.post(page, `${path}/approve`, { passkey, form_token: 'x' })).status, 403);
  const elsewhere = { origin: 'https://evil.example' };
  assert.equal((await ben.who.post(page, `${path}/approve`, { passkey }, elsewhere)).status, 403);
  const out = await visitor(app).post(page, `${path}/approve`, { passkey });
  assert.deepEqual([out.status, out.headers.location], [303, '/operator/sign-in']);
  assert.equal((await decideAs(ben, proposalId, 'approve', { flags: 0x01 })).status, 401);
  assert.equal((await decideAs(ben, proposalId, 'approve', { counter: 1 })).status, 401, 'a copied key');
  assert.equal(await statusOf(proposalId), 'open');
});

test('in two sessions somebody is still one person', async () => {
  const stranger = await candidate(app, 'Gil');
  const handed = JSON.parse(
    /data-public-key[^>]*>([^<]*)</.exec(stranger.page.text)?.[1]?.replaceAll('&quot;', '"') ?? '',
  );
  const adding = { name: 'Gil', role: 'registrar', public_key: handed };
  const proposal = await propose(parts, ann, { act: 'operator-add', input: adding });
  assert.equal((await decideAs(ben, proposal.proposalId, 'approve')).status, 303);
  assert.equal((await signInAs(stranger)).status, 303, 'added by two, without a code');
  const { proposalId } = await proposed();
  const second = { ...stranger, who: visitor(app) };
  assert.equal((await signInAs(second)).status, 303);
  // Whoever is signed in approves with their own passkey alone.
  const path = `/operator/proposals/${proposalId}`;
  const page = await second.who.get(path);
  const passkey = ben.authenticator.get(optionsOf(page, 'approve'));
  assert.equal((await second.who.post(page, `${path}/approve`, { passkey })).status, 401);
  assert.equal(await statusOf(proposalId), 'open');
});

test('the page offers nobody to approve their own, and says whose role it is', async () => {
  const gil = {
    act: 'operator-add',
    input: {
      name: 'Hal',
      role: 'counsel',
      public_key: { key: JSON.parse((await makeOperatorKey(`${folder}/hal.key`)).publicKey) },
    },
  };
  const { proposalId } = await propose(parts, ann, gil);
  const gone = await approve(parts, ann, proposalId).catch((error: { code: string }) => error.code);
  assert.equal(gone, 'second_operator_needed');
  assert.match(
    textOf(await ben.who.get(`/operator/proposals/${proposalId}`)),
    /approve just what stands here/,
  );
});

test('a session ends by itself, when its operator signs out and when they are removed', async () => {
  const { who, authenticator } = { ...ben, who: visitor(app) };
  await signInAs({ who, authenticator });
  const page = await who.get('/operator');
  assert.equal((await who.post(page, '/operator/sign-out', {})).status, 303);
  assert.equal((await who.get('/operator')).status, 303);
  await signInAs({ who, authenticator });
  await sql`update operator.session set seen_at = seen_at - interval '11 minutes'`.execute(databases.owner);
  assert.equal((await who.get('/operator')).status, 303, 'left alone for ten minutes');
});

test('an address that is no page of theirs, and a proposal that is none, are answered in words', async () => {
  await signInAs(ben);
  for (const path of [
    '/operator/nothing',
    '/operator/proposals/x',
    '/operator/proposals/proposal_0123456789abcdefghijkl',
  ]) {
    const page = await ben.who.get(path);
    assert.deepEqual([page.status, /There is nothing here/.test(textOf(page))], [404, true], path);
  }
});

test('what was approved by passkey verifies offline, from the export alone', async () => {
  const lines = exportLog(databases.app, { logId: 1, policies: [], to: 'newest' });
  const verdict = await verifyLog(lines, { ...nodeCrypto, keys: [ledger.verifierKey] });
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.counts.operators.unchecked, 0);
});
