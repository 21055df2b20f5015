// A third party under a name that a householder would take for another's. It cannot be registered: not with letters of another
// script, not with what cannot be seen, and not as what only looks the same.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { StabledoorError } from '../../src/lib/errors.ts';
import { likenessOf, nameFault } from '../../src/registry/name-likeness.ts';
import { registerThirdParty, suspendThirdParty } from '../../src/registry/registry.ts';
import type { Registration } from '../../src/registry/third-party.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { testRegistration } from '../support/third-party.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger, production: false };
const register = async (name: string, changes: Partial<Registration> = {}) => {
  const { registrationNumber: _, ...registration } = (await testRegistration({ name })).registration;
  return registerThirdParty(parts, { ...registration, ...changes });
};
const refused = async (name: string, changes: Partial<Registration> = {}): Promise<string> => {
  const error = await register(name, changes).then(
    () => assert.fail(`${JSON.stringify(name)} was registered`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StabledoorError && error.code === 'invalid_request', String(error));
  return error.message;
};

const original = await register('Brightwatt Ltd', { registrationNumber: '01234567' });

const unseen = {
  'a right-to-left override': 'Brightwatt \u202edtL',
  'a left-to-right mark': 'Bright\u200ewatt Ltd',
  'an isolate': '\u2067Brightwatt Ltd\u2069',
  'a zero width space': 'Bright\u200bwatt Ltd',
  'a zero width joiner': 'Bright\u200dwatt Ltd',
  'a word joiner': 'Bright\u2060watt Ltd',
  'a byte order mark': '\ufeffBrightwatt Ltd',
  'a soft hyphen': 'Bright\u00adwatt Ltd',
  'a variation selector': 'Bright\ufe0fwatt Ltd',
  'a tag character': 'Brightwatt\u{e0041} Ltd',
  'a combining grapheme joiner': 'Bright\u034fwatt Ltd',
  'a Hangul filler': 'Bright\u3164watt Ltd',
  'a Braille blank': 'Bright\u2800watt Ltd',
  'a new line': 'Brightwatt Ltd\nregistered by the operator',
  'a NUL': 'Brightwatt\u0000 Ltd',
  'half a surrogate pair': 'Brightwatt \ud800',
};
const ofAnotherScript = {
  'a Cyrillic letter': 'Вrightwatt Ltd',
  'a Greek letter': 'Βrightwatt Ltd',
  'a Cherokee letter': 'BrightᏔatt Ltd',
  'an Armenian letter': 'Brightաatt Ltd',
  'full width letters': 'Ｂrightwatt Ltd',
  'mathematical letters': '𝐁rightwatt Ltd',
  'circled letters': 'Ⓑrightwatt Ltd',
  'small capitals': 'ʙrightwatt Ltd',
  'a Latin alpha': 'Brightwɑtt Ltd',
  'a script g': 'Briɡhtwatt Ltd',
  'a click': 'Brǀghtwatt Ltd',
  'a long s': 'Acme Adviſers',
  'a dental click': 'Br|ghtwatt Ltd',
  'a non-breaking space': 'Bright\u00a0watt Ltd',
  'an ideographic space': 'Brightwatt\u3000Ltd',
  'a fraction slash': 'Brightwatt⁄Ltd',
  'stacked accents': 'Bri̴̵̶ghtwatt Ltd',
};
const alike = [
  'Brightwatt Ltd',
  'BRIGHTWATT LTD',
  'Brightwatt Limited',
  'Brightwatt plc',
  'Brightwatt P.L.C.',
  'The Brightwatt Company',
  'Brightwatt (UK) Ltd.',
  'Bright Watt',
  'Bright-Watt Ltd',
  'Bright_Watt, Ltd',
  'B.R.I.G.H.T.W.A.T.T.',
  'Brigh’twatt',
  'Brìghtwàtt Ltd',
  'Brıghtwatt Ltd',
  'Brlghtwatt Ltd',
  'BrIghtwatt Ltd',
  'Br1ghtwatt Ltd',
  'Br!ghtwatt Ltd',
  'Brightvvatt Ltd',
  'Brightw@tt Ltd',
];

test('what cannot be seen stands in no name', async () => {
  for (const [name, made] of Object.entries(unseen)) assert.match(await refused(made), /^name: /, name);
});

test('letters that only look like ours stand in no name', async () => {
  for (const [name, made] of Object.entries(ofAnotherScript))
    assert.match(await refused(made), /^name: /, name);
});

test('what looks the same as a registered name is refused, as a name and as a trading name', async () => {
  for (const made of alike) {
    assert.match(await refused(made), /taken for/, made);
    assert.match(await refused('Honest Meters Ltd', { tradingName: made }), /taken for/, made);
  }
});

test('so it is with the trading name of another, and with the name of one that is suspended', async () => {
  const traded = await register('Quiet Holdings Ltd', { tradingName: 'Metermom' });
  assert.match(await refused('Meterrnorn Ltd'), /taken for/);
  await suspendThirdParty(parts, traded.clientId, 'A complaint.');
  assert.match(await refused('Metermom'), /taken for/);
});

test('the same company registers again by its number, and nobody by none or by another', async () => {
  const again = await register('Brightwatt Ltd', { registrationNumber: '01234567' });
  assert.notEqual(again.clientId, original.clientId);
  await refused('Brightwatt Ltd', { registrationNumber: '76543210' });
  await refused('Quiet Holdings');
});

test('of twenty that register one name at once, one is registered', async () => {
  const names = Array.from(
    { length: 20 },
    (_, i) => `Sudden Energy${' '.repeat(1)}${i % 2 === 0 ? 'Ltd' : 'plc'}`,
  );
  const done = await Promise.allSettled(names.map((name) => register(name)));
  assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('names that differ for a reader are different', async () => {
  for (const name of [
    'Brightwater Ltd',
    'Brightwatts & Sons',
    'Cwmni Ŵyn Cyf',
    'Öko-Strom Café',
    '3 Energy',
    'Świt Łódź',
  ])
    await register(name);
});

test('a name of nothing but a legal form is not taken: it tells one company from no other', async () => {
  for (const name of ['Ltd', 'The Company', 'UK Co', 'P.L.C.', 'The UK Co Ltd', '1p']) {
    assert.match(await refused(name), /has no word of its own/, name);
  }
});

test('a likeness is its own likeness, and case, accents, spaces and marks do not change it', () => {
  const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789éÉøłßñ');
  const word = fc.string({ unit: letter, minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const name = words.join(' ');
      if (nameFault(name) !== null) return;
      const likeness = likenessOf(name);
      assert.match(likeness, /^[a-z0-9]+$/);
      assert.equal(likenessOf(likeness), likeness);
      assert.equal(likenessOf(name.normalize('NFD')), likeness);
      assert.equal(likenessOf(`The ${name} Ltd`), likeness);
      assert.equal(likenessOf(words.join(', ')), likeness);
    }),
    // Words that are a legal form are the seldom ones that count here.
    { examples: [[['CO']], [['l', 'p']], [['UK', 'x']], [['rn', 'vv']]] },
  );
});
