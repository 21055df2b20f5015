// Two operators: what one proposes and another approves is done once, exactly as proposed, and in no other way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { exportLog } from '../../src/ledger/export.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { newId } from '../../src/lib/ids.ts';
import { addKey } from '../../src/operator/joining.ts';
import { listOperators } from '../../src/operator/operator-store.ts';
import type { Signer } from '../../src/operator/proof.ts';
import { findProposal } from '../../src/operator/proposal-store.ts';
import { approve, decline, propose } from '../../src/operator/proposals.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { findThirdParty } from '../../src/registry/registry-store.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testLedger } from '../support/ledger.ts';
import { fileKey, type TestOperator, type TestOperators, testOperators } from '../support/operators.ts';
import { testRegistration } from '../support/third-party.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases, { mode: 'production' });
let operators: TestOperators;
let registrar: TestOperator;
before(async () => {
  operators = await testOperators(databases, ledger);
  registrar = await operators.add('Rae', 'registrar');
});
after(async () => {
  await operators.close();
  await ledger.close();
  await databases.close();
});

async function pendingParty() {
  const { registration } = await testRegistration();
  return await registerThirdParty({ db: databases.app, ledger, production: true }, registration);
}

/** A registration, proposed by Ann. */
async function proposed(by: Signer = operators.ann.key) {
  const { clientId } = await pendingParty();
  const { parts } = operators;
  return {
    clientId,
    ...(await propose(parts, by, { act: 'third-party-register', input: { client_id: clientId } })),
  };
}

const statusOf = async (clientId: string) => (await findThirdParty(databases.app, clientId))?.status;
const entriesOf = async (proposalId: string) =>
  (await allEntries(databases.app)).filter((entry) => 'proposal' in entry && entry.proposal === proposalId);

test('what one proposes and another approves is done, and the ledger says who, what and exactly which', async () => {
  const { clientId, proposalId, digest } = await proposed();
  assert.equal(await statusOf(clientId), 'pending');
  const done = await approve(operators.parts, operators.ben.key, proposalId);
  assert.equal(done.status, 'done');
  assert.equal(await statusOf(clientId), 'active');
  const entries = await entriesOf(proposalId);
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ['operator.proposed', 'operator.approved', 'third-party.registered'],
  );
  const [one, other, act] = entries as never as [
    { operator: string; digest: string; said: unknown },
    { operator: string; digest: string },
    { third_party: string },
  ];
  assert.deepEqual([one.operator, other.operator], [operators.ann.operatorId, operators.ben.operatorId]);
  assert.deepEqual([one.digest, other.digest, act.third_party], [digest, digest, clientId]);
  assert.deepEqual(one.said, {
    third_party: clientId,
    class: 'energy-adviser',
    group: (await findThirdParty(databases.app, clientId))?.group,
    purposes: ['energy-advice'],
  });
});

test('nobody approves what they proposed, with whichever of their keys', async () => {
  const { clientId, proposalId } = await proposed();
  const second = await operators.key();
  await addKey(operators.parts, operators.ann.key, fileKey(second));
  for (const key of [operators.ann.key, second])
    await assert.rejects(approve(operators.parts, key, proposalId), { code: 'second_operator_needed' });
  // The database refuses it too, whatever the program says.
  await assert.rejects(approve({ ...operators.parts, production: false }, second, proposalId), {
    code: 'second_operator_needed',
  });
  assert.equal(await statusOf(clientId), 'pending');
  assert.equal((await findProposal(databases.app, proposalId))?.status, 'open');
});

test('a key on record cannot make a second person of its owner', async () => {
  const { parts, ann } = operators;
  const input = { name: 'Ann Two', role: 'registrar', public_key: { key: JSON.parse(ann.key.publicKey) } };
  const { proposalId } = await propose(parts, ann.key, { act: 'operator-add', input });
  await assert.rejects(approve(parts, operators.ben.key, proposalId), /on record already/);
  assert.equal((await findProposal(databases.app, proposalId))?.status, 'open');
});

