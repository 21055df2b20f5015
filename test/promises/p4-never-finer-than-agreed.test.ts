// P4: no answer is finer, longer, fresher or for more than consent and request both allow, whatever is asked.
// The rules alone are in test/policies/, the sums in test/metering/; here random reads go through the whole broker and
// an oracle that knows only the consent says what may come back. Several consents of one group, taken together, are
// not limited yet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { addDays, type LocalDate, localDateAt } from '../../src/lib/local-date.ts';
import {
  type BareParty,
  type BareToken,
  bareCode,
  bareParty,
  readyRead,
  redeem,
  tokenOf,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { recentWindow, type TestHome, testHome, testZone } from '../support/journey.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker, 4);
  party = await bareParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const coarseness = ['PT30M', 'P1D', 'P1M'] as const;
type Resolution = (typeof coarseness)[number];
const soak = process.env.STABLEDOOR_SOAK === '1';

/** The first day of each period that an answer holds, in the zone of the home. */
const localDay = (start: string): LocalDate => localDateAt(Date.parse(start), testZone);

function periodsOf(resolution: Resolution, from: LocalDate, to: LocalDate): Set<LocalDate> {
  const days = new Set<LocalDate>();
  for (let day = from; day < to; day = addDays(day, 1))
    if (resolution !== 'P1M' || day.endsWith('-01')) days.add(day);
  return days;
}

interface Asked {
  readonly resolution: Resolution;
  readonly from: LocalDate;
  readonly to: LocalDate;
}

/** What of an answer is beyond the consent or the question; nothing, if the promise is kept. */
function excess(
  given: Resolution,
  window: { from: string; until: string },
  asked: Asked,
  body: { resolution: Resolution; readings: { start: string }[] },
): string[] {
  const found: string[] = [];
  if (coarseness.indexOf(body.resolution) < coarseness.indexOf(given)) found.push('finer than was given');
  if (body.resolution !== asked.resolution) found.push('not what was asked');
  const today = localDateAt(broker.parts.clock.nowMs(), testZone);
  const periods = periodsOf(asked.resolution, asked.from, asked.to);
  for (const day of body.readings.map(({ start }) => localDay(start))) {
    if (day < window.from || day >= window.until) found.push(`${day} is outside what was given`);
    if (!periods.has(day)) found.push(`${day} was not asked for`);
    // A day closes on the second morning after it.
    if (day >= addDays(today, -1)) found.push(`${day} is too fresh`);
  }
  const most = periods.size * (asked.resolution === 'PT30M' ? 50 : 1);
  if (body.readings.length > most) found.push(`${body.readings.length} readings for ${periods.size} periods`);
  return found;
}

for (const given of coarseness) {
  test(`given ${given}: no read of any resolution and window brings more than that`, async () => {
    const token: BareToken = await tokenOf(
      await redeem(party, broker.issuer, await bareCode(broker, party, home, given)),
    );
    const window = recentWindow(broker);
    const today = localDateAt(broker.parts.clock.nowMs(), testZone);
    let answered = 0;
    const offset = fc.oneof(fc.integer({ min: -130, max: 5 }), fc.integer({ min: -5, max: 3 }));
    const day = fc.oneof(
      offset.map((days) => addDays(today, days)),
      offset.map((days) => `${addDays(today, days).slice(0, 8)}01` as LocalDate),
    );
    const question = fc.record({ resolution: fc.constantFrom(...coarseness), from: day, to: day });
    await fc.assert(
      fc.asyncProperty(question, async (asked) => {
        const answer = await (await readyRead(broker, party, token, { ...asked }))();
        const body = await answer.json();
        if (answer.status !== 200) {
          assert.ok([400, 403].includes(answer.status), `${answer.status} ${JSON.stringify(body)}`);
          return assert.equal('readings' in body, false);
        }
        answered += 1;
        assert.deepEqual(excess(given, window, asked, body), []);
      }),
      {
        numRuns: soak ? 3000 : 120,
        examples: [[{ resolution: given, from: window.from as LocalDate, to: monthAfter(window.from) }]],
      },
    );
    assert.ok(answered > 0, 'some were answered');
  });
}

const monthAfter = (from: string): LocalDate =>
  `${addDays(from as LocalDate, 31).slice(0, 8)}01` as LocalDate;
