import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redirectUriFault } from '../../src/registry/redirect-uri.ts';

const inProduction = (uri: string) => redirectUriFault(uri, { production: true });
const outside = (uri: string) => redirectUriFault(uri, { production: false });

test('an https address is taken, with its path and query as written', () => {
  for (const uri of [
    'https://a.example/cb',
    'https://a.example/cb?x=1&y=%20',
    'https://a.example:8443/',
    'https://a.example',
  ])
    assert.equal(inProduction(uri), null, uri);
});

test('http is taken on a loopback address only, and never in production', () => {
  for (const uri of ['http://localhost:9000/cb', 'http://127.0.0.1:9000/cb', 'http://[::1]:9000/cb']) {
    assert.equal(outside(uri), null, uri);
    assert.match(inProduction(uri) ?? '', /https/);
  }
  for (const uri of ['http://a.example/cb', 'http://127.0.0.2/cb', 'http://localhost.a.example/cb'])
    assert.match(outside(uri) ?? '', /loopback/, uri);
});

test('an address with more than one spelling is refused', () => {
  const tricks = [
    'https://A.example/cb',
    'https://a.example:443/cb',
    'https://a.example/x/../cb',
    'https://a.example/%2e%2e/cb',
    'https:\\\\a.example\\cb',
    'https://a.example\\@b.example/cb',
    'https://münchen.example/cb',
    ' https://a.example/cb',
    'https://a.example/c b',
    'https://a.example/cb\n',
  ];
  for (const uri of tricks) assert.notEqual(outside(uri), null, uri);
});

test('a fragment, a user name and any other scheme are refused', () => {
  assert.match(outside('https://a.example/cb#') ?? '', /fragment/);
  assert.match(outside('https://a.example/cb#x') ?? '', /fragment/);
  assert.match(outside('https://u@a.example/cb') ?? '', /user name/);
  assert.match(outside('https://@a.example/cb') ?? '', /user name/);
  for (const uri of ['app.example:/cb', 'javascript:alert(1)', 'data:text/html,x', '/cb', ''])
    assert.notEqual(outside(uri), null, uri);
  assert.match(outside(`https://a.example/${'x'.repeat(2000)}`) ?? '', /2000/);
});
