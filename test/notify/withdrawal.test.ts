// Withdrawal notices on a whole broker: what ends a consent is told to the third party's own server, and never waits for it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { sql } from 'kysely';
import { expireConsents, returnConsent, stopConsent } from '../../src/consent/consents.ts';
import { mostTries, retryAfterSeconds, takeDue } from '../../src/notify/outbox.ts';
import { removeReceiver, setReceiver } from '../../src/notify/receivers.ts';
import { webhookHeaders } from '../../src/notify/webhook-headers.ts';
import { restoreThirdParty, suspendThirdParty } from '../../src/registry/registry.ts';
import { type BareParty, bareParty, bareToken, occupierOf } from '../support/bare-access.ts';
import { testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { testHome } from '../support/journey.ts';
import { noticeReceiver } from '../support/notice-receiver.ts';

const databases = await testDatabases();
const broker = await testBroker({ databases });
const receiver = await noticeReceiver();
after(async () => {
  await broker.close();
  await receiver.close();
  await databases.close();
});
const { parts, issuer } = broker;
const home = await testHome(broker, 1);
const contact = 'ops@third-party.example';

async function toldParty(
  endpoint: string | null = receiver.url,
): Promise<BareParty & { secret: string | null }> {
  const party = await bareParty(broker);
  const clientId = party.clientId as never;
  return { ...party, secret: await setReceiver(parts, { clientId, endpoint, contact }) };
}

const stop = async (consentId: never) =>
  stopConsent(parts, { consentId, occupierId: (await occupierOf(broker, consentId)) as never });
const consentOf = async (party: BareParty) => (await bareToken(broker, party, home)).consentId as never;
const notices = (clientId: string) =>
  parts.db
    .selectFrom('notify.notice')
    .select(['jti', 'event', 'subject', 'tries', 'outcome', 'fault', 'due_at'])
    .where('client_id', '=', clientId)
    .orderBy('notice_id')
    .execute();

async function until(holds: () => Promise<boolean>, withinMs = 5000): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error('it did not come to that');
    await new Promise((next) => setTimeout(next, 50));
  }
}

test('a stop is at a healthy receiver within five seconds, signed, and says neither who nor why', async () => {
  const party = await toldParty();
  const consentId = await consentOf(party);
  const began = performance.now();
  await stop(consentId);
  await receiver.reach(1);
  const [{ headers, body, atMs } = assert.fail('none')] = receiver.received;
  assert.ok(atMs - began < 5000);
  const jwks = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const { payload, protectedHeader } = await jwtVerify(body, createLocalJWKSet(jwks), {
    issuer,
    audience: party.clientId,
    typ: 'secevent+jwt',
  });
  assert.equal(protectedHeader.alg, 'ES256');
  assert.deepEqual(Object.keys(payload).sort(), ['aud', 'events', 'iat', 'iss', 'jti', 'sub_id', 'toe']);
  assert.deepEqual(payload.sub_id, { format: 'opaque', id: consentId });
  assert.deepEqual(payload.events, { 'urn:stabledoor:event:consent-over': {} });
  assert.equal(headers['content-type'], 'application/secevent+jwt');
  assert.equal(headers['webhook-id'], payload.jti);
  const secret = Buffer.from(party.secret?.replace('whsec_', '') ?? '', 'base64');
  const timestampS = Number(headers['webhook-timestamp']);
  const message = { id: payload.jti as string, timestampS, body };
  assert.equal(headers['webhook-signature'], webhookHeaders(secret, message)['webhook-signature']);
  await until(async () => (await notices(party.clientId))[0]?.outcome === 'delivered');
});

test('every way in which a consent ends is told, and all look alike', async () => {
  const party = await toldParty(null);
  const told: string[] = [];
  const ends = [
    (consentId: never) => stop(consentId),
    (consentId: never) => returnConsent(parts, { consentId, clientId: party.clientId as never }),
    // A new consent for the same purpose takes the place of the one before.
    () => consentOf(party).then((later) => stop(later).then(() => told.push(later))),
    // Move-out and erasure end consents by this state; whatever sets it is told.
    async (consentId: never) => {
      await sql`update consent.consent set state = 'ended' where consent_id = ${consentId}`.execute(parts.db);
    },
    async (consentId: never) => {
      await sql`update consent.consent set expires_at = ledger.now() where consent_id = ${consentId}`.execute(
        parts.db,
      );
      await expireConsents(parts);
    },
  ];
  for (const end of ends) {
    const consentId = await consentOf(party);
    told.push(consentId);
    await end(consentId);
  }
  const written = await notices(party.clientId);
  assert.deepEqual(written.map(({ subject }) => subject).sort(), told.sort());
  assert.deepEqual(new Set(written.map(({ event }) => event)), new Set(['consent-over']));
});

