// Sharing with a passkey: asked for where there is one, over exactly what was chosen, and kept so that it can be checked.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Response } from 'supertest';
import { openerOf } from '../../../src/ledger/openings.ts';
import type { SubjectKeyTables } from '../../../src/ledger/subject-key-store.ts';
import { type SoftAuthenticator, softAuthenticator } from '../../support/authenticator.ts';
import { allEntries } from '../../support/entries.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { type TestHousehold, testHousehold } from '../../support/household.ts';
import {
  hidden,
  householderPages,
  pagesIssuer,
  signIn,
  textOf,
  type Visitor,
  visitor,
} from '../../support/householder-pages.ts';
import { oauthBroker, testDetail } from '../../support/oauth-broker.ts';
import { push } from '../../support/oauth-flow.ts';

const broker = await oauthBroker();
after(() => broker.close());
const pages = householderPages(broker);
const parts = { db: broker.databases.app, ledger: broker.ledger };
const party = await broker.thirdParty();

function optionsOf(page: Response) {
  const text = /data-options="([^"]*)"/.exec(page.text)?.[1];
  assert.ok(text, `no passkey is asked for: ${textOf(page).slice(0, 300)}`);
  return JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
}

interface Giver {
  readonly home: TestHousehold;
  readonly who: Visitor;
  readonly authenticator: SoftAuthenticator;
}

async function giver(): Promise<Giver> {
  const home = await testHousehold(parts);
  const who = visitor(pages.app);
  await signIn(who, home.email);
  const authenticator = softAuthenticator(pagesIssuer);
  const page = await who.get('/passkeys');
  await who.post(page, '/passkeys', { passkey: authenticator.create(optionsOf(page)), label: 'phone' });
  return { home, who, authenticator };
}

async function newRequest(): Promise<string> {
  const { requestUri: request_uri } = await push(broker, party, testDetail(broker.clock));
  return `/authorize?${new URLSearchParams({ client_id: party.thirdParty.clientId, request_uri })}`;
}

const choice = ({ home }: Giver) => ({
  decision: 'share',
  resolution: 'P1D',
  meter_points: home.meterPoints[0]?.meterPointId,
});

/** Chosen, and asked to sign. */
async function chosen(one: Giver) {
  const address = await newRequest();
  const asked = await one.who.post(await one.who.get(address), address, choice(one));
  const salts = { salt: hidden(asked, 'salt') ?? '', home_salt: hidden(asked, 'home_salt') ?? '' };
  return { address, asked, fields: { ...choice(one), ...salts } };
}

const lastGiven = async () =>
  (await allEntries(parts.db)).filter(({ kind }) => kind === 'consent.given').at(-1);

test('who has a passkey signs what they chose, and the entry keeps the signature sealed', async () => {
  const one = await giver();
  const { address, asked, fields } = await chosen(one);
  assert.equal(asked.status, 200);
  assert.deepEqual(forbiddenWordsIn(textOf(asked)), []);
  const passkey = one.authenticator.get(optionsOf(asked));
  const done = await one.who.post(asked, address, { ...fields, passkey });
  assert.match(done.headers.location ?? '', /[?&]code=/);
  const entry = await lastGiven();
  assert.partialDeepStrictEqual(entry, { signed_by: 'passkey', resolution: 'P1D' });
  assert.ok(entry && 'commit' in entry && 'signature' in entry.commit);
  const keys = broker.databases.open<SubjectKeyTables>(broker.databases.urls.subjectKeys);
  const { logId, origin } = broker.ledger;
  const open = openerOf({ db: parts.db, logId, origin, keys, fields: ['signature'] });
  const opened = (await open(entry.index, entry.index + 1)).get(entry.index) ?? '';
  assert.match(opened, /client_data/);
  assert.ok(!opened.includes(one.home.meterPoints[0]?.mpan ?? ''), 'the signature alone leads to no home');
});

test('a signature over one choice gives no other', async () => {
  const one = await giver();
  const { address, asked, fields } = await chosen(one);
  const passkey = one.authenticator.get(optionsOf(asked));
  const before = (await lastGiven())?.index;
  const coarser = await one.who.post(asked, address, { ...fields, resolution: 'P1M', passkey });
  assert.equal(coarser.status, 400);
  const salted = await one.who.post(asked, address, {
    ...{ ...fields, passkey },
    salt: Buffer.alloc(32).toString('base64'),
  });
  assert.equal(salted.status, 400);
  assert.equal((await lastGiven())?.index, before, 'nothing was given');
});

test('another’s passkey, one answer twice, and an answer to another request give nothing', async () => {
  const [one, other] = [await giver(), await giver()];
  const { address, asked, fields } = await chosen(one);
  const theirs = other.authenticator.get(optionsOf(asked));
  assert.equal((await one.who.post(asked, address, { ...fields, passkey: theirs })).status, 400);
  const again = await chosen(one);
  const passkey = one.authenticator.get(optionsOf(again.asked));
  const done = await one.who.post(again.asked, again.address, { ...again.fields, passkey });
  assert.equal(done.status, 303);
  const next = await chosen(one);
  const replayed = await one.who.post(next.asked, next.address, { ...again.fields, passkey });
  assert.equal(replayed.status, 400);
  const signedIn = one.authenticator.get(optionsOf(await visitor(pages.app).get('/sign-in/passkey')));
  assert.equal(
    (await one.who.post(next.asked, next.address, { ...next.fields, passkey: signedIn })).status,
    400,
  );
});

test('who signed in with a code shares with it where the passkey is not at hand, and the entry says so', async () => {
  const one = await giver();
  const { address, asked, fields } = await chosen(one);
  const done = await one.who.post(asked, address, { ...fields, sign: 'code' });
  assert.match(done.headers.location ?? '', /[?&]code=/);
  const entry = await lastGiven();
  assert.partialDeepStrictEqual(entry, { signed_by: 'code' });
  assert.ok(entry && 'commit' in entry && !('signature' in entry.commit));
});

test('who signed in with the passkey cannot say that it was a code', async () => {
  const one = await giver();
  const who = visitor(pages.app);
  const page = await who.get('/sign-in/passkey');
  await who.post(page, '/sign-in/passkey', { passkey: one.authenticator.get(optionsOf(page)) });
  const { address, asked, fields } = await chosen({ ...one, who });
  assert.doesNotMatch(asked.text, /sign-by-code/);
  const refused = await who.post(asked, address, { ...fields, sign: 'code' });
  assert.equal(refused.headers.location, undefined);
});

test('who has no passkey is asked for none', async () => {
  const home = await testHousehold(parts);
  const who = visitor(pages.app);
  await signIn(who, home.email);
  const address = await newRequest();
  const done = await who.post(await who.get(address), address, choice({ home } as Giver));
  assert.match(done.headers.location ?? '', /[?&]code=/);
  assert.partialDeepStrictEqual(await lastGiven(), { signed_by: 'code' });
});
