// Whatever happens in whatever order (moves, reads, a clock that goes on, crashes before and after the commit), the rows and
// the ledger tell the same story, and no read is let through that the story does not allow.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type ConsentEvent, type ConsentState, canMove } from '../../src/consent/consent.ts';
import {
  type Consent,
  expireConsents,
  findConsent,
  giveConsent,
  lapseRequests,
  moveOut,
  narrowConsent,
  refuseConsent,
  requestConsent,
  returnConsent,
  stopConsent,
} from '../../src/consent/consents.ts';
import { readNowMs } from '../../src/consent/hold-store.ts';
import { listSteps } from '../../src/consent/step-store.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { type ClientId, newId, newRequestId } from '../../src/lib/ids.ts';
import { addDays, localDateAt } from '../../src/lib/local-date.ts';
import type { Resolution } from '../../src/registry/purposes.ts';
import { choiceOf, requestOf } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries, type PlacedEntry } from '../support/entries.ts';
import { type TestHousehold, testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';
import { moveClock } from '../support/move-clock.ts';
import { assertVerifies } from '../support/verify-whole.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const db = databases.app;

/** What the story says of one consent. */
interface Told {
  readonly consent: Consent;
  state: ConsentState;
  version: number;
  resolution: Resolution | null;
  readonly requestedMs: number;
  reads: number;
}
interface Story {
  readonly told: Told[];
  movedOut: boolean;
}
interface Home {
  readonly home: TestHousehold;
  readonly clients: readonly ClientId[];
}

type Command = fc.AsyncCommand<Story, Home, boolean>;
type Crash = 'none' | 'before' | 'after';
class Crashed extends Error {}

/** A process that dies with its transaction, or right after it was committed and before anybody was told. */
function partsThat(crash: Crash) {
  if (crash === 'none') return { db, ledger };
  const appendWithin: typeof ledger.appendWithin = async (tx, requests) => {
    const receipts = await ledger.appendWithin(tx, requests);
    if (crash === 'before') throw new StabledoorError('ledger_unavailable', undefined, {}, {}, new Crashed());
    return receipts;
  };
  return { db, ledger: { ...ledger, appendWithin } };
}

const isRefusal = (error: unknown, ...codes: string[]) =>
  error instanceof StabledoorError && codes.includes(error.code);

/** Does a move for real; `legal` says whether the story allows it. Gives whether it was made. */
async function made(legal: boolean, crash: Crash, act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
  } catch (error) {
    if (crash === 'before' && isRefusal(error, 'ledger_unavailable')) return false;
    if (!isRefusal(error, 'illegal_transition', 'invalid_request', 'consent_unknown')) throw error;
    assert.equal(legal, false, `a move that is drawn was refused: ${(error as Error).message}`);
    return false;
  }
  assert.equal(legal, true, 'a move that is not drawn was made');
  return true;
}

const pick = (story: Story, which: number): Told | undefined => story.told[which % (story.told.length || 1)];
const crash = fc.constantFrom<Crash>('none', 'none', 'none', 'before', 'after');
const which = fc.nat(5);

const requestCommand = (client: number, crash: Crash): Command => ({
  check: () => true,
  async run(story: Story, { home, clients }: Home) {
    const clientId = clients[client] as ClientId;
    const request = requestOf(home, { clientId, terms: { resolution: 'PT30M' } });
    const nowMs = await readNowMs(db);
    try {
      const consent = await requestConsent(partsThat(crash), request);
      for (const one of story.told)
        if (one.consent.clientId === clientId && one.state === 'requested') one.state = 'lapsed';
      const told = {
        state: 'requested',
        version: 0,
        resolution: null,
        requestedMs: nowMs,
        reads: 0,
      } as const;
      story.told.push({ consent, ...told });
    } catch (error) {
      if (crash !== 'before' || !isRefusal(error, 'ledger_unavailable')) throw error;
    }
  },
  toString: () => `request(${client}, ${crash})`,
});

