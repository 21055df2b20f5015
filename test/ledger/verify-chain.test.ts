// Verification of bytes, chain, tree and signatures: an honest log is sound, and each way of breaking one is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import type { Verdict } from '../../src/ledger/verdict.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import { verifyLine } from '../../src/ledger/verify.ts';
import { at, chainKinds, finds, honestThen, read, shown, verifySteps } from './bent-log.ts';
import { parts } from './part-exports.ts';
import {
  asStream,
  checkpointOf,
  drafts,
  entriesOf,
  exportOf,
  formerSigner,
  honest,
  POLICY,
  requestOf,
  START_S,
  type Step,
  verifyLines,
} from './small-log.ts';
import { byTwo } from './succeeded-by-two.ts';
import { former, succeeded } from './succeeded-exports.ts';
import { ours } from './vectors.ts';

test('an honest log is sound, is counted, and says what it could not prove', async () => {
  const verdict = await verifySteps(honest);
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.sound, true);
  assert.equal(verdict.origin, ours.origin);
  assert.equal(verdict.size, 8);
  assert.deepEqual(verdict.keys, [ours.logKey]);
  assert.equal(verdict.counts.kinds.disclosure, 1);
  assert.equal(verdict.counts.checkpoints, 1);
  assert.deepEqual(verdict.counts.consentsSignedBy, { code: 1, passkey: 0, sandbox: 0 });
  assert.deepEqual(verdict.counts.storeReads, { numbered: 1, missing: 0, skippedAtRestart: 0 });
  const words = verdict.unproven.join('\n');
  for (const part of [
    /no witness has signed/,
    /1 by a mailed code/,
    /past the door/,
    /after entry 7/,
    /commitment/,
  ])
    assert.match(words, part);
  assert.doesNotMatch(words, /taken from the export/);
});

test('a full life of consents and third parties is sound', async () => {
  const second = `consent_${'2'.repeat(22)}`;
  const third = `consent_${'3'.repeat(22)}`;
  const verdict = await verifySteps(
    honestThen(
      drafts['token.issued'],
      drafts['consent.narrowed'],
      read({ version: 2, resolution: 'P1M', count: 1, window: { from: '2023-01-01', to: '2023-02-01' } }),
      { ...drafts['disclosure.void'], disclosure: 10 },
      drafts['third-party.suspended'],
      drafts['third-party.restored'],
      read({ version: 2, resolution: 'P1M', count: 1, store_read: '1700000000/3' }),
      { ...drafts['consent.stopped'], version: 2 },
      drafts['token.revoked'],
      { ...drafts['consent.requested'], consent_ref: second },
      { ...drafts['consent.refused'], consent_ref: second },
      { ...drafts['consent.requested'], consent_ref: third },
      { ...drafts['consent.lapsed'], consent_ref: third },
      drafts['key.published'],
      { ...drafts['read.dropped'], store_read: '1700000000/4' },
    ),
  );
  assert.deepEqual(verdict.violations, []);
});

test('without keys of one’s own the export’s own key is used, and the verdict says so', async () => {
  const verdict = await verifyLines(exportOf(entriesOf(honest)), { keys: [] });
  assert.equal(verdict.sound, true);
  assert.match(verdict.unproven.join('\n'), /taken from the export itself.*fe45b998/);
});

test('a checkpoint in the middle is checked where it stands', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries);
  lines.splice(6, 0, { type: 'checkpoint', note: checkpointOf(entries, 3) });
  const verdict = await verifyLines(lines);
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.counts.checkpoints, 2);
});

test('a checkpoint that a known witness signed names the witness', async () => {
  const lines = exportOf([]).slice(0, 2);
  const verdict = await verifyLines([...lines, { type: 'checkpoint', note: ours.checkpoint0 }], {
    keys: [ours.logKey, ours.witnessKey],
  });
  assert.deepEqual(verdict.witnesses, ['witness.example/w1']);
  assert.match(verdict.unproven.join('\n'), /witness\.example\/w1.*not run by the operator/);
  finds(verdict, [null, 'log_opened']);
});

test('a checkpoint kept from before still holds, or the log was changed or cut', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries);
  for (const keys of [[ours.logKey], []]) {
    const kept = await verifyLines(lines, {
      keys,
      checkpoints: [checkpointOf(entries, 5), checkpointOf(entries)],
    });
    assert.deepEqual(kept.violations, []);
    assert.doesNotMatch(kept.unproven.join('\n'), /seen before/);
  }
  const other = entriesOf(at(honest, 4, { timeMs: START_S * 1000 + 4001 }));
  finds(await verifyLines(lines, { checkpoints: [checkpointOf(other, 5)] }), [4, 'checkpoint_root']);
  const longer = checkpointOf([...entries, ...entries]);
  finds(await verifyLines(lines, { checkpoints: [longer] }), [null, 'log_shortened']);
});

