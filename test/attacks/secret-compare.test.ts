// Whoever measures how long a refusal takes learns nothing of a secret: no secret is compared but by timingSafeEqual, or
// looked up by its hash, which nobody can steer. Read from the source, so that the next comparison is looked at too.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lineAt, sourceFile } from '../support/source-text.ts';

const root = join(import.meta.dirname, '../..');
const secretName =
  /(secret|token|password|nonce|verifier|challenge|hash|mac|hmac|signature|cookie|csrf|jkt|ath|jti)$/i;

/** Compared as plain text, and no secret of anybody's: where, and why it may be. */
const allowed: Readonly<Record<string, string>> = {
  'src/oauth/dpop.ts: ath !== request.ath':
    'the hash of the token that the caller itself sent, in its own proof',
  'src/oauth/verify-access.ts: proof.jkt !== claims.jkt': 'the thumbprints of two public keys',
  'src/oauth/pushed-request.ts: proof.jkt !== dpop_jkt': 'the thumbprints of two public keys',
  'src/web/householder/sign-in-pages.ts: reference === referenceOf(challenge':
    'the hash of a challenge, which stands in log lines; outside production only',
  'src/oauth/redemption.ts: stored.dpopJkt !== proof.jkt': 'the thumbprints of two public keys',
};

interface Comparison {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

const operand = String.raw`[\w$.?!()[\]]*[\w$)\]]`;
const comparison = new RegExp(`(${operand})\\s*([!=]==?)\\s*(${operand}|['"\`])`, 'g');

/** Comparisons of two values of which one is named like a secret; with a literal, null or a number nothing leaks. */
function comparisonsOf(path: string, text: string): Comparison[] {
  const { code } = sourceFile(path, text);
  return [...code.matchAll(comparison)].flatMap((match) => {
    const [whole, left = '', , right = ''] = match;
    if ([left, right].some((side) => /^(?:['"`]|null|undefined|true|false|\d)/.test(side))) return [];
    if (/\btypeof\s*$/.test(code.slice(0, match.index)) || /\.(?:length|size)$/.test(left)) return [];
    const last = (side: string) => /([\w$]+)[()[\]]*$/.exec(side)?.[1] ?? '';
    if (![left, right].some((side) => secretName.test(last(side)))) return [];
    return [
      {
        path,
        line: lineAt(code, match.index),
        text: whole.replaceAll(/\s+/g, ' ').replace(/^\(+|\)+$/g, ''),
      },
    ];
  });
}

// The rooms that are given secrets; a digest of what is public is none.
const rooms = ['api', 'consent', 'household', 'http', 'notify', 'oauth', 'operator', 'registry', 'web'];
const parts = rooms.flatMap((room) => globSync(`src/${room}/**/*.ts`, { cwd: root }));

test('no secret is compared as text', () => {
  const found = parts.flatMap((path) => comparisonsOf(path, readFileSync(join(root, path), 'utf8')));
  const unexplained = found.filter(({ path, text }) => !(`${path}: ${text}` in allowed));
  assert.deepEqual(unexplained, []);
  const stale = Object.keys(allowed).filter(
    (each) => !found.some(({ path, text }) => each === `${path}: ${text}`),
  );
  assert.deepEqual(stale, [], 'no exception outlives what it was made for');
});

test('the search finds such comparisons, and passes over what leaks nothing', () => {
  const caught = (code: string) => comparisonsOf('x.ts', code).length;
  for (const bad of [
    'if (sent.csrfToken === session.csrfToken) x();',
    'return stored.tokenHash == sha256(given);',
    'const ok = signature !== expectedSignature',
    'if (given !==\n      verifier) x();',
    'ok = code.challenge === challengeOf(verifier)',
  ])
    assert.equal(caught(bad), 1, bad);
  for (const good of [
    'if (token === undefined) x();',
    "if (typeof nonce !== 'string') x();",
    "if (state === 'given') x();",
    '// token === secret',
    'if (token.length > longestToken || tokens.length === mostTokens) x();',
  ])
    assert.equal(caught(good), 0, good);
});

test('what a caller holds stands in no column but as a hash', () => {
  const schema = readFileSync(join(root, 'test/migrations/schema/broker.txt'), 'utf8');
  const columns = [...schema.matchAll(/^column [a-z_]+\.[a-z_]+\.([a-z_]+) /gm)].map(([, name = '']) => name);
  assert.ok(columns.includes('token_hash') && columns.includes('code_hash'));
  assert.ok(columns.includes('webhook_secret'), 'needed to sign with, and sent to nobody a second time');
  const bare = columns.filter((name) =>
    /^(?:access_|refresh_|session_|csrf_|sign_in_)?(?:token|code|secret|password|nonce|cookie|request_uri|csrf)$/.test(
      name,
    ),
  );
  assert.deepEqual([...new Set(bare)], []);
});
