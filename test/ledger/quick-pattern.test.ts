// A pattern that is written to be matched quickly matches the texts that the plain one matches, and no others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quickPattern } from '../../src/ledger/quick-pattern.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';

const HASH = '[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=';
const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);

test('every letter there is, at every place of a hash, is taken or refused as before', () => {
  const plain = whole(HASH);
  const quick = whole(quickPattern(HASH));
  assert.notEqual(quick.source, plain.source);
  const hash = encodeBase64(new Uint8Array(32).fill(7));
  assert.match(hash, quick);
  for (let place = 0; place <= hash.length; place++)
    for (let code = 0; code < 0x180; code++) {
      const letter = String.fromCharCode(code);
      for (const bent of [
        hash.slice(0, place) + letter + hash.slice(place + 1),
        hash.slice(0, place) + letter + hash.slice(place),
      ])
        assert.equal(quick.test(bent), plain.test(bent), JSON.stringify(bent));
    }
});

test('texts of any letters are taken as before, beside others of one expression', () => {
  const patterns = [
    `"(${HASH})","([0-9]{4}-[0-9]{2})"`,
    '[A-Za-z0-9+/]{2}_?',
    '[A-Za-z0-9+/]{2}?-?',
    '[a-f]{2}?-?',
    '[A-Za-z0-9_-]{5}',
  ];
  const letter = fc.constantFrom(...'aAzZ09+/_-=",f');
  for (const pattern of patterns)
    fc.assert(
      fc.property(
        fc.string({ unit: letter, maxLength: 8 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (text, bytes) => {
          const hash = encodeBase64(bytes);
          for (const one of [text, hash, `"${hash}","2026-01"`, `"${text}${hash}","2026-01"`])
            assert.equal(whole(quickPattern(pattern)).test(one), whole(pattern).test(one), one);
        },
      ),
    );
});