test('an approval is worth one execution, and a proposal sent again is none', async () => {
  const { proposalId } = await proposed();
  await approve(operators.parts, operators.ben.key, proposalId);
  await assert.rejects(approve(operators.parts, operators.ben.key, proposalId), { code: 'proposal_decided' });
  await assert.rejects(approve(operators.parts, registrar.key, proposalId), { code: 'proposal_decided' });
  await assert.rejects(decline(operators.parts, operators.ben.key, proposalId), { code: 'proposal_decided' });
  assert.equal((await entriesOf(proposalId)).length, 3);
});

test('of many approvals at once, one is taken', async () => {
  const { clientId, proposalId } = await proposed();
  const outcomes = await Promise.allSettled(
    [operators.ben.key, registrar.key, operators.ben.key, registrar.key].map((key) =>
      approve(operators.parts, key, proposalId),
    ),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  const kinds = (await entriesOf(proposalId)).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['operator.proposed', 'operator.approved', 'third-party.registered']);
  assert.equal(await statusOf(clientId), 'active');
});

test('a proposal can be approved for seven days and no longer', async () => {
  const { clientId, proposalId } = await proposed();
  await sql`update operator.proposal set proposed_at = proposed_at - interval '7 days',
    expires_at = expires_at - interval '7 days' where proposal_id = ${proposalId}`.execute(databases.owner);
  await assert.rejects(approve(operators.parts, operators.ben.key, proposalId), { code: 'proposal_expired' });
  await assert.rejects(
    sql`update operator.proposal set status = 'done', decided_by = ${operators.ben.operatorId},
      decided_at = ledger.now() where proposal_id = ${proposalId}`.execute(databases.app),
    /expired/,
  );
  assert.equal(await statusOf(clientId), 'pending');
});

test('a payload that was changed after it was proposed is refused, and what changed under it too', async () => {
  const one = await proposed();
  await sql`update operator.proposal set payload = replace(payload, 'energy-adviser', 'advertiser')
    where proposal_id = ${one.proposalId}`.execute(databases.owner);
  await assert.rejects(approve(operators.parts, operators.ben.key, one.proposalId), {
    code: 'proposal_changed',
  });
  const other = await proposed();
  await sql`update registry.third_party set redirect_uris = '{https://evil.example/cb}'
    where client_id = ${other.clientId}`.execute(databases.owner);
  await assert.rejects(approve(operators.parts, operators.ben.key, other.proposalId), {
    code: 'proposal_changed',
  });
  assert.deepEqual([await statusOf(one.clientId), await statusOf(other.clientId)], ['pending', 'pending']);
  await assert.rejects(
    sql`update operator.proposal set payload = '{}' where proposal_id = ${other.proposalId}`.execute(
      databases.app,
    ),
    /permission denied/,
  );
});

test('a role proposes and approves what is its own, and nothing else', async () => {
  const custodian = await operators.add('Cas', 'custodian');
  const { proposalId } = await proposed(registrar.key);
  const { parts } = operators;
  await assert.rejects(approve(parts, custodian.key, proposalId), { code: 'operator_role' });
  await assert.rejects(decline(parts, custodian.key, proposalId), { code: 'operator_role' });
  const removing = { act: 'operator-remove', input: { operator: operators.ben.operatorId } };
  await assert.rejects(propose(parts, registrar.key, removing), { code: 'operator_role' });
  assert.equal((await approve(parts, operators.ann.key, proposalId)).status, 'done');
});

test('who was removed proposes and approves nothing, and what they proposed is approved by nobody', async () => {
  const { parts, ann, ben } = operators;
  const gone = await operators.add('Gus', 'registrar');
  const { proposalId } = await proposed(gone.key);
  const byOther = await proposed();
  const removal = await propose(parts, ann.key, {
    act: 'operator-remove',
    input: { operator: gone.operatorId },
  });
  await approve(parts, ben.key, removal.proposalId);
  await assert.rejects(approve(parts, ben.key, proposalId), { code: 'operator_unknown' });
  await assert.rejects(approve(parts, gone.key, byOther.proposalId), { code: 'operator_unknown' });
  await assert.rejects(proposed(gone.key), { code: 'operator_unknown' });
});

