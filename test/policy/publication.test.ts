// Which set binds when: at once where it only forbids more, after thirty days otherwise, and without a restart.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openClock } from '../../src/db/clock.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { openPolicy, type Policy } from '../../src/policy/engine.ts';
import { openPoliciesInForce } from '../../src/policy/policies-in-force.ts';
import { insertPolicy, listSchedule } from '../../src/policy/policy-store.ts';
import { planPublication, publishFirst, publishPolicy } from '../../src/policy/publication.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger, testLedger } from '../support/ledger.ts';
import { type Changes, policyDir, withPolicyDir } from '../support/policy-dir.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
const clock = await openClock(databases.app as never, null);
const parts = { db: databases.app, ledger, clock, formerLogId: null };
after(async () => {
  await clock.close();
  await ledger.close();
  await databases.close();
});

const dayMs = 86_400_000;
const setOf = (changes: Changes): Promise<Policy> =>
  withPolicyDir(changes, (dir) => openPolicy(dir, { remembered: 0 }));
const more = `
@id("nobody") @reason("policy_denied") @basis("proposal: a test")
forbid (principal, action == Action::"disclose", resource);
`;
const whole = await openPolicy(policyDir);
const stricter = await setOf({ 'more.cedar': () => more });
const weaker = await setOf({ 'times.cedar': (text) => text.replace('+ 368', '+ 400') });

const published = async () =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 1000)))
    .map((text) => JSON.parse(parseEntry(text).body))
    .filter(({ kind }) => kind === 'policy.published');

test('a log that goes on for another begins with the set in force there, and not with that of the folder', async () => {
  const own = await testDatabases();
  const successor = await testLedger(own);
  const nowS = Math.floor(clock.nowMs() / 1000) * 1000;
  await own.app.transaction().execute(async (tx) => {
    for (const [place, policy, effectiveAtMs] of [
      [1, stricter, nowS],
      [2, weaker, nowS + 31 * dayMs],
    ] as const)
      await insertPolicy(tx, {
        ...{ logId: 7, place, digest: policy.digest, text: policy.text, weakens: place === 2 },
        proposalId: null,
        ...{ publishedAt: new Date(nowS), effectiveAt: new Date(effectiveAtMs) },
      });
  });
  await publishFirst({ db: own.app, ledger: successor, clock, formerLogId: 7 }, whole);
  const schedule = await listSchedule(own.app, 1);
  assert.deepEqual(
    schedule.map(({ digest }) => digest),
    [stricter.digest],
  );
  await successor.close();
  await own.close();
});

test('sets bind in turn, each at its time, in a process that goes on running', async () => {
  let aheadMs = 0;
  const moved: Clock = { nowMs: () => clock.nowMs() + aheadMs };
  const inForce = await openPoliciesInForce({
    db: databases.app,
    logId: 1,
    clock: moved,
    logger: quietLogger,
    first: whole,
    lookEveryMs: 60_000,
  });
  const now = async () => {
    await inForce.refresh();
    return inForce.now().digest;
  };
  // The first set binds at once, and is published once.
  await publishFirst(parts, whole);
  await publishFirst(parts, stricter);
  assert.equal(await now(), whole.digest);
  await assert.rejects(publishPolicy(parts, whole), /in force already/);

  // A weakening is marked and waits; one that only forbids more does not, and what waited never binds.
  assert.equal((await planPublication(databases.app, parts, weaker)).weakens, true);
  const waiting = await publishPolicy(parts, weaker);
  assert.equal(waiting.weakens, true);
  assert.ok(waiting.effectiveAtMs >= clock.nowMs() + 30 * dayMs - 1000);
  assert.equal(await now(), whole.digest);
  await assert.rejects(publishPolicy(parts, weaker), /published already, and binds from/);
  aheadMs = 31 * dayMs;
  assert.equal(await now(), weaker.digest);
  aheadMs = 0;
  assert.equal((await publishPolicy(parts, stricter)).weakens, false);
  assert.equal(await now(), stricter.digest);
  aheadMs = 31 * dayMs;
  assert.equal(await now(), stricter.digest);

  // Back to the first set is a weakening of the stricter one.
  aheadMs = 0;
  assert.equal((await publishPolicy(parts, whole)).weakens, true);
  assert.equal(await now(), stricter.digest);
  aheadMs = 31 * dayMs;
  // No refresh: its time alone makes it bind.
  assert.equal(inForce.now().digest, whole.digest);
  await inForce.close();

  const entries = await published();
  assert.deepEqual(
    entries.map(({ policy, replaces, weakens }) => [policy, replaces, weakens]),
    [
      [whole.digest, undefined, undefined],
      [weaker.digest, whole.digest, 1],
      [stricter.digest, whole.digest, undefined],
      [whole.digest, stricter.digest, 1],
    ],
  );
});

test('two who publish at once are compared one after the other', async () => {
  const one = await setOf({ 'a.cedar': () => `${more}\n${more.replace('"nobody"', '"one"')}` });
  const two = await setOf({ 'a.cedar': () => `${more}\n${more.replace('"nobody"', '"two"')}` });
  const before = (await published()).length;
  const done = await Promise.allSettled([publishPolicy(parts, one), publishPolicy(parts, two)]);
  assert.deepEqual(
    done.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
  const [first, second] = (await published()).slice(before);
  assert.equal(first.replaces, stricter.digest);
  assert.equal(second.replaces, first.policy);
});
