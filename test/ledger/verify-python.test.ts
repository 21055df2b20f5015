// The verifier and its second implementation (examples/verify/verify.py) on the same exports, sound and broken: they must
// find the same, entry by entry. Skips where there is no Python with the package cryptography.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { policyValue } from '../../src/cli/ledger-verify.ts';
import { readExport } from '../../src/ledger/export-format.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import type { Verdict } from '../../src/ledger/verdict.ts';
import { verifyLine } from '../../src/ledger/verify.ts';
import { parseWitnessPolicy } from '../../src/ledger/witness-policy.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import {
  type ExportCase,
  inPython,
  type PythonVerdict,
  runPython,
  verifyInPython,
  whyNoPython,
} from '../support/python-verifier.ts';
import { byRightLogs } from './by-right-exports.ts';
import { exportVectors, fileOf, kindsOfFullLife, withFormers } from './export-vectors.ts';
import { partOf } from './part-exports.ts';
import { drafts, entriesOf, exportOf, HEARTH, honest, OTHER_METER, START_S, type Step } from './small-log.ts';
import { ours } from './vectors.ts';

const skip = whyNoPython ?? false;
const folder = join(import.meta.dirname, '../vectors/ledger/exports');

async function verify({
  file,
  keys,
  checkpoints = [],
  formers = [],
  policy: text,
}: ExportCase): Promise<Verdict> {
  const logs = [...formers, file].map((one) => () => readExport(inPieces(Buffer.from(one))));
  const policy = text === undefined ? {} : { policy: parseWitnessPolicy(Buffer.from(text), sha256) };
  return (await verifyLine(logs, { ...nodeCrypto, keys, checkpoints, ...policy })).at(-1) as Verdict;
}

async function* inPieces(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < file.length; i += 1000) yield file.subarray(i, i + 1000);
}

const found = (verdict: Pick<Verdict | PythonVerdict, 'violations'>) =>
  verdict.violations.map(({ index, kind }) => [index, kind]);

async function sameVerdicts(cases: readonly ExportCase[]): Promise<Verdict[]> {
  const inPython = verifyInPython(cases);
  const verdicts: Verdict[] = [];
  for (const [i, one] of cases.entries()) {
    const [verdict, other] = [await verify(one), inPython[i] as PythonVerdict];
    assert.deepEqual(found(other), found(verdict), one.name);
    assert.equal(other.sound, verdict.sound, one.name);
    assert.equal(other.violation_count, verdict.violationCount, one.name);
    assert.deepEqual([other.origin, other.size], [verdict.origin, verdict.size], one.name);
    assert.deepEqual(other.witnesses, verdict.witnesses, one.name);
    assert.deepEqual(other.policy, policyValue(verdict), one.name);
    const { former } = verdict;
    assert.deepEqual(
      other.former,
      former && {
        origin: former.origin,
        kept_size: former.keptSize,
        known_size: former.knownSize,
        verified: former.isVerified,
        consents_ended: former.consentsEnded,
      },
      one.name,
    );
    const { witnessed } = verdict;
    const seen = witnessed === null ? null : { size: witnessed.size, time_s: witnessed.timeSeconds };
    assert.deepEqual(other.witnessed, seen, one.name);
    const { kinds, checkpoints, timesNotWitnessed, consentsSignedBy, storeReads } = verdict.counts;
    const { maps, mapCovers, consentSignatures } = verdict.counts;
    const { numbered, missing, skippedAtRestart } = storeReads;
    assert.deepEqual(
      other.counts,
      {
        entries: verdict.counts.entries,
        resting_on_before: verdict.counts.restingOnBefore,
        openings: verdict.counts.openings,
        kinds,
        checkpoints,
        times_not_witnessed: timesNotWitnessed,
        maps,
        map_covers: mapCovers,
        consents_signed_by: consentsSignedBy,
        consent_signatures: { ...consentSignatures },
        store_reads: { numbered, missing, skipped_at_restart: skippedAtRestart },
      },
      one.name,
    );
    verdicts.push(verdict);
  }
  return verdicts;
}

test('the committed exports are those that are made here, and each says what is wrong with it', () => {
  const index = exportVectors.map(({ file: _, ...about }) => about);
  const indexText = `${JSON.stringify(index, null, 1)}\n`;
  if (process.env.STABLEDOOR_WRITE_VECTORS) {
    mkdirSync(folder, { recursive: true });
    for (const { name, file } of exportVectors) writeFileSync(join(folder, `${name}.ndjson`), file);
    writeFileSync(join(folder, 'index.json'), indexText);
  }
  assert.equal(readFileSync(join(folder, 'index.json'), 'utf8'), indexText);
  for (const { name, file } of exportVectors)
    assert.equal(readFileSync(join(folder, `${name}.ndjson`), 'utf8'), file, name);
});

