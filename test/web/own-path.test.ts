import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownPath } from '../../src/web/own-path.ts';

test('a path of ours leads back with its query', () => {
  assert.equal(ownPath('/consents'), '/consents');
  const address = '/authorize?client_id=client_x&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax';
  assert.equal(ownPath(address), address);
});

test('nothing that leads elsewhere is a path of ours', () => {
  for (const text of [
    ...['//evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example', 'evil', '', '/a b'],
    ...[
      '/.//evil.example',
      '/x/..//evil.example',
      '/%0d%0aLocation: x\r\n',
      '/\tevil',
      'javascript:alert(1)',
    ],
    ...[`/${'a'.repeat(3000)}`, null, undefined, 7, ['/a'], '/a\\b', '/\u2028'],
  ]) {
    assert.equal(ownPath(text), null, String(text));
  }
});

test('whatever is accepted stays on our own origin', () => {
  const odd = fc.string({ unit: fc.constantFrom('/', '\\', '.', ':', '@', '?', '#', 'a', '%2f', '\t', ';') });
  fc.assert(
    fc.property(odd, (text) => {
      const path = ownPath(`/${text}`);
      if (path === null) return;
      assert.equal(new URL(path, 'https://own.example').origin, 'https://own.example');
      assert.ok(!path.startsWith('//'));
      assert.equal(ownPath(path), path);
    }),
    { numRuns: 2000 },
  );
});
