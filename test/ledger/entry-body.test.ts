// Entry bodies: each kind with its fields and no other, in canonical form, with nothing that reads two ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_BODY_BYTES } from '../../src/ledger/entry.ts';
import {
  EntryBodyError,
  type EntryDraft,
  type EntryKind,
  parseEntryBody,
  sealBody,
} from '../../src/ledger/entry-body.ts';
import { canonicalJson, type JsonValue } from '../../src/lib/canonical-json.ts';
import { commitOf, drafts } from './small-log.ts';

const REQUEST = '11111111-2222-4333-8444-555555555555';
const kinds = Object.keys(drafts) as EntryKind[];
const seal = (draft: EntryDraft): string => sealBody(draft, REQUEST, commitOf(draft.kind));
type Loose = Record<string, JsonValue>;
const bodyOf = (kind: EntryKind): Loose => JSON.parse(seal(drafts[kind]));
const refused = (body: Loose, why?: string) =>
  assert.throws(() => parseEntryBody(canonicalJson(body)), EntryBodyError, why ?? JSON.stringify(body));

test('every kind seals to canonical JSON and parses back to what it was', () => {
  for (const kind of kinds) {
    const text = seal(drafts[kind]);
    const body = parseEntryBody(text);
    assert.equal(body.kind, kind);
    assert.deepEqual(
      { ...drafts[kind], req: REQUEST, ...(commitOf(kind) && { commit: commitOf(kind) }) },
      body,
    );
    assert.equal(text, canonicalJson(JSON.parse(text)));
  }
});

test('a kind with a field too many, or any field missing, is refused', () => {
  const optional = new Set(['once', 'store_read', 'said']);
  for (const kind of kinds) {
    refused({ ...bodyOf(kind), extra: 1 });
    refused({ ...bodyOf(kind), Kind: kind });
    for (const field of Object.keys(bodyOf(kind))) {
      const { [field]: _, ...rest } = bodyOf(kind);
      if (kind === 'read.dropped' || !optional.has(field)) refused(rest, `${kind} without ${field}`);
    }
  }
});

test('a token is of a consent or of scopes, and a revocation names a consent or a token', () => {
  const { consent_ref, ...own } = bodyOf('token.issued');
  const scopes = ['consents:read'];
  assert.equal(parseEntryBody(canonicalJson({ ...own, scopes })).kind, 'token.issued');
  refused(own);
  refused({ ...own, scopes, consent_ref } as Loose);
  refused({ ...own, scopes: [] });
  refused({ ...own, scopes: ['Not A Scope'] });
  const { consent_ref: of, ...revoked } = bodyOf('token.revoked');
  for (const target of [{ token: 'x' }, { consent_ref: of }, { token: 'x', consent_ref: of }])
    assert.equal(parseEntryBody(canonicalJson({ ...revoked, ...target } as Loose)).kind, 'token.revoked');
  refused(revoked);
});

test('no kind takes a number with a fraction, a null, a truth value or a nested object for a field', () => {
  for (const kind of kinds)
    for (const field of Object.keys(bodyOf(kind)))
      for (const wrong of [null, true, { a: 1 }, -1, ''] as JsonValue[])
        refused({ ...bodyOf(kind), [field]: wrong });
  const text = seal(drafts.disclosure);
  assert.throws(() => parseEntryBody(text.replace('"count":31', '"count":31.5')), EntryBodyError);
  assert.throws(() => parseEntryBody(text.replace('"count":31', '"count":1e400')), EntryBodyError);
});

test('a body that is not in canonical form is refused though it says the same', () => {
  const text = seal(drafts.disclosure);
  const bent = [
    text.replace('{', '{ '),
    text.replace('"count":31', '"count":31.0'),
    text.replace('"count":31', '"count":3.1e1'),
    text.replace('"actor"', '"\\u0061ctor"'),
    text.replace('"basis":"consent",', '').replace(/}$/, ',"basis":"consent"}'),
    text.replace('"count":31', '"count":1,"count":31'),
    `${text} `,
    `\ufeff${text}`,
    text.slice(0, -1),
    '[]',
    'null',
    '',
  ];
  for (const other of bent) {
    assert.notEqual(other, text);
    assert.throws(() => parseEntryBody(other), EntryBodyError, other);
  }
});