test('a key or checkpoint of the caller’s that cannot be used is the caller’s fault, not the log’s', async () => {
  const lines = exportOf(entriesOf(honest));
  await assert.rejects(verifyLines(lines, { keys: ['nonsense'] }), NoteError);
  await assert.rejects(verifyLines(lines, { checkpoints: ['nonsense'] }), NoteError);
  const other = checkpointOf(entriesOf(honest)).replace(/^.*/, 'other.example/log');
  await assert.rejects(verifyLines(lines, { keys: [], checkpoints: [other] }), /is of other\.example/);
});

test('an export without a manifest, or with two, is not sound', async () => {
  const lines = exportOf(entriesOf(honest));
  finds(await verifyLines([]), [null, 'export_format']);
  finds(await verifyLines(lines.slice(1)), [null, 'export_format']);
  const [manifest] = lines as [ExportLine];
  const twice = await verifyLines([manifest, manifest, ...lines.slice(1)]);
  assert.equal(twice.sound, false);
  assert.equal(twice.violations[0]?.kind, 'export_format');
});

test('a manifest that promises more than comes is found', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries).filter((line) => line.type !== 'entry' || line.entry !== entries[7]);
  finds(
    await verifyLines(lines),
    [6, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  );
});

test('a log without a checkpoint over all of it is not sound', async () => {
  const entries = entriesOf(honest);
  finds(await verifyLines(exportOf(entries).slice(0, -1)), [null, 'checkpoint_missing']);
});

test('a forged, foreign or altered checkpoint is found', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries).slice(0, -1);
  const good = checkpointOf(entries);
  const forger = noteSigner(ours.origin, new Uint8Array(32).fill(3));
  const text = good.slice(0, good.indexOf('\n\n') + 1);
  const bent = [forger.signNote(text), good.replace('\n8\n', '\n9\n'), 'nonsense', `${good}\n`];
  for (const note of bent)
    finds(
      await verifyLines([...lines, { type: 'checkpoint', note }]),
      [7, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
    );
});

