// The pages of people who share a home, of those who help, and letters: what each may see and do, and what they may not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { linkHome } from '../../../src/consent/link-home.ts';
import { makeActivationCode } from '../../../src/household/activation-code.ts';
import { findOccupierByEmail, listMeterPoints } from '../../../src/household/household-store.ts';
import { givenConsent } from '../../support/consent.ts';
import { allEntries } from '../../support/entries.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { type TestHousehold, testHousehold } from '../../support/household.ts';
import { householderPages, signIn, textOf, type Visitor, visitor } from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const pages = householderPages(broker);
const parts = { db: broker.databases.app, ledger: broker.ledger };
const { db } = parts;

async function signedIn(email: string): Promise<Visitor> {
  const who = visitor(pages.app);
  await signIn(who, email);
  return who;
}
async function newHome(): Promise<TestHousehold & { who: Visitor }> {
  const home = await testHousehold(parts);
  return { ...home, who: await signedIn(home.email) };
}
let people = 0;
const letterTo = async (home: TestHousehold, email = `person${++people}@example.org`) => {
  const made = await makeActivationCode(parts, { mpan: home.meterPoints[0]?.mpan ?? '', email, from: null });
  return { email, code: made.code };
};
const stateOf = async (consentId: string) =>
  (
    await db
      .selectFrom('consent.consent')
      .select('state')
      .where('consent_id', '=', consentId)
      .executeTakeFirstOrThrow()
  ).state;
/** The secret of the invitation that was mailed to an address. */
const invitationOf = (email: string) =>
  /\/help\/([A-Za-z0-9_-]{43})/.exec(pages.mailer.outbox?.find(({ to }) => to === email)?.text ?? '')?.[1] ??
  '';

async function helperOf(home: TestHousehold & { who: Visitor }) {
  const email = `helper${++people}@example.org`;
  await home.who.post(await home.who.get('/helpers'), '/helpers', { email });
  const path = `/help/${invitationOf(email)}`;
  const anybody = visitor(pages.app);
  const accepted = await anybody.post(await anybody.get(path), path, {});
  assert.equal(accepted.headers.location, '/helping');
  const who = await signedIn(email);
  const link = /href="(\/helping\/helper_[^"]+)"/.exec((await who.get('/helping')).text)?.[1] ?? '';
  return { who, email, path, link };
}

test('whoever has the letter enters its code and has the home on their page', async () => {
  const home = await newHome();
  const { email, code } = await letterTo(home);
  const who = await signedIn(email);
  assert.match(textOf(await who.get('/homes')), /no home here yet/);
  const wrong = await who.post(await who.get('/homes'), '/homes/code', { code: '0000-0000-0000-0000' });
  assert.equal(wrong.status, 400);
  const done = await who.post(await who.get('/homes'), '/homes/code', { code });
  assert.equal(done.status, 200);
  const shown = textOf(await who.get('/homes'));
  assert.match(shown, /Mill Lane/);
  assert.match(shown, /Others may share about this home/);
  assert.deepEqual(forbiddenWordsIn(shown), []);
});

test('codes cannot be guessed one after the other: a household has ten tries an hour', async () => {
  const { who } = await newHome();
  const answers: number[] = [];
  for (let i = 0; i < 11; i++) {
    const page = await who.get('/homes');
    answers.push(
      (await who.post(page, '/homes/code', { code: `0000-0000-0000-00${String(i).padStart(2, '0')}` }))
        .status,
    );
  }
  assert.equal(answers.at(-1), 429, answers.join(' '));
});

test('nobody sees what another of the same home shares, or that they do', async () => {
  const home = await newHome();
  const consent = await givenConsent(parts, home);
  const { email, code } = await letterTo(home);
  const occupier = await findOccupierByEmail(db, email);
  await linkHome(parts, { householdId: occupier?.householdId as never, code, freshStart: false });
  const joint = await signedIn(email);
  const [withSharing, without] = [textOf(await joint.get('/consents')), textOf(await joint.get('/homes'))];
  for (const text of [withSharing, without]) {
    assert.doesNotMatch(text, new RegExp(`${consent.consentId}|${home.email}|Sharing now`));
    assert.match(text, /Others may share about this home/);
  }
  for (const path of ['letter', 'stopped', 'narrow'])
    assert.equal((await joint.get(`/consents/${consent.consentId}/${path}`)).status, 404, path);
  const page = await joint.get('/homes');
  assert.equal((await joint.post(page, `/consents/${consent.consentId}/stop`, {})).status, 404);
  assert.equal(await stateOf(consent.consentId), 'given');
  // The page after stopping is the same whether anything was shared or not.
  const stop = async () => {
    const shown = await joint.get('/homes');
    const action = /action="(\/homes\/meter_point_[^"]+\/stop)"/.exec(shown.text)?.[1] ?? '';
    const answer = await joint.post(shown, action, {});
    return textOf(await joint.get(answer.headers.location ?? ''));
  };
  const first = await stop();
  assert.equal(await stateOf(consent.consentId), 'stopped');
  assert.equal(await stop(), first);
  const shown = textOf(await home.who.get('/consents'));
  assert.match(shown, /Stopped/);
  assert.doesNotMatch(shown, new RegExp(email));
});

test('nobody stops the sharing of a home that is not theirs', async () => {
  const [home, other] = [await newHome(), await newHome()];
  const consent = await givenConsent(parts, home);
  const path = `/homes/${home.meterPoints[0]?.meterPointId}/stop`;
  assert.equal((await other.who.post(await other.who.get('/homes'), path, {})).status, 404);
  assert.equal((await other.who.post(await other.who.get('/homes'), '/homes/x/stop', {})).status, 404);
  assert.equal(await stateOf(consent.consentId), 'given');
});

