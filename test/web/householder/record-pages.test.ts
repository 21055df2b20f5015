import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseChainFile } from '../../../src/ledger/chain-file.ts';
import { nodeCrypto } from '../../../src/ledger/node-crypto.ts';
import { publishMap } from '../../../src/ledger/publish-map.ts';
import { verifyChainFile } from '../../../src/ledger/verify-chain-file.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { testHousehold } from '../../support/household.ts';
import { householderPages, signIn, textOf, visitor } from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
const pages = householderPages(broker);
const parts = { db: broker.databases.app, ledger: broker.ledger };
after(() => broker.close());
const path = '/history/record.json';

test('a signed-in householder downloads the record of their own home, which holds; nobody else gets one', async () => {
  const homes = [await testHousehold(parts), await testHousehold(parts)];
  await publishMap({ ...parts, mapIntervalMs: 0 });
  const keys = [broker.ledger.verifierKey];
  const chainKeys: string[] = [];
  for (const home of homes) {
    const who = visitor(pages.app);
    assert.equal((await who.get(path)).status, 303, 'sign in first');
    await signIn(who, home.email);
    const answer = await who.get(path);
    assert.equal(answer.status, 200);
    assert.match(
      answer.headers['content-disposition'] ?? '',
      /attachment; filename="?stabledoor-record.json"?/,
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    const file = parseChainFile(answer.text);
    const verdict = await verifyChainFile(file, { ...nodeCrypto, keys });
    assert.deepEqual(verdict.violations, []);
    assert.equal(verdict.entries, 1);
    assert.notEqual(verdict.covered, null);
    chainKeys.push(file.chain_key);
    assert.equal((await who.get(`${path}?from=x`)).status, 400);
    assert.equal((await who.get(`${path}?from=1`)).status, 200);
    const shared = await who.get('/consents');
    assert.match(shared.text, /href="\/history\/record.json"/);
    assert.match(textOf(shared), /A court can order/);
    assert.deepEqual(forbiddenWordsIn(textOf(shared)), []);
  }
  assert.equal(new Set(chainKeys).size, 2);
});