test('the verifier finds in each committed export what it must, and nothing else', async () => {
  for (const one of exportVectors) {
    const verdict = await verify(withFormers(one));
    assert.deepEqual(found(verdict), one.violations, one.name);
    assert.deepEqual(verdict.witnesses, one.witnesses, one.name);
  }
  const byRight = byRightLogs.flatMap(([, , steps]) => steps.map(({ draft }) => draft.kind));
  const kinds = new Set([...kindsOfFullLife, ...byRight, 'log.succeeded', 'operator.carried']);
  assert.deepEqual([...kinds].sort(), Object.keys(drafts).sort());
});

test('the second implementation finds the same in each of them', { skip }, async () => {
  await sameVerdicts(exportVectors.map(withFormers));
});

test('they agree on what a stop and a link may say', { skip }, async () => {
  const { 'consent.stopped': stopped, 'meter-point.linked': linked } = drafts;
  const commit = { meter_point: Buffer.alloc(32).toString('base64') };
  const bodies: [object, boolean][] = [
    [{ ...stopped, through: 'phone' }, true],
    [{ ...stopped, through: 'home' }, true],
    [{ ...stopped, through: 'carrier pigeon' }, false],
    [{ ...stopped, through: null }, false],
    [{ ...linked, proven_by: 'code', commit }, true],
    [{ ...linked, commit }, true],
    [{ ...linked, proven_by: 'hearsay', commit }, false],
    [{ ...drafts['consent.ended'], through: 'phone' }, false],
  ];
  const cases = bodies.map(([wanted], i) => {
    const body = (sealed: string) => canonicalJson({ ...wanted, req: JSON.parse(sealed).req });
    const file = fileOf(exportOf(entriesOf([...honest, { draft: stopped, body }])));
    return { name: JSON.stringify(bodies[i]), file, keys: [ours.logKey] };
  });
  const verdicts = await sameVerdicts(cases);
  assert.deepEqual(
    verdicts.map(({ violations }) => !violations.some(({ kind }) => kind === 'entry_body')),
    bodies.map(([, fits]) => fits),
  );
});

test('they agree on which tokens and revocations are well formed', { skip }, async () => {
  const { consent_ref, ...own } = drafts['token.issued'];
  const { consent_ref: of, ...revoked } = drafts['token.revoked'];
  const bodies: [string, object, boolean][] = [
    ['of scopes', { ...own, scopes: ['consents:read'] }, true],
    ['of nothing', own, false],
    ['of both', { ...own, scopes: ['consents:read'], consent_ref }, false],
    ['one token', { ...revoked, token: 'x' }, true],
    ['one token of a consent', { ...revoked, token: 'x', consent_ref: of }, true],
    ['no token at all', revoked, false],
  ];
  const cases = bodies.map(([name, wanted]) => {
    const draft = drafts['token.issued'];
    const body = (sealed: string) => canonicalJson({ ...wanted, req: JSON.parse(sealed).req });
    const file = fileOf(exportOf(entriesOf([...honest, { draft, body }])));
    return { name, file, keys: [ours.logKey] };
  });
  const verdicts = await sameVerdicts(cases);
  assert.deepEqual(
    verdicts.map(({ sound }) => sound),
    bodies.map(([, , sound]) => sound),
  );
});

test('they agree that a body has no member __proto__, and nothing that nests too deep', {
  skip,
}, async () => {
  const members = ['"__proto__":"3 Mill Lane",', `"__proto__":${'['.repeat(8000)}${']'.repeat(8000)},`];
  const places = [
    ['meter-point.linked', '{'],
    ['meter-point.linked', '"commit":{'],
    ['operator.proposed', '"said":{'],
  ] as const;
  const cases = places.flatMap(([kind, at]) =>
    members.map((member) => {
      const draft = drafts[kind];
      const body = (sealed: string) => sealed.replace(at, at + member);
      const file = fileOf(exportOf(entriesOf([...honest, { draft, body }])));
      return { name: `${kind} ${at}${member.slice(0, 24)}`, file, keys: [ours.logKey] };
    }),
  );
  for (const { violations } of await sameVerdicts(cases))
    assert.ok(violations.some(({ kind }) => kind === 'entry_body'));
});