test('a fresh start on the page ends the other’s place, and they are not told', async () => {
  const home = await newHome();
  const consent = await givenConsent(parts, home);
  const helper = await helperOf(home);
  const mailsBefore = pages.mailer.outbox?.filter(({ to }) => to === home.email).length;
  const { email, code } = await letterTo(home);
  const who = await signedIn(email);
  await who.post(await who.get('/homes'), '/homes/code', { code, fresh: 'yes' });
  assert.equal(await stateOf(consent.consentId), 'ended');
  assert.equal(pages.mailer.outbox?.filter(({ to }) => to === home.email).length, mailsBefore);
  const former = textOf(await home.who.get('/homes'));
  assert.match(former, /This was your home|Show that you live here/);
  assert.doesNotMatch(former, new RegExp(email));
  assert.equal((await helper.who.get(helper.link)).status, 404);
});

test('a helper sees and stops, and can give, narrow and read nothing else', async () => {
  const home = await newHome();
  const helper = await helperOf(home);
  const consent = await givenConsent(parts, home);
  const shown = await helper.who.get(helper.link);
  assert.match(shown.text, new RegExp(consent.consentId));
  assert.deepEqual(forbiddenWordsIn(textOf(shown)), []);
  for (const path of ['letter', 'narrow', 'stopped'])
    assert.equal((await helper.who.get(`/consents/${consent.consentId}/${path}`)).status, 404, path);
  const narrowed = await helper.who.post(shown, `/consents/${consent.consentId}/narrow`, {
    resolution: 'P1M',
  });
  assert.equal(narrowed.status, 404);
  assert.equal(
    (await listMeterPoints(db, (await findOccupierByEmail(db, helper.email))?.householdId as never)).length,
    0,
  );
  const stopped = await helper.who.post(shown, `${helper.link}/stop`, { consent: consent.consentId });
  assert.equal(stopped.status, 303);
  assert.equal(await stateOf(consent.consentId), 'stopped');
  assert.partialDeepStrictEqual((await allEntries(db)).at(-1), {
    kind: 'consent.stopped',
    through: 'helper',
  });
});

test('a helper of one household is nobody in another, and a helper who was ended is nobody at all', async () => {
  const [home, other] = [await newHome(), await newHome()];
  const helper = await helperOf(home);
  const [mine, theirs] = [await givenConsent(parts, home), await givenConsent(parts, other)];
  const page = await helper.who.get(helper.link);
  assert.equal(
    (await helper.who.post(page, `${helper.link}/stop`, { consent: theirs.consentId })).status,
    404,
  );
  const stranger = await newHome();
  assert.equal((await stranger.who.get(helper.link)).status, 404);
  const strangersStop = await stranger.who.post(await stranger.who.get('/homes'), `${helper.link}/stop`, {
    consent: mine.consentId,
  });
  assert.equal(strangersStop.status, 404);
  // Nobody ends another's helper.
  const helperId = helper.link.split('/').at(-1) ?? '';
  await other.who.post(await other.who.get('/helpers'), '/helpers/end', { helper: helperId });
  assert.equal((await helper.who.get(helper.link)).status, 200);
  await home.who.post(await home.who.get('/helpers'), '/helpers/end', { helper: helperId });
  assert.equal((await helper.who.get(helper.link)).status, 404);
  assert.equal((await helper.who.post(page, `${helper.link}/stop`, { consent: mine.consentId })).status, 404);
  assert.deepEqual([await stateOf(mine.consentId), await stateOf(theirs.consentId)], ['given', 'given']);
});

test('an invitation is accepted by a press, not by looking, and once', async () => {
  const home = await newHome();
  const email = `helper${++people}@example.org`;
  await home.who.post(await home.who.get('/helpers'), '/helpers', { email });
  const path = `/help/${invitationOf(email)}`;
  const anybody = visitor(pages.app);
  await anybody.get(path);
  await anybody.get(path);
  assert.match(textOf(await home.who.get('/helpers')), /has not answered/);
  assert.equal(await findOccupierByEmail(db, email), null, 'no account is made by asking');
  const presses = await Promise.all([1, 2, 3].map(() => anybody.post({ text: '' } as never, path, {})));
  assert.deepEqual(presses.map(({ status }) => status).sort(), [303, 404, 404]);
  assert.match(textOf(await home.who.get('/helpers')), new RegExp(`${email} helps you`));
  assert.equal((await anybody.get(`/help/${'a'.repeat(43)}`)).status, 404);
});

test('a household asks five people a day, and no address that is none', async () => {
  const { who } = await newHome();
  const ask = async (email: string) =>
    (await who.post(await who.get('/helpers'), '/helpers', { email })).status;
  assert.equal(await ask('a@b, c@d'), 400);
  const asked: number[] = [];
  for (let i = 0; i < 6; i++) asked.push(await ask(`many${i}@example.org`));
  assert.deepEqual(asked, [303, 303, 303, 303, 303, 400]);
});

test('a consent is a letter with what was shown, how to stop it, and where the record has each step', async () => {
  const home = await newHome();
  const consent = await givenConsent(parts, home);
  const page = await home.who.get(`/consents/${consent.consentId}/letter`);
  const text = textOf(page);
  assert.match(text, new RegExp(consent.consentId));
  assert.match(text, /you said yes \(entry \d+ of our record\)/);
  assert.match(text, /phone \(0800 000 000\)/);
  for (const { text: shown } of consent.wording.lines)
    assert.ok(text.replace(/\s+/g, ' ').includes(shown.replace(/\s+/g, ' ')), shown);
  assert.deepEqual(forbiddenWordsIn(text), []);
});