test('a signature of another key, of another statement or of nobody is refused', async () => {
  const { proposalId } = await proposed();
  const { ann, ben, parts } = operators;
  const pretender: Signer = { thumbprint: ben.key.thumbprint, prove: (text) => ann.key.prove(text) };
  const borrowed: Signer = {
    thumbprint: ben.key.thumbprint,
    prove: async (text) => ({ ...(await ann.key.prove(text)), key: ben.key.thumbprint }),
  };
  const elsewhere: Signer = { thumbprint: ben.key.thumbprint, prove: (text) => ben.key.prove(`${text} `) };
  for (const signer of [pretender, borrowed, elsewhere])
    await assert.rejects(approve(parts, signer, proposalId), { code: 'operator_proof_invalid' });
  await assert.rejects(approve(parts, await operators.key(), proposalId), { code: 'operator_unknown' });
});

test('an approval given to one proposal is worth nothing for another', async () => {
  const [one, other] = [await proposed(), await proposed()];
  const { parts, ben } = operators;
  let kept = '';
  const keeps: Signer = {
    thumbprint: ben.key.thumbprint,
    prove: async (text) => {
      kept = text;
      return await ben.key.prove(text);
    },
  };
  await approve(parts, keeps, one.proposalId);
  const replays: Signer = { thumbprint: ben.key.thumbprint, prove: () => ben.key.prove(kept) };
  await assert.rejects(approve(parts, replays, other.proposalId), { code: 'operator_proof_invalid' });
});

test('an act that cannot be done is not approved either, and can be once it can be done', async () => {
  const { parts, ann, ben } = operators;
  const { clientId, proposalId } = await proposed();
  const broken = { ...parts, ledger: { ...ledger, appendWithin: () => Promise.reject(new Error('down')) } };
  await assert.rejects(approve(broken, ben.key, proposalId), /down/);
  assert.deepEqual(
    [await statusOf(clientId), (await findProposal(databases.app, proposalId))?.status],
    ['pending', 'open'],
  );
  assert.equal((await approve(parts, ben.key, proposalId)).status, 'done');
  const removal = await propose(parts, ann.key, {
    act: 'operator-remove',
    input: { operator: ben.operatorId },
  });
  await assert.rejects(approve(parts, ben.key, removal.proposalId), /Two administrators must be left/);
  assert.equal((await listOperators(databases.app)).find((one) => one.name === 'Ben')?.removedAt, null);
});

test('declined is declined, also by whoever proposed it', async () => {
  const { parts, ann, ben } = operators;
  for (const key of [ann.key, ben.key]) {
    const { clientId, proposalId } = await proposed();
    assert.equal((await decline(parts, key, proposalId)).status, 'declined');
    await assert.rejects(approve(parts, ben.key, proposalId), { code: 'proposal_decided' });
    assert.equal(await statusOf(clientId), 'pending');
    assert.equal((await entriesOf(proposalId)).at(-1)?.kind, 'operator.declined');
  }
});

test('a text that was changed in the database after it was proposed is not approved as if it were', async () => {
  const { parts, ann, ben } = operators;
  const { clientId } = await proposed();
  const input = { client_id: clientId, name: 'summer', text: 'We look at what cooling costs.' };
  const { proposalId } = await propose(parts, ann.key, { act: 'note-approve', input });
  await sql`update operator.proposal set payload = replace(payload, 'cooling', 'everything')
    where proposal_id = ${proposalId}`.execute(databases.owner);
  await assert.rejects(approve(parts, ben.key, proposalId), { code: 'proposal_changed' });
  assert.equal((await findThirdParty(databases.app, clientId))?.notes.summer, undefined);
});

