// What two operators decide, on a whole broker: each act does what was proposed, its entries name the proposal, and the log
// verifies. In a sandbox, where one operator suffices.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { publishLedgerKey } from '../../src/ledger/rotate-key.ts';
import { addOperatorAlone } from '../../src/operator/joining.ts';
import { makeOperatorKey, type OperatorKey } from '../../src/operator/operator-key.ts';
import { findProposal } from '../../src/operator/proposal-store.ts';
import { approve, carryOut, propose, wordsOf } from '../../src/operator/proposals.ts';
import { parsePolicyText, readPolicyText } from '../../src/policy/policy-text.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testHome } from '../support/journey.ts';
import { fileKey } from '../support/operators.ts';
import { ownParty } from '../support/own-access.ts';
import { assertVerifies } from '../support/verify-whole.ts';

const databases = await testDatabases();
const folder = await testDataFolder(async () => {});
let broker: TestBroker;
let ann: OperatorKey;
before(async () => {
  broker = await testBroker({ databases, mode: 'sandbox' });
  ann = await makeOperatorKey(`${folder}/ann.key`);
  await addOperatorAlone(broker.parts.operators, { name: 'Ann', role: 'administrator', key: fileKey(ann) });
});
after(async () => {
  await broker.close();
  await databases.close();
});

const decide = async (act: string, input: unknown) => {
  const { operators } = broker.parts;
  const { proposalId } = await propose(operators, ann, { act, input });
  return await approve(operators, ann, proposalId);
};
const kindsOf = async (proposalId: string) =>
  (await allEntries(broker.parts.db))
    .filter((entry) => 'proposal' in entry && entry.proposal === proposalId)
    .map(({ kind }) => kind);

test('a household is erased on its behalf, and nothing of what was proposed about it is left', async () => {
  const { householdId } = await testHome(broker, 1);
  const { proposalId, status } = await decide('household-erase', { household_id: householdId, now: true });
  assert.equal(status, 'done');
  assert.deepEqual(await kindsOf(proposalId), ['operator.proposed', 'operator.approved', 'subject.erased']);
  const left = await findProposal(broker.parts.db, proposalId);
  assert.deepEqual([left?.payload, left?.salt], [null, null]);
  const entries = JSON.stringify(await allEntries(broker.parts.db));
  assert.equal(entries.includes(householdId), false);
  await assert.rejects(decide('household-erase', { household_id: householdId }), { code: 'not_found' });
});

test('a household that is erased later waits seven days', async () => {
  const { householdId } = await testHome(broker, 1);
  const { proposalId, status } = await decide('household-erase', { household_id: householdId });
  assert.equal(status, 'done');
  assert.deepEqual(await kindsOf(proposalId), ['operator.proposed', 'operator.approved']);
  const row = await broker.parts.db
    .selectFrom('household.erasure')
    .select(['due_at', 'asked_by', 'proposal_id'])
    .where('household_id', '=', householdId)
    .executeTakeFirstOrThrow();
  assert.deepEqual([row.asked_by, row.proposal_id], ['operator', proposalId]);
  assert.ok(row.due_at.getTime() - broker.parts.clock.nowMs() > 6 * 86_400_000);
});

function withOtherSchema(text: string): string {
  const { schema, files } = parsePolicyText(text);
  return [...files, { name: 'schema.cedarschema', text: `${schema}\n// another\n` }]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((file) => `==> ${file.name} (${Buffer.byteLength(file.text)} bytes) <==\n${file.text}`)
    .join('');
}

