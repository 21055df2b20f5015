// A household's own file, whatever is done to it: both verifiers find the same, and what was changed is never sound.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type ChainFile, formatChainFile } from '../../src/ledger/chain-file.ts';
import { foundIn, verifyChains } from '../support/chain-verifiers.ts';
import { chainVectors } from './chain-vectors.ts';
import { chainedLog, chainedSteps, householdFile, waysTo } from './chained-log.ts';
import { ours } from './vectors.ts';

const folder = join(import.meta.dirname, '../vectors/ledger/chains');
const keys = [ours.logKey];
const log = chainedLog();
const file = householdFile(log);
const text = formatChainFile(file);

test('the committed files are those that are made here, and each says what is wrong with it', () => {
  const index = chainVectors.map(({ file: _, ...about }) => about);
  const indexText = `${JSON.stringify(index, null, 1)}\n`;
  if (process.env.STABLEDOOR_WRITE_VECTORS) {
    mkdirSync(folder, { recursive: true });
    for (const one of chainVectors) writeFileSync(join(folder, `${one.name}.json`), one.file);
    writeFileSync(join(folder, 'index.json'), indexText);
  }
  assert.equal(readFileSync(join(folder, 'index.json'), 'utf8'), indexText);
  for (const one of chainVectors)
    assert.equal(readFileSync(join(folder, `${one.name}.json`), 'utf8'), one.file, one.name);
});

test('both verifiers find in each committed file what they must, and nothing else', async () => {
  const verdicts = await verifyChains(chainVectors.map((one) => ({ ...one, text: one.file })));
  for (const [i, verdict] of verdicts.entries()) {
    const { name, violations, covered, opened, unopened } = chainVectors[i] as (typeof chainVectors)[number];
    assert.ok(verdict, name);
    assert.deepEqual(foundIn(verdict), violations, name);
    assert.deepEqual([verdict.covered, verdict.opened, verdict.unopened], [covered, opened, unopened], name);
    assert.deepEqual(verdict.witnesses, verdict.size === null ? [] : ['witness.example/w1'], name);
  }
});

test('every kind of fault stands in a committed file', () => {
  const documented = readFileSync(join(import.meta.dirname, '../../docs/household-chain.md'), 'utf8');
  const kinds = [...documented.matchAll(/^\| `([a-z_]+_[a-z_]+)` \| (?!base64|when)/gm)].map(
    ([, kind]) => kind,
  );
  const shown = new Set(chainVectors.flatMap(({ violations }) => violations.map(([, kind]) => kind)));
  assert.deepEqual(
    kinds.filter((kind) => /^(checkpoint|entry|opening|map|absence)_/.test(kind as string)).sort(),
    [...shown].sort(),
  );
});

test('in a map of several spans the next tag is absent where it is absent in each', async () => {
  const many = chainedLog(chainedSteps(), 4);
  const whole = householdFile(many);
  const absence = whole.absence as NonNullable<ChainFile['absence']>;
  // Its newest entry is the seventh of the log, in the second of four spans.
  const ways = waysTo(many, 3);
  const cut = { ...whole, entries: whole.entries.slice(0, 3) };
  const hidden = ways.map((way, i) => (i === 1 ? { ...way, found: null } : way));
  const [first, second, ...rest] = absence.spans as [Span, Span, Span, Span];
  const cases: [string, ChainFile, unknown[]][] = [
    ['whole', whole, []],
    ['held back', { ...cut, absence: { ...absence, spans: ways } }, [[3, 'entry_withheld']]],
    ['hidden', { ...cut, absence: { ...absence, spans: hidden } }, [[null, 'absence_not_shown']]],
    [
      'a span too few',
      { ...whole, absence: { ...absence, spans: [first, second] } },
      [[null, 'map_invalid']],
    ],
    [
      'in another order',
      { ...whole, absence: { ...absence, spans: [second, first, ...rest] } },
      [[null, 'map_invalid']],
    ],
  ];
  const verdicts = await verifyChains(
    cases.map(([name, one]) => ({ name, text: formatChainFile(one), keys, span: 4 })),
  );
  assert.deepEqual(
    verdicts.map((verdict) => verdict && foundIn(verdict)),
    cases.map(([, , found]) => found),
  );
});
type Span = NonNullable<ChainFile['absence']>['spans'][number];

/** What a sound file says at most, apart from when it was made, which nothing binds, and salts without a value. */
function isSaid(changedFile: string): boolean {
  const [one, honest] = [changedFile, text].map((each) => JSON.parse(each) as ChainFile) as [
    ChainFile,
    ChainFile,
  ];
  const bare = ({ entries, checkpoint, format, chain_key, first }: ChainFile) => ({
    ...{ format, chain_key, first, signed: checkpoint.slice(0, checkpoint.indexOf('\n\n')) },
    entries: entries.map(({ entry, proof }) => [entry, proof]),
  });
  const values = ({ entries }: ChainFile) =>
    entries.flatMap(({ opened }, i) =>
      Object.entries(opened).flatMap(([field, { value }]) =>
        value === undefined ? [] : [JSON.stringify([i, field, value])],
      ),
    );
  const honestValues = new Set(values(honest));
  return (
    isDeepStrictEqual(bare(one), bare(honest)) &&
    values(one).every((value) => honestValues.has(value)) &&
    (one.absence === null || isDeepStrictEqual(one.absence, honest.absence))
  );
}