test('a whole log made anew under another key is found, unless nobody brought a key', async () => {
  const forger = noteSigner(ours.origin, new Uint8Array(32).fill(3));
  const entries = entriesOf(at(honest, 0, { draft: { ...drafts['log.opened'], key: forger.key.text } }));
  const good = checkpointOf(entries);
  const note = forger.signNote(good.slice(0, good.indexOf('\n\n') + 1));
  const lines = exportOf(entries).map(
    (line): ExportLine =>
      line.type === 'key'
        ? { ...line, key: forger.key.text }
        : line.type === 'checkpoint'
          ? { ...line, note }
          : line,
  );
  finds(
    await verifyLines(lines),
    [null, 'key_not_trusted'],
    [0, 'key_not_trusted'],
    [7, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  );
  assert.equal((await verifyLines(lines, { keys: [] })).sound, true);
});

test('a key of another log proves nothing about this one', async () => {
  const other = noteSigner('other.example/log', new Uint8Array(32).fill(1)).key.text;
  const verdict = await verifyLines(exportOf(entriesOf(honest)), { keys: [other] });
  assert.equal(verdict.sound, false);
  assert.equal(verdict.violations[0]?.kind, 'key_not_trusted');
});

test('a witness whose key only the export names does not count', async () => {
  const [manifest, key] = exportOf([]) as [ExportLine, ExportLine];
  const witness: ExportLine = { type: 'key', key: ours.witnessKey };
  const lines: ExportLine[] = [manifest, key, witness, { type: 'checkpoint', note: ours.checkpoint0 }];
  for (const keys of [[], [ours.logKey]]) {
    const verdict = await verifyLines(lines, { keys });
    assert.deepEqual(verdict.witnesses, []);
    assert.equal(verdict.counts.checkpoints, 1);
  }
});

test('a trusted key of another log may not sign for this one', async () => {
  const other = noteSigner('other.example/log', new Uint8Array(32).fill(5));
  const entries = entriesOf(at(honest, 0, { draft: { ...drafts['log.opened'], key: other.key.text } }));
  const good = checkpointOf(entries);
  const note = other.signNote(good.slice(0, good.indexOf('\n\n') + 1));
  const lines = [...exportOf(entries).slice(0, -1), { type: 'checkpoint', note } as const];
  finds(
    await verifyLines(lines, { keys: [ours.logKey, other.key.text] }),
    [0, 'key_not_trusted'],
    [7, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  );
});

test('a policy text with another digest is found, and a missing one is said to be missing', async () => {
  const lines = exportOf(entriesOf(honest));
  const bent = lines.map(
    (line): ExportLine => (line.type === 'policy' ? { ...line, text: 'forbid;' } : line),
  );
  finds(await verifyLines(bent), [null, 'policy_text']);
  const without = await verifyLines(lines.filter((line) => line.type !== 'policy'));
  assert.equal(without.sound, true);
  assert.match(without.unproven.join('\n'), /their text is not in the export/);
});

// --- entries and their chain

test('any letter of any entry changed is found', async () => {
  const entries = entriesOf(honest);
  for (const [index, entry] of entries.entries())
    for (let i = index % 7; i < entry.length; i += 7) {
      const letter = entry[i] === 'A' ? 'B' : 'A';
      const bent = entry.slice(0, i) + letter + entry.slice(i + 1);
      const verdict = await verifyLines(
        exportOf(entries).map((line) =>
          line.type === 'entry' && line.entry === entry ? { ...line, entry: bent } : line,
        ),
      );
      assert.equal(verdict.sound, false, `entry ${index}, letter ${i}`);
      assert.ok((verdict.violations[0]?.index ?? 99) <= index + 1);
    }
});

test('an entry taken out, put in twice or moved is found where it happened', async () => {
  const entries = entriesOf(honest);
  const without = await verifyLines(
    replaceEntries(
      entries,
      entries.filter((_, i) => i !== 3),
    ),
  );
  finds(
    without,
    [3, 'entry_index'],
    [3, 'entry_link'],
    [7, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  );
  const twice = await verifyLines(replaceEntries(entries, entries.toSpliced(4, 0, entries[3] as string)));
  assert.deepEqual([twice.violations[0]?.index, twice.violations[0]?.kind], [4, 'entry_index']);
  const moved = await verifyLines(
    replaceEntries(entries, entries.toSpliced(2, 2, entries[3] as string, entries[2] as string)),
  );
  assert.deepEqual([moved.violations[0]?.index, moved.violations[0]?.kind], [2, 'entry_index']);
});

/** The signed export of `entries` with others put in their place. */
function replaceEntries(entries: readonly string[], others: readonly string[]): ExportLine[] {
  const lines: ExportLine[] = exportOf(entries).filter((line) => line.type !== 'entry');
  return lines.toSpliced(3, 0, ...others.map((entry): ExportLine => ({ type: 'entry', entry })));
}

test('an entry that was replaced and hashed anew is found by its link, and by the root that was signed', async () => {
  const entries = entriesOf(honest);
  const others = entriesOf(at(honest, 4, { timeMs: START_S * 1000 + 4001 }));
  finds(
    await verifyLines(replaceEntries(entries, others)),
    [7, 'checkpoint_root'],
    [null, 'checkpoint_missing'],
  );
  const one = await verifyLines(replaceEntries(entries, entries.toSpliced(4, 1, others[4] as string)));
  finds(one, [5, 'entry_link'], [7, 'checkpoint_root'], [null, 'checkpoint_missing']);
});

test('an entry with a wrong index, link, time or form is found though the log was signed with it', async () => {
  finds(await verifySteps(at(honest, 7, { index: 9 })), [7, 'entry_index']);
  finds(await verifySteps(at(honest, 7, { prev: ours.roots['1'] as string })), [7, 'entry_link']);
  finds(await verifySteps(at(honest, 7, { timeMs: START_S * 1000 })), [7, 'entry_time']);
  finds(await verifySteps(at(honest, 7, { text: (text) => text.replace('idx 7', 'idx 07') })), [
    7,
    'entry_format',
  ]);
  finds(await verifySteps(at(honest, 7, { text: (text) => text.slice(0, -1) })), [7, 'entry_format']);
});

test('a first entry that does not begin from the origin is found', async () => {
  finds(await verifySteps(at(honest, 0, { prev: ours.roots['1'] as string })), [0, 'entry_link']);
});

test('a body of an unknown kind, with a field too many, or not canonical is found', async () => {
  for (const body of [
    (text: string) => text.replace('"refusal"', '"denial"'),
    (text: string) => text.replace('"actor"', '"about":"Jo","actor"'),
    (text: string) => text.replace('{', '{ '),
  ])
    finds(await verifySteps(at(honest, 7, { body })), [7, 'entry_body']);
});

test('a request id that stands twice is found', async () => {
  finds(await verifySteps(at(honest, 7, { request: requestOf(2) })), [7, 'request_repeated']);
});

test('log.opened anywhere but first, or not first, or of another log is found', async () => {
  finds(await verifySteps(honestThen(drafts['log.opened'])), [8, 'log_opened']);
  const opened = drafts['log.opened'];
  finds(await verifySteps(at(honest, 0, { draft: { ...opened, origin: 'other.example/log' } })), [
    0,
    'log_opened',
  ]);
  finds(await verifySteps(at(honest, 0, { draft: drafts['key.published'] })), [0, 'log_opened']);
});

test('in production a log that goes on says again who is registered, which takes no two operators', async () => {
  assert.deepEqual((await verifyLines(byTwo)).violations, []);
});

test('that a log is none of production is said, and so is that a part does not tell', async () => {
  const said = async (lines: Promise<Verdict>) =>
    (await lines).unproven.filter((sentence) => /of a sandbox|log of production/.test(sentence)).length;
  assert.equal(await said(verifySteps(honest)), 1);
  assert.equal(await said(verifyLines(parts.whole)), 1);
  const opened = { ...drafts['log.opened'], mode: 'production' as const };
  assert.equal(await said(verifySteps(at(honest, 0, { draft: opened }))), 0);
});

test('a log that goes on says of the former one what that one signed, and a line of logs must fit', async () => {
  finds(await verifyLines(succeeded.otherSize), [0, 'succession_invalid']);
  const line = [former, succeeded.otherRoot].map((lines) => () => asStream(lines));
  const options = { ...nodeCrypto, keys: [ours.logKey, formerSigner.key.text] };
  finds((await verifyLine(line, options)).at(-1) as Verdict, [0, 'former_mismatch']);
});

test('the first hundred violations are kept and all are counted', async () => {
  const many = Array.from({ length: 150 }, () => drafts['log.opened']);
  const verdict = await verifySteps(honestThen(...many));
  assert.equal(verdict.violations.length, 100);
  assert.equal(verdict.violationCount, 150);
});
test('a map of tags that is not that of the entries before it, or covers what cannot be covered, is found', async () => {
  const published = drafts['map.published'];
  const { root } = published;
  finds(await verifySteps(honestThen({ ...published, size: 7, root: POLICY })), [8, 'map_root']);
  finds(await verifySteps(honestThen({ ...published, size: 9 })), [8, 'map_size']);
  finds(await verifySteps(honestThen(published, { ...published, size: 7 })), [9, 'map_size']);
  const tagged = at(honest, 6, { stag: root });
  finds(await verifySteps([...tagged, { draft: published }]), [8, 'map_root']);
  const before = await verifySteps([...tagged, { draft: { ...published, size: 6 } }]);
  assert.equal(before.sound, true);
  assert.equal(before.counts.mapCovers, 6);
});

test('what shows that nothing newer was held back is said with how far it goes, and what a court may order', async () => {
  const chains = async (steps: readonly Step[]) =>
    (await verifySteps(steps)).unproven.find((sentence) => sentence.includes('each householder')) ?? '';
  assert.match(await chains(honest), /no map of tags/);
  const covered = await chains(honestThen(drafts['map.published']));
  assert.match(covered, /1 maps of tags were made anew here and hold, the newest over the first 8 entries/);
  for (const said of [await chains(honest), covered]) assert.match(said, /a court can order/);
});

test('a tag that two entries bear is found', async () => {
  const stag = drafts['map.published'].root;
  finds(await verifySteps(at(at(honest, 4, { stag }), 6, { stag })), [6, 'tag_repeated']);
});

test('an opening is held to the commitment of the entry before it', async () => {
  const opened = await verifyLines(parts.opened);
  assert.deepEqual([opened.sound, opened.counts.openings], [true, 1]);
  finds(await verifyLines(parts.openedOther), [6, 'opening_mismatch']);
  finds(await verifyLines(parts.openedUnknown), [6, 'opening_mismatch']);
});

test('every kind of violation of this half was shown by a log that has it', () => {
  assert.deepEqual(
    chainKinds.filter((kind) => !shown.has(kind)),
    // These are shown in verify-quorum.test.ts and verify-consent-signature.test.ts.
    ['quorum_not_met', 'consent_signature'],
  );
});
