// In production another log goes on only if one operator proposed it and another approved exactly that, in time; and the log
// that goes on shows it to whoever verifies, and knows its operators.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { succeedAfterRestore } from '../../src/audit/succession.ts';
import {
  approveSuccession,
  type DecisionParts,
  parseSuccessionProposal,
  proposeSuccession,
  type SuccessionProposal,
} from '../../src/audit/succession-proposal.ts';
import { machineClock } from '../../src/db/clock.ts';
import { databasesOf } from '../../src/db/provision.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { findLogInForce } from '../../src/ledger/log-in-force.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { operatorStatement } from '../../src/ledger/operator-statement.ts';
import { makeFurtherKey, readLedgerKeys } from '../../src/ledger/signing-key.ts';
import { verifyLine } from '../../src/ledger/verify.ts';
import { addKey } from '../../src/operator/joining.ts';
import { approve, propose } from '../../src/operator/proposals.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { type TestLedger, testLedger, testOrigin } from '../support/ledger.ts';
import { fileKey, type TestOperator, type TestOperators, testOperators } from '../support/operators.ts';
import { setBack } from '../support/set-back.ts';

const databases = await testDatabases();
const superuser: Kysely<unknown> = databases.open(
  databases.superuserUrl(databasesOf(databases.name).broker),
  1,
);
const keyDir = join(await testDataFolder(async () => {}), 'keys');
let ledger: TestLedger;
let operators: TestOperators;
let custodian: TestOperator;
let registrar: TestOperator;
let second: Awaited<ReturnType<TestOperators['key']>>;
let parts: DecisionParts;
/** What somebody kept of the log as it was. */
let kept: { note: string; from: string };

before(async () => {
  await mkdir(keyDir, { mode: 0o700 });
  const { signer } = await makeFurtherKey(keyDir, testOrigin);
  ledger = await testLedger(databases, { mode: 'production', signer });
  operators = await testOperators(databases, ledger);
  custodian = await operators.add('Cus', 'custodian');
  registrar = await operators.add('Rae', 'registrar');
  second = await operators.key();
  await addKey(operators.parts, operators.ann.key, fileKey(second));
  const size = (await latestCheckpoint(databases.app, 1))?.size as number;
  await addKey(operators.parts, operators.ben.key, fileKey(await operators.key()));
  kept = { note: (await latestCheckpoint(databases.app, 1))?.note as string, from: 'a friend' };
  await ledger.close();
  await setBack(superuser, 1, size);
  await sql`alter table operator.credential disable trigger user`.execute(superuser);
  await sql`delete from operator.credential where credential_id = (
    select credential_id from operator.credential order by added_at desc limit 1)`.execute(superuser);
  parts = {
    db: databases.app,
    clock: machineClock,
    databaseUrl: databases.urls.app,
    log: await findLogInForce(databases.app, testOrigin),
    mode: 'production',
    ledgerKeys: { all: () => [signer.key] },
    keyDir,
    headGuardFile: join(keyDir, 'guard'),
    witnesses: [],
  };
});
after(async () => {
  await operators.close();
  await databases.close();
});

const proposeBy = (who: TestOperator, from: DecisionParts = parts) =>
  proposeSuccession(from, who.key, { given: [kept] });
/** As it comes back from the file. */
const approveBy = async (
  key: TestOperator['key'],
  proposal: SuccessionProposal,
  from: DecisionParts = parts,
  given = [kept],
) => approveSuccession(from, key, parseSuccessionProposal(JSON.stringify(proposal)), given);
const ahead = (seconds: number): DecisionParts => ({
  ...parts,
  clock: { nowMs: () => Date.now() + seconds * 1000 },
});
const week = 604_800;

test('in production nobody closes a log alone', async () => {
  await assert.rejects(succeedAfterRestore(parts, { given: [kept] }), { code: 'second_operator_needed' });
});

test('whoever proposed it cannot approve it, with the same key or another of theirs', async () => {
  const proposal = await proposeBy(operators.ann);
  const refused = { code: 'second_operator_needed' };
  await assert.rejects(approveBy(operators.ann.key, proposal), refused);
  await assert.rejects(approveBy(second, proposal), refused);
});

test('nobody proposes or approves it who is no operator, or has another role', async () => {
  await assert.rejects(proposeBy(registrar), { code: 'operator_role' });
  const proposal = await proposeBy(operators.ann);
  await assert.rejects(approveBy(registrar.key, proposal), { code: 'operator_role' });
  await assert.rejects(approveBy(await operators.key(), proposal), { code: 'operator_unknown' });
});