/** Both refuse it, or find the same; and it is sound only where it says nothing but what the honest file says. */
async function neverSoundUnlessSame(cases: readonly { readonly name: string; readonly text: string }[]) {
  const verdicts = await verifyChains(cases.map((one) => ({ ...one, keys })));
  for (const [i, verdict] of verdicts.entries()) {
    const { name, text: changed } = cases[i] as (typeof cases)[number];
    if (verdict?.sound) assert.ok(isSaid(changed), name);
  }
  return verdicts;
}

test('one letter changed, put in or taken out anywhere gives both the same verdict, and nothing that it says besides is sound', async () => {
  const letters = 'A0=" \n{x';
  const cases = [];
  for (let i = 0; i < text.length; i += 5) {
    const letter = letters[(i / 5) % letters.length] as string;
    const after = text.slice(i + ((i / 5) % 3 === 1 ? 0 : 1));
    const put = (i / 5) % 3 === 2 ? '' : letter;
    cases.push({ name: `letter ${i}`, text: text.slice(0, i) + put + after });
  }
  const verdicts = await neverSoundUnlessSame(cases);
  const refused = verdicts.filter((verdict) => verdict === null).length;
  assert.ok(refused > 100 && verdicts.length - refused > 100, `too tame: ${refused} of ${verdicts.length}`);
});

/** Every place in a JSON value, from the whole down. */
function* placesIn(value: unknown, path: readonly (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield [...path];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value))
    yield* placesIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}
type Inner = Record<string | number, unknown>;
function changed(path: readonly (string | number)[], change: (inside: Inner, key: string | number) => void) {
  const copy = JSON.parse(text) as Inner;
  const inside = path.slice(0, -1).reduce((at, key) => at[key] as Inner, copy);
  change(inside, path.at(-1) as string | number);
  return JSON.stringify(copy);
}

test('any value replaced, left out or put in twice gives both the same verdict, and nothing that it says besides is sound', async () => {
  const odd: unknown[] = [
    ...[null, true, 0, -1, 1.5, 2 ** 53, 1e300, '', 'A', '\ud800', '\u{10000}', [], {}, [[]], [null]],
    { value: 1 },
    ...[ours.roots['1'], 'A'.repeat(43), ours.checkpoint0],
  ];
  const cases = [...placesIn(JSON.parse(text))].flatMap((path) => {
    const name = path.join('.');
    const replaced = odd.map((value) => ({
      name: `${name} = ${JSON.stringify(value)}`,
      text: changed(path, (inside, key) => {
        inside[key] = value;
      }),
    }));
    const others = {
      without: (inside: Inner, key: string | number) => {
        if (Array.isArray(inside)) inside.splice(Number(key), 1);
        else delete inside[key];
      },
      twice: (inside: Inner, key: string | number) => {
        if (Array.isArray(inside)) inside.splice(Number(key), 0, inside[Number(key)]);
        else inside[`${key}x`] = inside[key];
      },
    };
    const rest = Object.entries(others).map(([how, change]) => ({
      name: `${name} ${how}`,
      text: changed(path, change),
    }));
    return [...replaced, ...rest];
  });
  assert.ok(cases.length > 1000);
  const verdicts = await neverSoundUnlessSame(cases);
  const kinds = new Set(verdicts.flatMap((verdict) => verdict?.violations.map(({ kind }) => kind) ?? []));
  assert.ok(kinds.size >= 7, `too tame: ${[...kinds].join(', ')}`);
});

const VALUE = '"1200023305967"';
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

test('what two readers of JSON could read differently, or would break off at, is refused by both or read the same', async () => {
  const inside = '"opened": {';
  const cases: [string, string, 'refused' | unknown[]][] = [
    ['58 lists in each other', text.replace(VALUE, nested(58)), [[0, 'opening_wrong']]],
    ...[60, 1000, 5000, 100_000].map((depth): [string, string, 'refused'] => [
      `${depth} lists in each other`,
      text.replace(VALUE, nested(depth)),
      'refused',
    ]),
    ['a member __proto__', text.replace('{', '{"__proto__": 1,'), 'refused'],
    ['a field __proto__', text.replace(inside, `${inside}"__proto__": {"salt": "x"},`), 'refused'],
    ['a value with __proto__', text.replace(VALUE, '{"a": 1, "__proto__": 2}'), 'refused'],
    ['a number without end', text.replace(VALUE, '1e400'), 'refused'],
    ['a number that is none', text.replace(VALUE, 'NaN'), 'refused'],
    ['a number of 5000 digits', text.replace(VALUE, '1'.repeat(5000)), 'refused'],
    ['an integer with a point', text.replace('"first": 0', '"first": 0.0'), []],
    ['minus zero', text.replace('"first": 0', '"first": -0'), []],
    ['an integer with an exponent', text.replace(/"exported_ms": \d+/, '"exported_ms": 1e12'), []],
    ['a member twice', text.replace('"first": 0', '"first": 5, "first": 0'), []],
    ['a letter as an escape', text.replace('"12000', '"\\u00312000'), []],
    ['a byte order mark', `\ufeff${text}`, 'refused'],
    [
      'half a letter in the checkpoint',
      text.replace('"checkpoint": "', '"checkpoint": "\\ud800'),
      [[null, 'checkpoint_invalid']],
    ],
    ['half a letter in an entry', text.replace('"entry": "', '"entry": "\\ud800'), [[0, 'entry_unreadable']]],
    ['half a letter in the origin', text.replace('"origin": "', '"origin": "\\ud800'), 'refused'],
  ];
  const verdicts = await verifyChains(cases.map(([name, one]) => ({ name, text: one, keys })));
  for (const [i, [name, , found]] of cases.entries()) {
    const verdict = verdicts[i] ?? null;
    assert.deepEqual(verdict === null ? 'refused' : foundIn(verdict), found, name);
  }
});