test('it computes the published roots, leaves and signatures', { skip }, () => {
  const { origin, logKey, witnessKey, roots, checkpoint0, checkpoint5 } = ours;
  const code = `
given = json.load(sys.stdin)
keys = [verify.Key(given["logKey"])], [verify.Key(given["witnessKey"])]
tree, roots = verify.Tree(), {}
for number in range(70000):
    tree.add(verify.sha256(b"\\x00entry-" + str(number).encode()))
    if str(tree.size) in given["roots"]:
        roots[str(tree.size)] = verify.encode64(tree.root())
opened = [verify.open_checkpoint(note, given["origin"], *keys) for note in given["notes"]]
print(json.dumps({"roots": roots, "opened": [[size, seen] for size, _, seen, _ in opened]}))`;
  const notes = [checkpoint0, checkpoint5];
  const answer = inPython(code, { origin, logKey, witnessKey, roots, notes }) as Record<string, unknown>;
  assert.deepEqual(answer.roots, roots);
  assert.deepEqual(answer.opened, [
    [0, [['witness.example/w1', ours.cosignTimeSeconds]]],
    [5, [['witness.example/w1', ours.cosignTimeSeconds]]],
  ]);
});

test('values that a household is shown have one canonical form, or none, in both', { skip }, () => {
  const values = [
    ...fc.sample(fc.jsonValue({ maxDepth: 4 }), { numRuns: 400, seed: 7 }),
    ...[
      -0,
      1e21,
      2 ** 53,
      -(2 ** 53 - 1),
      0.5,
      { b: 1, a: [true, null] },
      { '1': 1 },
      { '\ue000': 1, '\u{10000}': 2 },
    ],
    ...['\ud800', { ['__proto__']: 1 }, '\u2028"\\/\u0007', {}, []],
  ];
  const formOf = (value: unknown): string | null => {
    try {
      return canonicalJson(value as never);
    } catch {
      return null;
    }
  };
  // As both read them, from the text of a file.
  const texts = values.map((value) => JSON.stringify(value));
  const code =
    'print(json.dumps([verify.canonical(verify.parse_json(text)) for text in json.load(sys.stdin)]))';
  assert.deepEqual(
    inPython(code, texts),
    texts.map((text) => formOf(JSON.parse(text))),
  );
});

test('it is called as its documentation says: 0 sound, 1 a violation, 2 wrong usage', { skip }, () => {
  const [honestFile, stopped] = ['honest', 'after-stop'].map(
    (name) => exportVectors.find((one) => one.name === name)?.file ?? '',
  ) as [string, string];
  const sound = runPython(honestFile, '--key', ours.logKey);
  assert.equal(sound.code, 0, sound.err);
  assert.match(sound.out, /^sound: broker\.example\/audit, 8 entries/);
  assert.match(sound.out, /no witness has signed/);
  const broken = runPython(stopped, '--key', ours.logKey, '--json');
  assert.equal(broken.code, 1, broken.err);
  assert.deepEqual(found(JSON.parse(broken.out) as PythonVerdict), [[9, 'consent_not_in_force']]);
  assert.equal(runPython(honestFile, '--key', 'nonsense').code, 2);
  assert.equal(runPython(honestFile, '--checkpoint', '/nowhere').code, 2);
  assert.equal(runPython(honestFile, '--nonsense').code, 2);
});

test('one byte changed, put in or taken out anywhere gives both the same verdict, and never a sound one', {
  skip,
}, async () => {
  const file = Buffer.from(fileOf(exportOf(entriesOf(honest))));
  const cases: ExportCase[] = [];
  for (let i = 0; i < file.length; i += 11) {
    const flipped = Buffer.from(file);
    flipped[i] = (file[i] as number) ^ (1 << (i % 8));
    const grown = Buffer.concat([file.subarray(0, i), Buffer.from([0x20]), file.subarray(i)]);
    const shrunk = Buffer.concat([file.subarray(0, i), file.subarray(i + 1)]);
    const bent = [flipped, grown, shrunk][(i / 11) % 3] as Buffer;
    cases.push({ name: `byte ${i}`, file: bent, keys: [ours.logKey] });
  }
  const verdicts = await sameVerdicts(cases);
  const sound = cases.filter((_, i) => verdicts[i]?.sound).map(({ name }) => name);
  assert.deepEqual(sound, []);
});