test('a member __proto__ is refused at any depth, and so is what nests too deep to be read', () => {
  const { 'meter-point.linked': linked, 'operator.proposed': proposed } = drafts;
  const hidden = '"__proto__":"3 Mill Lane",';
  const deep = `"__proto__":${'['.repeat(30_000)}${']'.repeat(30_000)},`;
  for (const [draft, at] of [
    [linked, '{'],
    [linked, '"commit":{'],
    [proposed, '"said":{'],
  ] as const)
    for (const member of [hidden, deep, deep.replace('__proto__', 'a')]) {
      const text = seal(draft);
      assert.ok(text.includes(at));
      assert.throws(
        () => parseEntryBody(text.replace(at, at + member)),
        EntryBodyError,
        at + member.slice(0, 20),
      );
    }
  const draft = JSON.parse(`{${hidden}"kind":"x"}`);
  assert.throws(
    () => sealBody({ ...linked, ...draft, kind: linked.kind, commit: draft } as never, REQUEST),
    EntryBodyError,
  );
});

test('an unknown kind is refused: what a verifier does not understand it must not pass over', () => {
  refused({ ...bodyOf('read.dropped'), kind: 'reads.dropped' });
  refused({ ...bodyOf('read.dropped'), kind: '__proto__' });
});

test('lone surrogates and control characters in words are refused', () => {
  const text = seal(drafts['third-party.suspended']);
  assert.throws(() => parseEntryBody(text.replace('struck off', '\\ud800')), EntryBodyError);
  refused({ ...bodyOf('third-party.suspended'), reason: 'struck\noff' });
  refused({ ...bodyOf('third-party.suspended'), reason: 'x'.repeat(501) });
});

test('dates that do not exist and windows that end before they begin are refused', () => {
  const given = bodyOf('consent.given');
  const windows: [string, string][] = [
    ['2023-02-29', '2024-01-01'],
    ['2023-1-01', '2024-01-01'],
    ['2023-13-01', '2024-01-01'],
    ['2023-01-00', '2024-01-01'],
    ['2024-01-01', '2024-01-01'],
    ['2024-01-02', '2024-01-01'],
    ['2023-01-01T00:00:00Z', '2024-01-01'],
  ];
  for (const [from, until] of windows) refused({ ...given, window: { from, until } });
  assert.doesNotThrow(() =>
    parseEntryBody(canonicalJson({ ...given, window: { from: '2024-02-29', until: '2024-03-01' } })),
  );
});

test('lists say nothing twice and commitments are named and of 32 bytes', () => {
  const given = bodyOf('consent.given');
  refused({ ...given, meter_refs: [] });
  refused({ ...given, meter_refs: [...(given.meter_refs as string[]), ...(given.meter_refs as string[])] });
  const commit = given.commit as Record<string, string>;
  refused({ ...given, commit: { ...commit, 'a b': commit.wording as string } });
  refused({ ...given, commit: { ...commit, wording: 'AAAA' } });
  refused({ ...given, commit: { wording: commit.wording as string } });
  refused({ ...bodyOf('consent.requested'), commit: {} });
});

test('a draft that is wrong names the field', () => {
  const wrong = { ...drafts.disclosure, jkt: 'short' };
  assert.throws(() => seal(wrong), { name: 'EntryBodyError', message: /^jkt: / });
  assert.throws(() => sealBody(drafts['read.dropped'], 'not-a-uuid'), /^EntryBodyError: req/);
});

test('the largest consent fits into an entry', () => {
  const meterRefs = Array.from({ length: 64 }, (_, i) => `mp_${String(i).padStart(22, 'x')}`);
  assert.ok(seal({ ...drafts['consent.given'], meter_refs: meterRefs }).length < MAX_BODY_BYTES / 10);
});
