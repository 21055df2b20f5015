// Each step of an append, cut before the server sees it and after it acted on it, with an entry that passes its guard and
// with one that is refused: whoever gets no receipt asks again under the same request id, on a ledger that was opened
// anew, and learns whether the entry is there. No request is ever in the log twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDatabase } from '../../src/db/database.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { type AppendRequest, type Receipt, RequestRepeated } from '../../src/ledger/ledger.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { type HouseholdId, newRequestId } from '../../src/lib/ids.ts';
import { type Cut, cuttableConnection } from '../support/cut-connection.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { trialGuards } from '../support/trial-guards.ts';
import { wholeLog } from '../support/whole-log.ts';

const databases = await testDatabases();
const connection = await cuttableConnection(databases.urls.app);
const relayed = openDatabase({ url: connection.url, maxConnections: 4, statementTimeoutMs: 2000 });
const ledger = await testLedger({ ...databases, app: relayed });
let household: HouseholdId;
before(async () => {
  await trialGuards(databases);
  household = await ledger.household();
  await ledger.append(using('spent'));
});
after(async () => {
  await ledger.close();
  await relayed.destroy();
  await connection.close();
  await databases.close();
});

const using = (thing: string): AppendRequest => ({
  ...linked(household),
  guards: [{ name: 'trial-once', args: { thing } }],
  // Any body would do: the ledger does not ask what a refusal says.
  refusal: () => ({ kind: 'meter-point.linked', actor: 'broker' }),
  refusalPersonal: ['meter_point'],
});
const kinds: [kind: string, request: () => AppendRequest, outcome: Receipt['outcome']][] = [
  ['an entry that is allowed', () => using(newRequestId()), 'allowed'],
  ['a refusal', () => using('spent'), 'refused'],
];

/** A simple query of exactly this text, as it is on the wire. */
const statement = (text: string) => `${text}\0`;
const steps: [step: string, pattern: string, how: Cut, persists: boolean][] = [
  ['its transaction began', statement('begin'), 'before', false],
  ['its transaction began', statement('begin'), 'after', false],
  ['the head was locked', 'ledger.open_batch', 'before', false],
  ['the head was locked', 'ledger.open_batch', 'after', false],
  ['the batch was written', 'ledger.close_batch', 'before', false],
  ['the batch was written', 'ledger.close_batch', 'after', false],
  ['it was committed', statement('commit'), 'before', false],
  ['it was committed', statement('commit'), 'after', true],
];

for (const [kind, request, outcome] of kinds)
  for (const [step, pattern, how, persists] of steps)
    test(`${kind}, cut ${how} ${step}, is there ${persists ? 'once, and asking again finds it' : 'only when it is asked for again'}`, async () => {
      const requests = [request(), linked(household), linked(household)];
      const cuts = connection.made;
      connection.cut(pattern, how);
      const answers = await Promise.allSettled(requests.map((each) => ledger.append(each)));
      assert.equal(connection.made, cuts + 1, 'the cut was made');
      for (const answer of answers) {
        assert.equal(answer.status, 'rejected');
        assert.ok(answer.reason instanceof StabledoorError && answer.reason.code === 'ledger_unavailable');
      }

      const reloaded = await testLedger(databases, { signer: ledger.signer });
      const again = await Promise.allSettled(requests.map((each) => reloaded.append(each)));
      await reloaded.close();
      const { entries } = await wholeLog(databases.app, ledger.signer.key);
      const placeOf = (req: string) =>
        entries.flatMap((text, i) => (JSON.parse(parseEntry(text).body).req === req ? [i] : []));
      for (const [i, answer] of again.entries()) {
        const found = answer.status === 'fulfilled' ? answer.value : (answer.reason as RequestRepeated);
        assert.equal(found instanceof RequestRepeated, persists);
        assert.deepEqual(placeOf(requests[i]?.req as string), [found.index]);
        if (i === 0 && answer.status === 'fulfilled') assert.equal(answer.value.outcome, outcome);
      }
    });