const giveCommand = (which: number, resolution: Resolution, crash: Crash): Command => ({
  check: (story: Readonly<Story>) => story.told.length > 0,
  async run(story: Story, { home }: Home) {
    const told = pick(story, which) as Told;
    const isLate = (await readNowMs(db)) >= told.requestedMs + 900_000;
    const legal = canMove(told.state, 'give') && !isLate && !story.movedOut;
    const { consentId } = told.consent;
    const choice = choiceOf(home, { resolution: resolution });
    const gift = { consentId, occupierId: home.occupierId, choice, signedBy: 'code' as const };
    if (!(await made(legal, crash, () => giveConsent(partsThat(crash), gift)))) return;
    for (const one of story.told)
      if (one.consent.clientId === told.consent.clientId && one.state === 'given') one.state = 'superseded';
    Object.assign(told, { state: 'given', version: 1, resolution: resolution });
  },
  toString: () => `give(${which}, ${resolution}, ${crash})`,
});

const narrowCommand = (which: number, resolution: Resolution, crash: Crash): Command => ({
  check: (story: Readonly<Story>) => story.told.length > 0,
  async run(story: Story, { home }: Home) {
    const told = pick(story, which) as Told;
    const order: readonly (Resolution | null)[] = ['P1M', 'P1D', 'PT30M'];
    const coarser = order.indexOf(resolution) < order.indexOf(told.resolution);
    const legal = canMove(told.state, 'narrow') && coarser;
    const { consentId } = told.consent;
    const choice = choiceOf(home, { resolution: resolution });
    const narrowing = { consentId, occupierId: home.occupierId, choice, signedBy: 'code' as const };
    if (!(await made(legal, crash, () => narrowConsent(partsThat(crash), narrowing)))) return;
    told.version++;
    told.resolution = resolution;
  },
  toString: () => `narrow(${which}, ${resolution}, ${crash})`,
});

const endCommand = (which: number, event: 'refuse' | 'stop' | 'return', crash: Crash): Command => ({
  check: (story: Readonly<Story>) => story.told.length > 0,
  async run(story: Story, { home }: Home) {
    const told = pick(story, which) as Told;
    const { consentId, clientId } = told.consent;
    const { occupierId } = home;
    const parts = partsThat(crash);
    if (event === 'stop') {
      // Never refused but for what was never given; a ledger that fails keeps it as pending.
      const legal = told.version > 0;
      if (!(await made(legal, 'none', () => stopConsent(parts, { consentId, occupierId })))) return;
      if (told.state === 'given') told.state = 'stopped';
      return;
    }
    const act = () =>
      event === 'refuse'
        ? refuseConsent(parts, { consentId, occupierId })
        : returnConsent(parts, { consentId, clientId });
    if (!(await made(canMove(told.state, event), crash, act))) return;
    told.state = event === 'refuse' ? 'refused' : 'returned';
  },
  toString: () => `${event}(${which}, ${crash})`,
});

const waitCommand = (minutes: number, crash: Crash): Command => ({
  check: () => true,
  async run(story: Story) {
    await moveClock(db, minutes * 60_000);
    const nowMs = await readNowMs(db);
    const parts = partsThat(crash);
    for (const look of [expireConsents, lapseRequests])
      await look(parts).catch((error: unknown) =>
        assert.ok(crash === 'before' && isRefusal(error, 'ledger_unavailable')),
      );
    // Whoever comes next finishes it.
    await lapseRequests({ db, ledger });
    for (const one of story.told)
      if (one.state === 'requested' && one.requestedMs + 900_000 <= nowMs - 1000) one.state = 'lapsed';
  },
  toString: () => `wait(${minutes}, ${crash})`,
});

const moveOutCommand = (crash: Crash): Command => ({
  // Late, because nothing can be given after it.
  check: (story: Readonly<Story>) => !story.movedOut && story.told.length > 5,
  async run(story: Story, { home }: Home) {
    const [point] = home.meterPoints;
    const on = localDateAt(await readNowMs(db), 'Europe/London');
    const act = () => moveOut(partsThat(crash), { mpan: point?.mpan ?? '', on: addDays(on, 0) });
    if (!(await made(true, crash, act))) return;
    story.movedOut = true;
    for (const one of story.told) if (one.state === 'given') one.state = 'ended';
  },
  toString: () => `moveOut(${crash})`,
});

let storeRead = 0;