test('a suspension and its end are told', async () => {
  const party = await toldParty(null);
  await suspendThirdParty(parts, party.clientId as never, 'A complaint.');
  await restoreThirdParty(parts, party.clientId as never);
  const written = (await notices(party.clientId)).map(({ event, subject }) => [event, subject]);
  assert.deepEqual(written, [
    ['access-suspended', party.clientId],
    ['access-restored', party.clientId],
  ]);
});

test('a refused request, a stop that fails and a third party without a receiver leave no notice', async () => {
  const party = await toldParty(null);
  const consentId = await consentOf(party);
  await assert.rejects(
    parts.db.transaction().execute(async (tx) => {
      await sql`update consent.consent set state = 'stopped' where consent_id = ${consentId}`.execute(tx);
      throw new Error('undone');
    }),
    /undone/,
  );
  assert.deepEqual(await notices(party.clientId), []);
  await removeReceiver(parts, party.clientId as never);
  await stop(consentId);
  assert.deepEqual(await notices(party.clientId), []);
});

test('what is not taken is tried again at growing intervals, then the contact gets a mail', async () => {
  const party = await toldParty();
  receiver.answer = 500;
  const before = receiver.received.length;
  await stop(await consentOf(party));
  for (const [tried, waitSeconds] of [...retryAfterSeconds, null].entries()) {
    await receiver.reach(before + tried + 1);
    if (waitSeconds === null) break;
    await until(async () => (await notices(party.clientId))[0]?.fault !== null);
    const [waiting] = await notices(party.clientId);
    assert.deepEqual([waiting?.tries, waiting?.fault], [tried + 1, 'the answer was 500, not 202']);
    const waits = ((waiting?.due_at.getTime() ?? 0) - parts.clock.nowMs()) / 1000;
    assert.ok(waits > waitSeconds - 10 && waits <= waitSeconds, `${waits} of ${waitSeconds}`);
    await parts.clock.move(parts.clock.nowMs() + (waitSeconds + 1) * 1000);
  }
  await until(async () => (await notices(party.clientId))[0]?.outcome === 'mailed');
  assert.equal(receiver.received.length - before, mostTries);
  const ids = new Set(receiver.received.slice(before).map(({ headers }) => headers['webhook-id']));
  assert.equal(ids.size, 1);
  const mail = parts.mailer.outbox?.find(({ to }) => to === contact);
  assert.match(mail?.text ?? '', /is over.*Stop using it/s);
  receiver.answer = 202;
});

test('a receiver that never answers holds up neither the stop nor the notices of others', async () => {
  const silent = await noticeReceiver();
  silent.answer = null;
  const [mute, healthy] = [await toldParty(silent.url), await toldParty()];
  // Older than what the others wait for, and more than one process tries at once.
  await sql`insert into notify.notice (client_id, event, subject, happened_at, due_at)
    select ${mute.clientId}, 'consent-over', 'consent_x', ledger.now() - interval '1 hour', ledger.now() - interval '1 hour'
      from generate_series(1, 200)`.execute(databases.owner);
  const consentId = await consentOf(healthy);
  const before = receiver.received.length;
  const began = performance.now();
  await stop(consentId);
  assert.ok(performance.now() - began < 1000);
  await receiver.reach(before + 1);
  assert.ok(silent.received.length <= 6);
  await removeReceiver(parts, mute.clientId as never);
  await silent.close();
});

test('two processes deliver each notice once', async () => {
  const party = await toldParty();
  await removeReceiver(parts, party.clientId as never);
  await sql`insert into notify.notice (client_id, event, subject, happened_at, due_at)
    select ${party.clientId}, 'consent-over', 'consent_x', ledger.now(), ledger.now() from generate_series(1, 30)`.execute(
    databases.owner,
  );
  await parts.db.transaction().execute(async (tx) => {
    await sql`insert into notify.receiver (client_id, delivery, endpoint, webhook_secret, changed_at)
      values (${party.clientId}, 'push', 'http://127.0.0.1:9/', decode(repeat('00', 32), 'hex'), ledger.now())`.execute(
      tx,
    );
    const options = { most: 10, mostOfOne: 10, busy: [] };
    // The others do not see the receiver before this commits; all of these are this transaction's.
    const mine = await takeDue(tx, options);
    assert.equal(mine.length, 10);
    assert.equal(
      new Set([...mine, ...(await takeDue(tx, options))].map(({ noticeId }) => noticeId)).size,
      20,
    );
  });
  const options = { most: 30, mostOfOne: 30, busy: [] };
  const taken = await Promise.all(Array.from({ length: 4 }, () => takeDue(parts.db, options)));
  const ids = taken.flat().map(({ noticeId }) => noticeId);
  assert.equal(new Set(ids).size, ids.length);
});
