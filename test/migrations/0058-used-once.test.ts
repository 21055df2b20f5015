// What the database itself holds to when what two operators approved is done: a text of a third party stands for all acts,
// and each of the others is asked for its own fields.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

const [ann, ben] = [newId('operator'), newId('operator')];
before(async () => {
  await sql`select ledger.open_log(1::smallint, 'test.example/ledger', 'production')`.execute(app);
  for (const [id, name] of [
    [ann, 'Ann'],
    [ben, 'Ben'],
  ])
    await sql`insert into operator.operator (operator_id, name, role, added_at)
      values (${id}, ${name}, 'administrator', ledger.now())`.execute(app);
});

async function approved(act: string, payload: object, by = ben): Promise<string> {
  const id = newId('proposal');
  const [salt, text] = [randomBytes(32), JSON.stringify(payload)];
  const digest = createHash('sha256').update(salt).update(text).digest('base64');
  await sql`insert into operator.proposal (proposal_id, act, payload, salt, digest, proposed_by, proposed_at, expires_at)
    values (${id}, ${act}, ${text}, ${salt}, ${digest}, ${ann}, ledger.now(), ledger.now() + interval '1 day')`.execute(
    app,
  );
  if (by) await decide(id, by);
  return id;
}

const decide = (id: string, by: string) =>
  sql`update operator.proposal set status = 'done', decided_by = ${by}, decided_at = ledger.now()
    where proposal_id = ${id}`.execute(app);

async function thirdParty(status = 'active'): Promise<string> {
  const id = newId('client');
  await sql`insert into registry.third_party (client_id, name, trading_name, class, legal_group, registration_number,
      status, redirect_uris, purposes, detail_types, recipients, jwks, retention_days, registered_at)
    values (${id}, 'A', 'A', 'insurer', 'A', '', ${status}, '{https://a.example}', '{claim}', '{meter_readings}', '{}',
      '{"keys":[{"kid":"k"}]}', 1, ledger.now())`.execute(app);
  return id;
}

const note = (proposal: string, client: string, text = 'A text.') =>
  sql`select registry.approve_note(${proposal}, ${client}, 'n', ${text})`.execute(app);
const noteOf = (client: string) => ({ client_id: client, name: 'n', text: 'A text.' });
const textOf = async (client: string) =>
  (await sql<{ text: string }>`select text from registry.note where client_id = ${client}`.execute(app))
    .rows[0]?.text;

/** By the owner, who alone can: the application has no right to. */
const tamper = async (change: string, id: string) => {
  await sql`alter table operator.proposal disable trigger decided_once`.execute(owner);
  await sql`update operator.proposal set ${sql.raw(change)} where proposal_id = ${id}`.execute(owner);
  await sql`alter table operator.proposal enable trigger decided_once`.execute(owner);
};

test('what was approved is done once', async () => {
  const client = await thirdParty();
  const proposal = await approved('note-approve', noteOf(client));
  await note(proposal, client);
  await assert.rejects(note(proposal, client), { code: 'SD017' });
  assert.equal(await textOf(client), 'A text.');
});

test('of two processes that do it at once, one does', async () => {
  const client = await thirdParty();
  for (let round = 0; round < 5; round++) {
    const proposal = await approved('note-approve', noteOf(client));
    const outcomes = await Promise.allSettled([note(proposal, client), note(proposal, client)]);
    const refusals = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    assert.deepEqual(
      refusals.map(({ reason }) => reason.code),
      ['SD017'],
    );
  }
});

test('an act that is rolled back has used nothing', async () => {
  const client = await thirdParty();
  const proposal = await approved('note-approve', noteOf(client));
  const cut = app.transaction().execute(async (tx) => {
    await sql`select registry.approve_note(${proposal}, ${client}, 'n', 'A text.')`.execute(tx);
    throw new Error('cut');
  });
  await assert.rejects(cut, /cut/);
  await note(proposal, client);
});

test('neither another text than was approved nor one for another, nor by another act, nor unapproved', async () => {
  const client = await thirdParty();
  const proposal = await approved('note-approve', noteOf(client));
  await assert.rejects(note(proposal, client, 'Another.'), { code: 'SD016' });
  await assert.rejects(note(proposal, await thirdParty()), { code: 'SD016' });
  await assert.rejects(note(await approved('third-party-change', noteOf(client)), client), { code: 'SD014' });
  await assert.rejects(note(await approved('note-approve', noteOf(client), '' as never), client), {
    code: 'SD014',
  });
  await assert.rejects(note(newId('proposal'), client), { code: 'SD014' });
  assert.equal(await textOf(client), undefined);
});

test('a payload that was changed after it was approved is not done, as it was or as it is', async () => {
  const client = await thirdParty();
  const proposal = await approved('note-approve', noteOf(client));
  await tamper("payload = replace(payload, 'A text.', 'Evil.')", proposal);
  for (const text of ['A text.', 'Evil.'])
    await assert.rejects(note(proposal, client, text), { code: 'SD016' });
});