test('a proposal cannot be approved after seven days, nor one that would last longer', async () => {
  const proposal = await proposeBy(operators.ann);
  await assert.rejects(approveBy(operators.ben.key, proposal, ahead(week + 1)), { code: 'proposal_expired' });
  const longer = await proposeBy(operators.ann, ahead(week));
  await assert.rejects(approveBy(operators.ben.key, longer), { code: 'proposal_changed' });
});

test('a proposal that was changed in any part is refused', async () => {
  const proposal = await proposeBy(operators.ann);
  const { payload, entry } = proposal;
  const refuses = async (bend: object, code: string) =>
    assert.rejects(approveBy(operators.ben.key, { ...proposal, ...bend } as SuccessionProposal), { code });
  await refuses({ payload: { ...payload, origin: 'elsewhere.example/ledger' } }, 'proposal_changed');
  await refuses({ payload: { ...payload, kept_size: payload.kept_size - 1 } }, 'proposal_changed');
  await refuses({ payload: { ...payload, known_size: payload.known_size - 1 } }, 'proposal_changed');
  await refuses({ entry: { ...entry, act: 'key-retire' } }, 'proposal_changed');
  await refuses(
    { entry: { ...entry, said: { ...entry.said, kept_root: entry.digest } } },
    'proposal_changed',
  );
  await refuses({ entry: { ...entry, expires_s: entry.expires_s - 1 } }, 'operator_proof_invalid');
  await refuses({ entry: { ...entry, operator: operators.ben.operatorId } }, 'operator_proof_invalid');
  const { proof: _, ...said } = entry;
  const forged = await custodian.key.prove(operatorStatement(payload.origin, said));
  await refuses(
    { entry: { ...entry, proof: { ...forged, key: entry.proof.key } } },
    'operator_proof_invalid',
  );
  await refuses({ more: 1 }, 'invalid_request');
  assert.throws(() => parseSuccessionProposal('{'), { code: 'invalid_request' });
  assert.throws(() => parseSuccessionProposal(`"${'x'.repeat(70_000)}"`), { code: 'invalid_request' });
});

test('whoever approves knows of no less than whoever proposed', async () => {
  const proposal = await proposeSuccession(parts, operators.ann.key, { given: [kept], isRestored: true });
  await assert.rejects(approveBy(operators.ben.key, proposal, parts, []), /give the same checkpoint/);
});

test('what one proposes and another approves is done once, and both stand right after log.succeeded', async () => {
  const proposal = await proposeBy(custodian);
  const succession = await approveBy(operators.ben.key, proposal);
  assert.equal(succession.successor.origin, `${testOrigin}-2`);
  const { rows } = await sql<{ body: string }>`
    select convert_from(entry, 'UTF8') as body from ledger.entry
    where log_id = ${succession.successor.logId} order by idx limit 8`.execute(superuser);
  const kinds = rows.map(({ body }) => /"kind":"([a-z.-]+)"/.exec(body)?.[1]);
  assert.deepEqual(kinds, [
    'log.succeeded',
    ...Array.from({ length: 5 }, () => 'operator.carried'),
    'operator.proposed',
    'operator.approved',
  ]);
  assert.ok(rows[0]?.body.includes(proposal.entry.proposal));
  await assert.rejects(approveBy(operators.ben.key, proposal), /another has succeeded it/);
  const log = await findLogInForce(databases.app, testOrigin);
  const next = { ...parts, log };
  await assert.rejects(approveBy(operators.ben.key, proposal, next), { code: 'proposal_decided' });
});

test('its operators decide in the log that goes on, add another, and both logs verify', async () => {
  const log = await findLogInForce(databases.app, testOrigin);
  const signer = (await readLedgerKeys(keyDir)).find((one) => one.signer.key.name === log.origin)?.signer;
  const next = await testLedger(databases, {
    mode: 'production',
    signer: signer as never,
    origin: log.origin,
    logId: log.logId,
  });
  const decide = { ...operators.parts, ledger: next };
  const key = JSON.parse((await operators.key()).publicKey);
  const input = { name: 'Dot', role: 'administrator', public_key: { key } };
  const { proposalId } = await propose(decide, second, { act: 'operator-add', input });
  assert.equal((await approve(decide, operators.ben.key, proposalId)).status, 'done');
  await next.close();
  const logs = [1, log.logId].map((logId) => () => exportLog(databases.app, { logId, policies: [] }));
  for (const verdict of await verifyLine(logs, { ...nodeCrypto, keys: [ledger.signer.key.text] }))
    assert.deepEqual(verdict.violations, []);
});