test('lines taken out, put in twice or moved give both the same verdict', { skip }, async () => {
  const lines = exportOf(entriesOf(honest));
  const cases = lines.flatMap((line, i): ExportCase[] => [
    { name: `without ${i}`, file: fileOf(lines.toSpliced(i, 1)), keys: [ours.logKey] },
    { name: `twice ${i}`, file: fileOf(lines.toSpliced(i, 0, line)), keys: [] },
    { name: `moved ${i}`, file: fileOf([...lines.toSpliced(i, 1), line]), keys: [ours.logKey] },
  ]);
  await sameVerdicts(cases);
});

test('whatever life consents and third parties lead, both find the same', { skip }, async () => {
  const bend = fc.record(
    {
      consent_ref: fc.constantFrom(...['1', '2'].map((digit) => `consent_${digit.repeat(22)}`)),
      version: fc.integer({ min: 1, max: 3 }),
      third_party: fc.constantFrom(drafts['third-party.restored'].third_party, HEARTH),
      purpose: fc.constantFrom('energy-advice', 'marketing'),
      resolution: fc.constantFrom('P1M', 'P1D', 'PT1H', 'PT30M'),
      meter_ref: fc.constantFrom(drafts.disclosure.meter_ref, OTHER_METER),
      meter_refs: fc.constantFrom([OTHER_METER], [drafts.disclosure.meter_ref, OTHER_METER]),
      register: fc.constantFrom('import', 'export'),
      registers: fc.constantFrom(['import'], ['import', 'export']),
      from: fc.constantFrom('2022-12-31', '2023-01-01', '2023-02-28'),
      end: fc.constantFrom('2023-03-01', '2024-01-01', '2024-02-29'),
      count: fc.constantFrom(0, 1, 31, 32, 1550),
      expires_s: fc.constantFrom(START_S + 5, START_S + 86_400, START_S + 90_000),
      effective_s: fc.constantFrom(START_S, START_S + 4),
      once: fc.constant(1),
      disclosure: fc.nat({ max: 20 }),
      size: fc.nat({ max: 40 }),
      store_read: fc
        .tuple(fc.constantFrom('a', 'b'), fc.nat({ max: 60 }))
        .map(([start, number]) => `${start}/${number}`),
    },
    { requiredKeys: [] },
  );
  const kind = fc.constantFrom(...(Object.keys(drafts) as (keyof typeof drafts)[]));
  const favourite = fc.constantFrom(
    ...(['consent.requested', 'consent.given', 'consent.narrowed', 'disclosure', 'consent.stopped'] as const),
  );
  const step = fc
    .record({ kind: fc.oneof(kind, favourite, favourite), bend, laterMs: fc.nat({ max: 3000 }) })
    .map((drawn): Omit<Step, 'timeMs'> & { laterMs: number } => ({
      draft: bentDraft(drafts[drawn.kind], drawn.bend),
      laterMs: drawn.laterMs,
    }));
  const logs = fc.sample(fc.array(step, { minLength: 5, maxLength: 40 }), {
    numRuns: process.env.STABLEDOOR_SOAK ? 5000 : 300,
    ...(process.env.STABLEDOOR_SEED ? { seed: Number(process.env.STABLEDOOR_SEED) } : {}),
  });
  const cases = logs.flatMap((steps, i): ExportCase[] => {
    let timeMs = START_S * 1000;
    const timed = [...honest.slice(0, 3), ...steps].map((one): Step => {
      timeMs += 'laterMs' in one ? one.laterMs : 0;
      return { draft: one.draft, timeMs };
    });
    const from = 1 + (i % (timed.length - 1));
    const keys = [ours.logKey];
    return [
      { name: `log ${i}: ${JSON.stringify(timed)}`, file: fileOf(exportOf(entriesOf(timed))), keys },
      { name: `log ${i} from ${from}: ${JSON.stringify(timed)}`, file: fileOf(partOf(timed, from)), keys },
    ];
  });
  const verdicts = await sameVerdicts(cases);
  const kinds = new Set(verdicts.flatMap((verdict) => verdict.violations.map((violation) => violation.kind)));
  assert.ok(kinds.size > 15, `too tame: ${[...kinds].join(', ')}`);
});

type Bend = Record<string, unknown> & { from?: string; end?: string };

/** What the draft has a field for is bent; `once` may come to a consent that had none. */
function bentDraft(draft: Step['draft'], { from, end, ...bend }: Bend): Step['draft'] {
  const bent: Record<string, unknown> = { ...draft };
  for (const [name, value] of Object.entries(bend))
    if (name in bent || (name === 'once' && 'signed_by' in bent)) bent[name] = value;
  if ('window' in draft && from !== undefined && end !== undefined)
    bent.window = 'to' in draft.window ? { from, to: end } : { from, until: end };
  return bent as unknown as Step['draft'];
}
