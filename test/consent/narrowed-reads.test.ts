// What a narrowing does to a third party that holds a token: it goes on for what is left, and is told that it is less.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { narrowConsent } from '../../src/consent/consents.ts';
import type { ClientId, ConsentId, OccupierId } from '../../src/lib/ids.ts';
import { addMonths, localDate, localDateAt } from '../../src/lib/local-date.ts';
import { setReceiver } from '../../src/notify/receivers.ts';
import { bareParty, bareToken, occupierOf, postForm, readyRead } from '../support/bare-access.ts';
import { testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, testHome, testZone } from '../support/journey.ts';

const databases = await testDatabases();
const broker = await testBroker({ databases });
after(async () => {
  await broker.close();
  await databases.close();
});
const { parts, issuer } = broker;
const home = await testHome(broker, 4);

test('a token goes on for what is left, its refresh says what that is, and the third party is told', async () => {
  const party = await bareParty(broker);
  await setReceiver(parts, { clientId: party.clientId as ClientId, endpoint: null, contact: null });
  const token = await bareToken(broker, party, home);
  const thisMonth = localDate(`${localDateAt(parts.clock.nowMs(), testZone).slice(0, 7)}-01`);
  const month = { from: addMonths(thisMonth, -2), to: addMonths(thisMonth, -1), resolution: 'P1M' };
  const read = async (query: Record<string, string>) => (await readyRead(broker, party, token, query))();
  assert.equal((await read({ ...closedDay(broker), resolution: 'PT30M' })).status, 200);
  const consentId = token.consentId as ConsentId;
  const narrowed = await narrowConsent(parts, {
    consentId,
    occupierId: (await occupierOf(broker, consentId)) as OccupierId,
    choice: { resolution: 'P1M', meterPoints: await pointsOf(consentId) },
    signedBy: 'code',
  });
  assert.equal(narrowed.version, 2);
  const finer = await read({ ...closedDay(broker), resolution: 'P1D' });
  assert.deepEqual([finer.status, (await finer.json()).code], [403, 'finer_than_consented']);
  const coarse = await read(month);
  assert.equal(coarse.status, 200, JSON.stringify(await coarse.clone().json()));
  const form = await party.rp.refreshForm(token.refreshToken);
  const proof = await party.rp.proof('POST', `${issuer}/oauth/token`);
  const refreshed = await (await postForm(`${issuer}/oauth/token`, form, { DPoP: proof })).json();
  assert.equal(refreshed.authorization_details[0].resolution, 'P1M');
  const notices = await parts.db
    .selectFrom('notify.notice')
    .select(['event', 'subject'])
    .where('client_id', '=', party.clientId)
    .execute();
  assert.deepEqual(notices, [{ event: 'consent-narrowed', subject: consentId }]);
});

const pointsOf = async (consentId: ConsentId) =>
  (
    await parts.db
      .selectFrom('consent.meter_ref')
      .select('meter_point_id')
      .where('consent_id', '=', consentId)
      .execute()
  ).map((row) => row.meter_point_id as never);
