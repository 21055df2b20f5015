// Entries that cannot be written hurt nobody but themselves, however many stand beside them in the batch.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { EntryBodyError } from '../../src/ledger/entry-body.ts';
import { type AppendRequest, GuardRefused } from '../../src/ledger/ledger.ts';
import { defaultLimits } from '../../src/ledger/sequencer.ts';
import type { StabledoorError } from '../../src/lib/errors.ts';
import { type HouseholdId, newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { trialGuards, usedThings } from '../support/trial-guards.ts';
import { assertDurable, wholeLog } from '../support/whole-log.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
let household: HouseholdId;
before(async () => {
  await trialGuards(databases);
  household = await ledger.household();
  await ledger.append(linked(household));
});
after(async () => {
  await ledger.close();
  await databases.close();
});

const using = (thing: string): AppendRequest => ({
  ...linked(household),
  guards: [{ name: 'trial-once', args: { thing } }],
});
const causeOf = (error: unknown) => ((error as StabledoorError).cause as Error | undefined)?.message ?? '';

const poisons: [what: string, poison: () => AppendRequest, cause: RegExp][] = [
  [
    'whose guard breaks down',
    () => ({ ...linked(household), guards: [{ name: 'trial-broken', args: {} }] }),
    /breaks down/,
  ],
  [
    'that names an unknown guard',
    () => ({ ...linked(household), guards: [{ name: 'no-such', args: {} }] }),
    /no guard no-such/,
  ],
  [
    'whose refusal cannot be an entry',
    () => ({
      ...linked(household),
      guards: [{ name: 'log-empty', args: {} }],
      refusal: () => ({ kind: 'refusal' }) as never,
    }),
    /actor|body|basis/,
  ],
];

for (const [what, poison, cause] of poisons) {
  test(`an entry ${what} rejects itself alone, and no guard of its neighbours is spent twice`, async () => {
    const things = Array.from({ length: 100 }, () => newRequestId() as string);
    const known = await usedThings(databases);
    const requests = things.map(using);
    requests.splice(57, 0, poison());
    const outcomes = await Promise.allSettled(requests.map((request) => ledger.append(request)));
    const [bad] = outcomes.splice(57, 1);
    assert.equal(bad?.status, 'rejected');
    assert.equal(bad.reason.code, 'ledger_unavailable');
    assert.match(causeOf(bad.reason), cause);
    const receipts = outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
    assert.ok(receipts.every(({ outcome }) => outcome === 'allowed'));
    assertDurable(await wholeLog(databases.app, ledger.signer.key), receipts);
    assert.deepEqual(await usedThings(databases), [...known, ...things].sort());
  });
}

test('what two entries of one batch want to use once, the first one gets', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => ledger.append(using('the same'))),
  );
  const refused = outcomes
    .filter(({ status }) => status === 'rejected')
    .map((each) => (each as PromiseRejectedResult).reason);
  assert.equal(refused.length, 19);
  assert.ok(refused.every((error) => error instanceof GuardRefused && error.reason === 'used'));
  await assert.rejects(ledger.append(using('the same')), GuardRefused);
});

test('a request that names one guard twice is refused when either fails', async () => {
  const guards = ['fresh', 'the same'].map((thing) => ({ name: 'trial-once', args: { thing } }));
  await assert.rejects(ledger.append({ ...linked(household), guards }), GuardRefused);
});

test('an entry with more than its fields may hold is refused before it is queued', async () => {
  const party = `client_${'A'.repeat(22)}`;
  const suspended = (reason: string): AppendRequest => ({
    req: newRequestId(),
    householdId: null,
    body: { kind: 'third-party.suspended', actor: 'operator', third_party: party, reason },
  });
  assert.ok(await ledger.append(suspended('x'.repeat(500))));
  await assert.rejects(ledger.append(suspended('x'.repeat(70_000))), EntryBodyError);
  const personal = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`field_${i}`, 'x']));
  await assert.rejects(ledger.append({ ...linked(household), personal }), EntryBodyError);
});

test('the queue is bounded: what does not fit is refused at once, what waits too long in time', async () => {
  assert.deepEqual(defaultLimits, { queueLength: 4096, batchLength: 512, deadlineMs: 2000 });
  const limits = { queueLength: 20, batchLength: 5, deadlineMs: 600 };
  const small = await testLedger(databases, { signer: ledger.signer, limits });
  await small.append(linked(household));
  const owner = databases.owner as unknown as Kysely<unknown>;
  await owner.transaction().execute(async (tx) => {
    await sql`select size from ledger.head where log_id = 1 for update`.execute(tx);
    const began = performance.now();
    const waited: number[] = [];
    const refusals = Array.from({ length: 40 }, () =>
      small.append(linked(household)).catch((error: StabledoorError) => {
        waited.push(performance.now() - began);
        return error.message;
      }),
    );
    const said = await Promise.all(refusals);
    assert.equal(said.filter((text) => /too much to write/.test(text as string)).length, 20);
    assert.equal(said.filter((text) => /took too long/.test(text as string)).length, 20);
    assert.ok(waited.filter((ms) => ms < 400).length >= 20 && waited.every((ms) => ms < 1200), `${waited}`);
  });
  assert.ok(await small.append(linked(household)), 'it goes on');
  await small.close();
  await wholeLog(databases.app, ledger.signer.key);
});
