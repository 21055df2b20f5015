import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { publishSigningKeys } from '../../src/oauth/publish-keys.ts';
import { oauthBroker } from '../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { parts, databases } = broker;

test('a signing key is in the ledger once, however many processes publish it, and only its public part', async () => {
  const publish = () =>
    publishSigningKeys(parts, [parts.signingKeys.current()], { leadSeconds: 0, actor: 'broker' });
  await Promise.all(Array.from({ length: 4 }, publish));
  await publish();
  const published = (await Array.fromAsync(readEntries(databases.app, 1, 0, 100)))
    .map((text) => JSON.parse(parseEntry(text).body))
    .filter((body) => body.kind === 'key.published');
  assert.equal(published.length, 1);
  assert.equal(published[0].use, 'tokens');
  assert.deepEqual(JSON.parse(published[0].key), parts.signingKeys.current().publicJwk);
  assert.ok(!('d' in JSON.parse(published[0].key)));
});