test('a policy set is published as it was proposed, and not where another came between', async () => {
  const { text } = await readPolicyText(broker.parts.config.policyDir);
  const more = (id: string) => {
    const rule = `\n@id("${id}") @reason("policy_denied") @basis("proposal: a test")\nforbid (principal, action == Action::"disclose", resource) when { context.resolution_s == 1 };\n`;
    const { schema, files } = parsePolicyText(text);
    const all = [...files, { name: 'schema.cedarschema', text: schema }]
      .map((file) => (file.name === 'disclosure.cedar' ? { ...file, text: file.text + rule } : file))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return all
      .map((file) => `==> ${file.name} (${Buffer.byteLength(file.text)} bytes) <==\n${file.text}`)
      .join('');
  };
  const { operators } = broker.parts;
  const act = 'policy-publish';
  const other = await propose(operators, ann, { act, input: { text: more('other-rule') } });
  const schemaLine = (proposal: typeof other) =>
    wordsOf(operators, proposal).find(([label]) => label === 'What the rules are asked')?.[1];
  assert.equal(schemaLine(other), 'as it is');
  const otherSchema = await propose(operators, ann, { act, input: { text: withOtherSchema(text) } });
  assert.equal(schemaLine(otherSchema), 'another schema');
  const { proposalId } = await decide(act, { text: more('one-rule') });
  assert.deepEqual(await kindsOf(proposalId), ['operator.proposed', 'operator.approved', 'policy.published']);
  await assert.rejects(approve(operators, ann, other.proposalId), { code: 'proposal_changed' });
  await assert.rejects(propose(operators, ann, { act, input: { text: 'no policy' } }), {
    code: 'invalid_request',
  });
});

test('the former key of the ledger is retired; one that cannot be yet says why', async () => {
  await assert.rejects(decide('key-retire', {}), /no rotation to finish/);
  const { db, ledger, ledgerKeys, config } = broker.parts;
  await publishLedgerKey({ db, ledger, keys: ledgerKeys, keyDir: config.keyDir });
  const { proposalId, status } = await decide('key-retire', {});
  assert.equal(status, 'done');
  assert.deepEqual(await kindsOf(proposalId), ['operator.proposed', 'operator.approved', 'key.retired']);
});

test('what was approved and could not be done is kept with why, and done once it can be', async () => {
  const { householdId } = await testHome(broker, 1);
  const { operators } = broker.parts;
  const input = { household_id: householdId, now: true };
  const { proposalId } = await propose(operators, ann, { act: 'household-erase', input });
  const broken = {
    ...operators,
    acts: operators.acts.map((act) =>
      act.name === 'household-erase'
        ? { ...act, afterwards: () => Promise.reject(new Error('no disk')) }
        : act,
    ),
  };
  await assert.rejects(approve(broken, ann, proposalId), /no disk/);
  const kept = await findProposal(broker.parts.db, proposalId);
  assert.deepEqual([kept?.status, /fault of ours/.test(kept?.fault ?? '')], ['approved', true]);
  assert.equal((await carryOut(operators, proposalId)).status, 'done');
  await assert.rejects(carryOut(operators, proposalId), { code: 'proposal_decided' });
  assert.ok((await kindsOf(proposalId)).includes('subject.erased'));
});

test('the log of all this verifies', async () => {
  await assertVerifies(broker.parts.db, broker.parts.ledger.verifierKey);
});

test('a lawful order is recorded as it was approved, with the proposal in its entry', async () => {
  const { clientId } = await ownParty(broker, 'lawful-authority');
  const { mpan } = await testHome(broker, 1);
  const input = {
    client_id: clientId,
    instrument: 'statutory-notice',
    authority: 'Example Act, section 12',
    reference: 'N-7',
    meter_points: [mpan],
    resolution: 'P1M',
    from: '2026-01-01',
    to: '2026-02-01',
    expires: new Date(broker.parts.clock.nowMs() + 86_400_000).toISOString(),
  };
  const { proposalId, status } = await decide('lawful-order', input);
  assert.equal(status, 'done');
  assert.deepEqual(await kindsOf(proposalId), [
    'operator.proposed',
    'operator.approved',
    'lawful-order.recorded',
  ]);
  const entries = JSON.stringify(await allEntries(broker.parts.db));
  for (const hidden of [mpan, 'N-7', 'Example Act']) assert.equal(entries.includes(hidden), false, hidden);
  await assert.rejects(decide('lawful-order', { ...input, instrument: 'a letter' }), /instrument/);
  await assert.rejects(decide('lawful-order', { ...input, meter_points: ['404'] }), { code: 'not_found' });
  await assertVerifies(broker.parts.db, broker.parts.ledger.verifierKey);
});