const readCommand = (which: number, oldVersion: boolean): Command => ({
  check: (story: Readonly<Story>) => story.told.length > 0,
  async run(story: Story) {
    const told = pick(story, which) as Told;
    const row = (await findConsent(db, told.consent.consentId)) as Consent;
    const version = oldVersion ? told.version - 1 : told.version;
    const allowed = told.state === 'given' && !oldVersion;
    const reading = ledger.append({
      req: newRequestId(),
      householdId: row.householdId,
      body: { kind: 'read.dropped', actor: 'broker', store_read: `a/${++storeRead}` } as const,
      guards: [
        {
          name: 'consent-in-force',
          args: {
            consent_id: row.consentId,
            version,
            meter_ref: row.meterPoints[0]?.meterRef ?? newId('mp'),
            third_party: row.clientId,
          },
        },
      ],
    });
    if (allowed) await reading;
    else await assert.rejects(reading, /consent_not_in_force/, `${told.state} was read`);
    told.reads++;
  },
  toString: () => `read(${which}, ${oldVersion})`,
});

const eventOf: Readonly<Record<string, ConsentEvent | 'request'>> = {
  requested: 'request',
  given: 'give',
  narrowed: 'narrow',
  refused: 'refuse',
  lapsed: 'lapse',
  stopped: 'stop',
  expired: 'expire',
  ended: 'end',
  returned: 'return',
  superseded: 'supersede',
};

/** Rows, steps and entries of one consent say the same, and what the story says. */
async function compare(told: Told, entries: readonly PlacedEntry[]): Promise<void> {
  const { consentId } = told.consent;
  const row = await findConsent(db, consentId);
  assert.deepEqual(
    [row?.state, row?.version, told.resolution === null ? null : row?.terms.resolution],
    [told.state, told.version, told.resolution],
  );
  const mine = entries.filter((entry) => 'consent_ref' in entry && entry.consent_ref === consentId);
  const steps = await listSteps(db, consentId);
  assert.deepEqual(
    mine.map(({ kind }) => eventOf[kind.slice('consent.'.length)]),
    steps.map(({ event }) => event),
    'every step has its entry, in this order, and no entry is without a step',
  );
  assert.deepEqual(
    mine.map(({ index }) => index),
    steps.map(({ index }) => index),
  );
}

const coarse = fc.constantFrom<Resolution>('P1M', 'P1D', 'PT30M');
const commands = fc.commands<Story, Home, boolean>(
  [
    fc.tuple(fc.nat(1), crash).map(([client, c]) => requestCommand(client, c)),
    fc.tuple(which, coarse, crash).map(([w, r, c]) => giveCommand(w, r, c)),
    fc.tuple(which, coarse, crash).map(([w, r, c]) => giveCommand(w, r, c)),
    fc.tuple(which, coarse, crash).map(([w, r, c]) => giveCommand(w, r, c)),
    fc.tuple(which, coarse, crash).map(([w, r, c]) => narrowCommand(w, r, c)),
    fc
      .tuple(which, fc.constantFrom('refuse' as const, 'stop' as const, 'return' as const), crash)
      .map(([w, e, c]) => endCommand(w, e, c)),
    fc.tuple(fc.constantFrom(1, 16), crash).map(([m, c]) => waitCommand(m, c)),
    fc.tuple(which, fc.boolean()).map(([w, old]) => readCommand(w, old)),
    fc.tuple(which, fc.constant(false)).map(([w, old]) => readCommand(w, old)),
    crash.map((c) => moveOutCommand(c)),
  ],
  { maxCommands: 30, size: 'max' },
);
const numRuns = process.env.STABLEDOOR_SOAK === '1' ? 500 : 6;

test('any interleaving of moves, reads and crashes leaves state and ledger telling the same story', async () => {
  const moves = new Set<string>();
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const home = await testHousehold({ db, ledger });
      const story: Story = { told: [], movedOut: false };
      const real = { home, clients: [newId('client'), newId('client')] };
      await fc.asyncModelRun(() => ({ model: story, real }), run);
      // A stop that was kept as pending is written by whoever appends next.
      await ledger.append({
        req: newRequestId(),
        householdId: null,
        body: { kind: 'read.dropped', actor: 'broker', store_read: `b/${++storeRead}` },
      });
      const entries = await allEntries(db);
      for (const told of story.told) {
        await compare(told, entries);
        moves.add(told.state);
      }
    }),
    { numRuns },
  );
  await assertVerifies(db, ledger.verifierKey);
  // A few runs may miss some; the long count reaches them all.
  if (numRuns > 100) assert.ok(moves.size >= 7, `only ${[...moves]} were reached`);
});
