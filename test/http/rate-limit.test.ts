// Allowances shared by processes through a real database, with a clock that the test sets.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { KyselyPlugin } from 'kysely';
import { addressOf } from '../../src/http/limit-requests.ts';
import { type RateVerdict, rateLimiter } from '../../src/http/rate-limit.ts';
import { type RatePolicies, readRatePolicies, standardRatePolicies } from '../../src/http/rate-policies.ts';
import { settableClock } from '../../src/lib/clock.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger } from '../support/ledger.ts';

const databases = await testDatabases();
after(() => databases.close());
const clock = settableClock(Math.ceil(Date.now() / 60_000) * 60_000);

let statements = 0;
const counting: KyselyPlugin = {
  transformQuery({ node }) {
    statements++;
    return node;
  },
  transformResult: async ({ result }) => result,
};
const db = databases.app.withPlugin(counting);

/** A process of its own. */
const process = (changes: Partial<RatePolicies>) =>
  rateLimiter({ db, clock, logger: quietLogger }, { ...standardRatePolicies, ...changes });
const limits = { par: { quota: 10, windowSeconds: 60 }, reads: { quota: 2000, windowSeconds: 60 } };

async function takeMany(
  limiter: ReturnType<typeof process>,
  policy: 'par' | 'reads',
  caller: string,
  count: number,
) {
  const verdicts: RateVerdict[] = [];
  for (let i = 0; i < count; i++) verdicts.push(await limiter.take(policy, caller));
  return verdicts;
}
const allowed = (verdicts: readonly RateVerdict[]) => verdicts.filter((verdict) => verdict.allowed).length;

test('a small quota is held exactly, by one process and by four at once', async () => {
  assert.equal(allowed(await takeMany(process(limits), 'par', 'one', 15)), 10);
  const four = Array.from({ length: 4 }, () => process(limits));
  const all = await Promise.all(four.map((limiter) => takeMany(limiter, 'par', 'four', 10)));
  assert.equal(allowed(all.flat()), 10);
});

test('a large quota costs a statement a slice, none when it is spent, and is passed by a slice a process at most', async () => {
  const two = [process(limits), process(limits)];
  statements = 0;
  const all = await Promise.all(two.map((limiter) => takeMany(limiter, 'reads', 'busy', 3000)));
  const passed = allowed(all.flat());
  assert.ok(passed >= 1800 && passed <= 2000 + 2 * 100, `${passed} passed`);
  assert.ok(statements <= 24, `${statements} statements`);
  statements = 0;
  for (const limiter of two) assert.equal(allowed(await takeMany(limiter, 'reads', 'busy', 1000)), 0);
  assert.equal(statements, 0);
});

test('the first call of a caller does not wait for the database', () => {
  const verdict = process(limits).take('reads', 'hasty');
  assert.ok(!(verdict instanceof Promise));
  assert.equal(verdict.allowed, true);
});

test('callers and limits do not share, and the next window begins anew', async () => {
  const limiter = process(limits);
  await takeMany(limiter, 'par', 'a', 12);
  assert.equal((await limiter.take('par', 'a')).allowed, false);
  assert.equal(limiter.look('par', 'a').allowed, false);
  assert.equal((await limiter.take('par', 'b')).allowed, true);
  assert.equal((await limiter.take('tokens', 'a')).allowed, true);
  const [last] = await takeMany(limiter, 'par', 'a', 1);
  assert.ok(last && last.resetSeconds >= 1 && last.resetSeconds <= 60 && last.remaining === 0);
  clock.advance(last.resetSeconds * 1000);
  assert.equal((await limiter.take('par', 'a')).allowed, true);
});

test('what is said to be left goes down, and never promises more than there is', async () => {
  const verdicts = await takeMany(process(limits), 'par', 'counted', 10);
  assert.deepEqual(
    verdicts.map(({ remaining }) => remaining),
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  );
});

test('without its table the limit stands in nobody’s way', async () => {
  const closed = databases.open<never>('postgres://nobody:x@127.0.0.1:1/none');
  const limiter = rateLimiter(
    { db: closed as never, clock, logger: quietLogger },
    { ...standardRatePolicies, ...limits },
  );
  for (let i = 0; i < 12; i++) assert.equal((await limiter.take('par', 'x')).allowed, true);
});

test('no address is kept, only its digest', async () => {
  await process(limits).take('par', '203.0.113.7');
  const rows = await databases.app.selectFrom('limits.allowance').select(['caller', 'policy']).execute();
  assert.ok(rows.length > 0);
  for (const { caller } of rows) assert.equal(caller.length, 16);
});

test('an IPv6 caller is its network, a mapped one its IPv4 address', () => {
  const of = (ip: string | undefined) => addressOf({ ip } as never);
  assert.equal(of('203.0.113.7'), '203.0.113.7');
  assert.equal(of('::ffff:203.0.113.7'), '203.0.113.7');
  assert.equal(of('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(of('2001:0db8:1:2::9'), '2001:db8:1:2');
  assert.equal(of('2001:db8::1'), '2001:db8:0:0');
  assert.equal(of('::1'), '0:0:0:0');
  assert.equal(of('fe80::1%eth0'), 'fe80:0:0:0');
  assert.equal(of(undefined), '');
});

test('an operator’s limits are read, and a misspelt one is refused', () => {
  const read = readRatePolicies('par=5/60, reads=10/1');
  assert.deepEqual(read?.par, { quota: 5, windowSeconds: 60 });
  assert.deepEqual(read?.tokens, standardRatePolicies.tokens);
  for (const wrong of [
    '',
    'par',
    'par=5',
    'par=0/60',
    'par=5/0',
    'par=5/90000',
    'other=5/60',
    'par=-5/60',
    'par=5/60;reads=1/1',
  ])
    assert.equal(readRatePolicies(wrong), null, wrong);
});
