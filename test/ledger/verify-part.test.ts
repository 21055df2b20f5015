// A part of a log: what it proves, and what rests on entries that are not in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finds, verifySteps } from './bent-log.ts';
import { partOf, parts } from './part-exports.ts';
import { checkpointOf, entriesOf, honest, verifyLines } from './small-log.ts';

test('a part of a log is held to the tree that was signed, whatever came before it', async () => {
  const part = await verifyLines(parts.whole);
  assert.deepEqual([part.sound, part.from, part.size, part.counts.entries], [true, 4, 8, 4]);
  assert.match(part.unproven.join(' '), /the entries before 4 say: they are not here/);
  finds(await verifyLines(parts.ofOtherEntries), [7, 'checkpoint_root'], [null, 'checkpoint_missing']);
});

test('the first entry of a part is linked to the entry before, where the frontier tells that one', async () => {
  for (const from of [5, 7]) {
    const honestPart = partOf(honest, from);
    assert.equal((await verifyLines(honestPart)).sound, true);
    const entries = entriesOf(honest);
    const bentEntries = entries.map((text, i) =>
      i === from ? text.replace(/\nprev .{44}/, `\nprev ${'A'.repeat(43)}=`) : text,
    );
    finds(
      await verifyLines(partOf(honest, from, bentEntries)),
      [from, 'entry_link'],
      ...(from < 7 ? [[from + 1, 'entry_link'] as [number, 'entry_link']] : []),
    );
  }
});

test('what rests on entries before a part is counted and said, and is no violation', async () => {
  const resting = await verifyLines(parts.resting);
  assert.deepEqual([resting.violations, resting.counts.restingOnBefore], [[], 1]);
  assert.match(resting.unproven.join(' '), /That 1 of these entries were allowed/);
  const whole = await verifySteps(honest);
  assert.deepEqual([whole.counts.restingOnBefore, whole.from], [0, 0]);
  finds(await verifyLines(parts.stoppedInIt), [9, 'consent_not_in_force']);
});

test('numbers of reads below the first of a part are not missing, and those above it are', async () => {
  const { counts } = await verifyLines(parts.laterReads);
  assert.deepEqual(counts.storeReads, { numbered: 3, missing: 1, skippedAtRestart: 0 });
});

test('a checkpoint kept from before the part is not compared, and the verdict does not count it as compared', async () => {
  const words = async (size: number) => {
    const { unproven } = await verifyLines(parts.whole, {
      checkpoints: [checkpointOf(entriesOf(honest), size)],
    });
    return unproven.some((sentence) => sentence.includes('no earlier checkpoint was given to compare'));
  };
  assert.deepEqual([await words(3), await words(4), await words(6)], [true, false, false]);
});
