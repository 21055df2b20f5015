// A log from outside: its checkpoint, the tiles under it, what was kept from before, and what of all that nobody vouches for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import {
  MAX_ENTRIES_BY_URL,
  TooLarge,
  type UrlVerifyOptions,
  verifyUrl,
} from '../../src/ledger/verify-url.ts';
import { fetching, noteOf, rootOfTree, served, tilesOfTree } from './served-tree.ts';
import { ours } from './vectors.ts';

const size = 300;
const tiles = tilesOfTree(size);
const own = [served.key.text];
const other = noteSigner('other.example/log', new Uint8Array(32).fill(8));
/** Of the same name, with another key. */
const impostor = noteSigner(served.key.name, new Uint8Array(32).fill(7));

const verify = (note: string, options: Partial<UrlVerifyOptions> = {}) =>
  verifyUrl(Buffer.from(note), fetching(tiles), { ...nodeCrypto, keys: own, checkpoints: [], ...options });
const kinds = async (note: string, options: Partial<UrlVerifyOptions> = {}) =>
  (await verify(note, options)).violations.map(({ kind }) => kind);

test('a log whose tiles give the root that its key signed is sound, and its limits are said', async () => {
  const verdict = await verify(noteOf(size));
  assert.deepEqual([verdict.sound, verdict.signed, verdict.size], [true, true, size]);
  assert.equal(verdict.tiles, tiles.size);
  assert.match(verdict.unproven.join('\n'), /no witness.*\n.*no earlier checkpoint/);
});

test('without a key the root is the word of whoever answers', async () => {
  const verdict = await verify(noteOf(size, other), { keys: [] });
  assert.deepEqual([verdict.sound, verdict.signed], [true, false]);
  assert.match(verdict.unproven.join('\n'), /Bring --key/);
});

test('a checkpoint of another log, or under this name by another key, is refused before any tile is read', async () => {
  for (const note of [noteOf(size, other), noteOf(size, impostor)]) {
    const verdict = await verify(note);
    assert.deepEqual(
      [verdict.sound, verdict.tiles, verdict.violations[0]?.kind],
      [false, 0, 'checkpoint_invalid'],
    );
  }
});

test('a root that the tiles do not give is named', async () => {
  assert.deepEqual(await kinds(noteOf(size, served, rootOfTree(299))), ['checkpoint_root']);
});

test('a checkpoint that was kept is compared, and one that is longer or has another root is named', async () => {
  const kept = await verify(noteOf(size), { checkpoints: [noteOf(100), noteOf(256)] });
  assert.deepEqual([kept.sound, kept.compared], [true, [100, 256]]);
  assert.deepEqual(await kinds(noteOf(size), { checkpoints: [noteOf(301)] }), ['log_shortened']);
  const split = noteOf(100, served, rootOfTree(99));
  assert.deepEqual(await kinds(noteOf(size), { checkpoints: [split] }), ['checkpoint_root']);
});

test('a kept checkpoint that is longer than the published one is held against the tiles where they reach as far', async () => {
  const checkpoints = [noteOf(100), noteOf(257), noteOf(size)];
  const behind = await verify(noteOf(256), { checkpoints });
  assert.deepEqual([behind.sound, behind.size, behind.compared], [true, 256, [100, 257, size]]);
  assert.match(behind.unproven.join('\n'), /published has 256 entries, and not the 300.*no witness/);
  assert.match(behind.unproven.join('\n'), /nothing was added after the first 300/);
  // Another history from entry 256 on, a checkpoint that is not that of the tiles, tiles that end before.
  const split = noteOf(size, served, rootOfTree(299));
  assert.deepEqual(await kinds(noteOf(256), { checkpoints: [split] }), ['checkpoint_root']);
  assert.deepEqual(await kinds(noteOf(256, served, rootOfTree(255)), { checkpoints }), ['checkpoint_root']);
  const beyond = await verify(noteOf(256), { checkpoints: [noteOf(size), noteOf(301)] });
  assert.deepEqual(
    [beyond.violations.map(({ index, kind }) => [index, kind]), beyond.compared],
    [[[size, 'log_shortened']], [size]],
  );
});

test('a longer checkpoint of a log whose tiles lack one in the middle names the tile', async () => {
  const torn = new Map(tiles);
  torn.delete('tile/0/000');
  const options = { ...nodeCrypto, keys: own, checkpoints: [noteOf(size)] };
  const { violations } = await verifyUrl(Buffer.from(noteOf(10)), fetching(torn), options);
  assert.deepEqual(
    violations.map(({ kind }) => kind),
    ['tile_missing'],
  );
});

test('a kept checkpoint or a key that cannot be used is the fault of whoever brought it', async () => {
  for (const checkpoints of [[noteOf(100, other)], [noteOf(100, impostor)], ['nonsense']])
    await assert.rejects(verify(noteOf(size), { checkpoints }), NoteError);
  await assert.rejects(verify(noteOf(size), { keys: ['nonsense'] }), NoteError);
  await assert.rejects(
    verify(noteOf(size), { keys: [ours.witnessKey] }),
    /bring the verifier key of the log/,
  );
  await assert.rejects(verify('nonsense'), NoteError);
});

test('a log that is too long for this is not begun', async () => {
  const huge = noteOf(size).replace(`\n${size}\n`, `\n${MAX_ENTRIES_BY_URL + 1}\n`);
  await assert.rejects(verify(huge, { keys: [] }), TooLarge);
  const everywhere = async () => new Uint8Array(8192);
  const longer = { ...nodeCrypto, keys: [], checkpoints: [huge] };
  await assert.rejects(verifyUrl(Buffer.from(noteOf(size)), everywhere, longer), TooLarge);
});