test('not after it expired, nor where it was approved by whoever proposed it', async () => {
  const client = await thirdParty();
  const late = await approved('note-approve', noteOf(client));
  await tamper(
    "proposed_at = proposed_at - interval '2 days', decided_at = decided_at - interval '2 days', expires_at = expires_at - interval '2 days'",
    late,
  );
  await assert.rejects(note(late, client), { code: 'SD011' });
  const alone = await approved('note-approve', noteOf(client));
  await tamper('decided_by = proposed_by', alone);
  await assert.rejects(note(alone, client), { code: 'SD012' });
  await assert.rejects(approved('note-approve', noteOf(client), ann), { code: 'SD012' });
});

test('class, group and purposes are those that were approved, to the order', async () => {
  const client = await thirdParty();
  const afterwards = { class: 'supplier', group: 'B', purposes: ['billing', 'service'] };
  const proposal = await approved('third-party-change', { client_id: client, after: afterwards });
  const change = (purposes: string[]) =>
    sql`select registry.change_terms(${proposal}, ${client}, 'supplier', 'B', ${purposes}::text[])`.execute(
      app,
    );
  await assert.rejects(change(['billing']), { code: 'SD016' });
  await change(afterwards.purposes);
  await assert.rejects(change(afterwards.purposes), { code: 'SD017' });
});

test('what waits becomes active as it was approved, once', async () => {
  const client = await thirdParty('pending');
  const terms = { class: 'insurer', group: 'A', purposes: ['claim'], redirect_uris: ['https://a.example'] };
  const activate = (proposal: string | null) =>
    sql`update registry.third_party set status = 'active', proposal_id = ${proposal}
      where client_id = ${client}`.execute(app);
  await assert.rejects(activate(null), { code: 'SD014' });
  const other = { client_id: client, name: 'A', ...terms, class: 'supplier' };
  await assert.rejects(activate(await approved('third-party-register', other)), { code: 'SD016' });
  await activate(await approved('third-party-register', { client_id: client, name: 'A', ...terms }));
});

test('who joins is who was approved, with that key; who leaves is who was named', async () => {
  const eve = newId('operator');
  const joins = (proposal: string, role = 'registrar') =>
    sql`insert into operator.operator (operator_id, name, role, added_at, proposal_id)
      values (${eve}, 'Eve', ${role}, ledger.now(), ${proposal})`.execute(app);
  const key = (letter: string, publicKey: string) =>
    sql`insert into operator.credential (credential_id, operator_id, kept_in, public_key, added_at)
      values (${letter.repeat(43)}, ${eve}, 'file', ${publicKey}, ledger.now())`.execute(app);
  const adding = await approved('operator-add', { operator: eve, name: 'Eve', role: 'registrar', key: 'K' });
  await assert.rejects(joins(adding, 'administrator'), { code: 'SD016' });
  await joins(adding);
  await assert.rejects(key('a', 'L'), { code: 'SD016' });
  await key('a', 'K');
  await key('b', 'L');
  const leaves = (who: string, proposal: string) =>
    sql`update operator.operator set removed_at = ledger.now(), removal_id = ${proposal}
      where operator_id = ${who}`.execute(app);
  const removing = await approved('operator-remove', { operator: eve });
  await assert.rejects(leaves(ben, removing), { code: 'SD016' });
  await leaves(eve, removing);
});

test('a household is erased at once only where that was approved; a key is retired by two', async () => {
  const household = newId('household');
  const erase = (proposal: string, wait: string) =>
    sql`insert into household.erasure (household_id, asked_by, asked_at, due_at, proposal_id)
      values (${household}, 'operator', ledger.now(), ledger.now() + ${wait}::interval, ${proposal})`.execute(
      app,
    );
  const later = await approved('household-erase', { household_id: household, now: false });
  await assert.rejects(erase(later, '1 hour'), { code: 'SD016' });
  await erase(later, '7 days');
  await assert.rejects(sql`select ledger.retire_key(1::smallint, 'k', null)`.execute(app), { code: 'SD014' });
  const other = await approved('key-retire', { use: 'ledger', key: 'other' });
  await assert.rejects(sql`select ledger.retire_key(1::smallint, 'k', ${other})`.execute(app), {
    code: 'SD016',
  });
});

test('the application can neither use a proposal without an act nor take back that it was used', async () => {
  for (const statement of [
    `select operator.use('x', 'note-approve', '{}')`,
    'delete from operator.used',
    'update operator.used set used_at = ledger.now()',
    'insert into operator.used (proposal_id, used_at) values (null, null)',
  ])
    await assert.rejects(sql`${sql.raw(statement)}`.execute(app), /permission denied/);
});
