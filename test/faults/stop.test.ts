// P2: a stop is never refused. In every state in which the ledger takes no entry it is kept, reads of that consent are refused
// at once on every process, the page says that the record is still to be written, and its entry is the first afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { stopConsent } from '../../src/consent/consents.ts';
import { type Browser, openBrowser, textOf } from '../../src/demo/browser.ts';
import { countPending } from '../../src/ledger/ledger-store.ts';
import type { OccupierId } from '../../src/lib/ids.ts';
import {
  type BareParty,
  type BareToken,
  bareParty,
  bareToken,
  occupierOf,
  readyRead,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';

const databases = await testDatabases();
let broker: TestBroker;
let second: SecondBroker;
let home: TestHome;
let party: BareParty;
let browser: Browser;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker, 1);
  party = await bareParty(broker);
  second = await secondBroker(broker);
  browser = openBrowser(broker.issuer);
  const asked = await browser.submit(await browser.open('/sign-in'), 'id="email"', [['email', home.email]]);
  await browser.submit(asked, 'id="code"', [['code', textOf(asked, 'data-demo-code') as string]]);
});
after(async () => {
  await second.close();
  await broker.close();
  await databases.close();
});
const owner = databases.owner as unknown as Kysely<unknown>;
const refuseEntries = (code: string, message: string) => async () => {
  await sql
    .raw(`
    create function public.no_entry() returns trigger language plpgsql as $$
      begin raise exception '${message}' using errcode = '${code}'; end $$;
    create trigger no_entry before insert on ledger.request for each row execute function public.no_entry()`)
    .execute(owner);
};
const takeEntries = () => sql`drop function public.no_entry() cascade`.execute(owner);

/** The clock of the log, in milliseconds against the machine's. */
const setOffset = async (ms: number) => {
  await sql`update ledger.clock_offset set offset_ms = offset_ms + ${ms}::bigint`.execute(owner);
};

const states: readonly {
  readonly name: string;
  readonly begin: () => unknown;
  readonly end: () => unknown;
}[] = [
  {
    name: 'the role of the database may write no entry',
    async begin() {
      await sql`revoke execute on all functions in schema ledger from stabledoor_app`.execute(owner);
      await sql`grant execute on function ledger.now(), ledger.now_ms(), ledger.add_pending(smallint, uuid, text, text)
        to stabledoor_app`.execute(owner);
    },
    async end() {
      await sql`grant execute on all functions in schema ledger to stabledoor_app`.execute(owner);
      await broker.parts.watch.look();
    },
  },
  {
    name: 'no disk is left for entries',
    begin: refuseEntries('53100', 'could not extend file: No space left on device'),
    end: takeEntries,
  },
  {
    name: 'the disk under the entries fails',
    begin: refuseEntries('58030', 'could not read block 0: Input/output error'),
    end: takeEntries,
  },
  {
    name: 'the clock has jumped back by two hours',
    begin: () => setOffset(-7_200_000),
    async end() {
      await setOffset(7_200_000);
      await broker.parts.watch.look();
    },
  },
  {
    name: 'the witnesses are too late, and that stops the log',
    begin: () => broker.parts.gate.shut('witnessing', 'the witnesses are 90 minutes late'),
    end: () => broker.parts.gate.open('witnessing'),
  },
  {
    name: 'the log has been set back',
    begin: () => broker.parts.gate.shut('write watch', 'this log has been set back from 90 entries to 40'),
    async end() {
      broker.parts.gate.open('write watch');
      await broker.parts.watch.look();
    },
  },
];

const stop = async ({ consentId }: BareToken) =>
  stopConsent(broker.parts, {
    consentId,
    occupierId: (await occupierOf(broker, consentId)) as OccupierId,
  });

for (const { name, begin, end } of states) {
  test(`a stop is kept while ${name}`, async () => {
    const token = await bareToken(broker, party, home);
    const query = { ...closedDay(broker), resolution: 'P1D' };
    const ready = await Promise.all([1, 2, 3].map(() => readyRead(broker, party, token, query)));
    const [first, onSecond, afterwards] = ready as [(typeof ready)[0], (typeof ready)[0], (typeof ready)[0]];
    const size = (await allEntries(databases.app)).length;
    await begin();
    try {
      const { consent, recorded } = await stop(token);
      assert.deepEqual([recorded, consent.state], ['pending', 'stopped']);
      assert.equal((await allEntries(databases.app)).length, size);
      const page = await browser.open(`/consents/${token.consentId}/stopped`);
      assert.match(page.html, /Sharing has stopped at/);
      assert.match(page.html, /data-recorded="pending"/);
      for (const [read, address] of [
        [first, broker.issuer],
        [onSecond, second.address],
      ] as const) {
        const answer = await read(address);
        assert.notEqual(answer.status, 200);
        assert.doesNotMatch(await answer.text(), /"readings"/);
      }
    } finally {
      await end();
    }
    await untilWritten();
    const answer = await afterwards();
    assert.equal(answer.status, 401);
    const since = (await allEntries(databases.app)).slice(size);
    const [written] = since;
    assert.ok(written?.kind === 'consent.stopped' && written.consent_ref === token.consentId);
    assert.ok(!since.some(({ kind }) => kind === 'disclosure'), 'nothing was disclosed meanwhile');
    const page = await browser.open(`/consents/${token.consentId}/stopped`);
    assert.doesNotMatch(page.html, /data-recorded/);
  });
}

async function untilWritten(): Promise<void> {
  const giveUpAt = performance.now() + 15_000;
  while ((await countPending(databases.app, 1)) > 0) {
    assert.ok(performance.now() < giveUpAt, 'the stop still waits');
    await wait(50);
  }
}