test('class, group and purposes change by two operators, from what they were when it was proposed', async () => {
  const { parts, ann, ben } = operators;
  const { clientId, proposalId } = await proposed();
  await approve(parts, ben.key, proposalId);
  const change = (input: object) =>
    propose(parts, ann.key, { act: 'third-party-change', input: { client_id: clientId, ...input } });
  await assert.rejects(change({ class: 'insurer' }), /energy-advice is not open to the class insurer/);
  const [first, second] = [
    await change({ class: 'insurer', purposes: ['claim'] }),
    await change({ group: 'Other Ltd' }),
  ];
  await approve(parts, ben.key, first.proposalId);
  assert.equal((await findThirdParty(databases.app, clientId))?.class, 'insurer');
  await assert.rejects(approve(parts, ben.key, second.proposalId), { code: 'proposal_changed' });
  await assert.rejects(
    sql`select registry.change_terms(${second.proposalId}, ${clientId}, 'supplier', 'X', '{billing}')`.execute(
      databases.app,
    ),
    /two operators/,
  );
});

test('a third party is struck off by two operators, once and for good', async () => {
  const { parts, ann, ben } = operators;
  const { clientId, proposalId } = await proposed();
  const strike = () =>
    propose(parts, ann.key, {
      act: 'third-party-strike-off',
      input: { client_id: clientId, reason: 'sold readings' },
    });
  await assert.rejects(strike(), { code: 'illegal_transition' }, 'while it is pending');
  await approve(parts, ben.key, proposalId);
  const [first, second] = [await strike(), await strike()];
  await assert.rejects(approve(parts, ann.key, first.proposalId), { code: 'second_operator_needed' });
  await approve(parts, ben.key, first.proposalId);
  const struck = await findThirdParty(databases.app, clientId);
  assert.deepEqual([struck?.status, struck?.struckOff], ['suspended', true]);
  await assert.rejects(approve(parts, ben.key, second.proposalId), { code: 'illegal_transition' });
  await assert.rejects(
    sql`select registry.strike_off(${first.proposalId}, ${clientId}, 'sold readings')`.execute(databases.app),
    { code: 'SD017' },
  );
});

test('a text that householders see is approved by two operators', async () => {
  const { parts, ann, ben } = operators;
  const { clientId } = await proposed();
  const input = { client_id: clientId, name: 'winter', text: 'We look at what heating costs.' };
  const { proposalId } = await propose(parts, ann.key, { act: 'note-approve', input });
  assert.equal((await findThirdParty(databases.app, clientId))?.notes.winter, undefined);
  await approve(parts, ben.key, proposalId);
  assert.equal((await findThirdParty(databases.app, clientId))?.notes.winter, input.text);
});

test('what was decided verifies from an export alone, signatures and all', async () => {
  const lines = exportLog(databases.app, { logId: 1, policies: [], to: 'newest' });
  const verdict = await verifyLog(lines, { ...nodeCrypto, keys: [ledger.verifierKey] });
  assert.deepEqual(verdict.violations, []);
  assert.ok((verdict.counts.kinds['operator.approved'] ?? 0) > 5);
  assert.equal(verdict.counts.operators.unchecked, 0);
});

test('what is proposed of nobody and of nothing is refused in words', async () => {
  const { parts, ann } = operators;
  await assert.rejects(propose(parts, ann.key, { act: 'make-tea', input: {} }), /no such act; there are/);
  const act = 'third-party-register';
  await assert.rejects(propose(parts, ann.key, { act, input: { client: 1 } }), /It takes \{"client_id"\}/);
  const unknown = { client_id: newId('client') };
  await assert.rejects(propose(parts, ann.key, { act, input: unknown }), { code: 'not_found' });
  await assert.rejects(approve(parts, ann.key, newId('proposal')), { code: 'proposal_unknown' });
});
