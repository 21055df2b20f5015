// A log from outside: its checkpoint, the tiles under it, what was kept from before, and what of all that nobody vouches for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { formatNote, splitNote } from '../../src/ledger/note.ts';
import { cosigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import { MAX_ENTRIES_BY_URL, TooLarge } from '../../src/ledger/verify-served.ts';
import { type UrlVerifyOptions, verifyUrl } from '../../src/ledger/verify-url.ts';
import { parseWitnessPolicy } from '../../src/ledger/witness-policy.ts';
import { fetching, noteOf, rootOfTree, served, tilesOfTree } from './served-tree.ts';
import { ours } from './vectors.ts';

type Witness = ReturnType<typeof cosigner>;
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

const witness = cosigner('witness.example/w1', new Uint8Array(32).fill(2));
const cosigned = (note: string): string => {
  const { text, signatures } = splitNote(note);
  return formatNote(text, [...signatures, witness.cosign(text, ours.cosignTimeSeconds)]);
};
const withWitness = [...own, ours.witnessKey];

test('a kept checkpoint that no witness saw yet is held against the tiles where they reach as far', async () => {
  const keys = withWitness;
  const checkpoints = [noteOf(100), noteOf(257), noteOf(size)];
  const behind = await verify(cosigned(noteOf(256)), { keys, checkpoints });
  assert.deepEqual([behind.sound, behind.size, behind.compared], [true, 256, [100, 257, size]]);
  assert.match(behind.unproven.join('\n'), /published has 256 entries, and not the 300.*no witness/);
  assert.match(behind.unproven.join('\n'), /nothing was added after the first 300/);
  // Another history from entry 256 on, a checkpoint that is not that of the tiles, tiles that end before.
  const split = noteOf(size, served, rootOfTree(299));
  assert.deepEqual(await kinds(cosigned(noteOf(256)), { keys, checkpoints: [split] }), ['checkpoint_root']);
  const other = cosigned(noteOf(256, served, rootOfTree(255)));
  assert.deepEqual(await kinds(other, { keys, checkpoints }), ['checkpoint_root']);
  const beyond = await verify(cosigned(noteOf(256)), { keys, checkpoints: [noteOf(size), noteOf(301)] });
  assert.deepEqual(
    [beyond.violations.map(({ index, kind }) => [index, kind]), beyond.compared],
    [[[256, 'log_shortened']], [size]],
  );
});

test('a log that publishes less than it published is named, whatever its tiles hold', async () => {
  const shortened = async (note: string, kept: string, keys: readonly string[]) => {
    const { violations } = await verify(note, { keys, checkpoints: [kept] });
    assert.deepEqual(
      violations.map(({ index, kind }) => [index, kind]),
      [[256, 'log_shortened']],
    );
    return violations[0]?.message ?? '';
  };
  // Nobody who was brought has cosigned the shorter one, or somebody has cosigned the longer one.
  assert.match(await shortened(noteOf(256), noteOf(size), withWitness), /bring their keys/);
  assert.match(await shortened(cosigned(noteOf(256)), noteOf(size), own), /bring their keys/);
  assert.match(await shortened(noteOf(256), noteOf(size), []), /bring their keys/);
  const both = [cosigned(noteOf(256)), cosigned(noteOf(size))] as const;
  assert.doesNotMatch(await shortened(...both, withWitness), /bring their keys/);
});

test('a longer checkpoint of a log whose tiles lack one in the middle names the tile', async () => {
  const torn = new Map(tiles);
  torn.delete('tile/0/000');
  const options = { ...nodeCrypto, keys: withWitness, checkpoints: [noteOf(size)] };
  const { violations } = await verifyUrl(Buffer.from(cosigned(noteOf(10))), fetching(torn), options);
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
  const text = noteOf(size).slice(0, noteOf(size).indexOf('\n\n') + 1);
  const longer = served.signNote(text.replace(`\n${size}\n`, `\n${MAX_ENTRIES_BY_URL + 1}\n`));
  const options = { ...nodeCrypto, keys: withWitness, checkpoints: [longer] };
  await assert.rejects(verifyUrl(Buffer.from(cosigned(noteOf(size))), everywhere, options), TooLarge);
});

test('with a policy, a kept checkpoint that has no quorum yet is ahead of the published one, and takes nothing back', async () => {
  const witnesses = ['op', 'a', 'b'].map((name, i) =>
    cosigner(`witness.example/${name}`, new Uint8Array(32).fill(20 + i)),
  );
  const [op, a, b] = witnesses as [Witness, Witness, Witness];
  const cosigned = (note: string, ...by: Witness[]) => {
    const { text, signatures } = splitNote(note);
    return formatNote(text, [...signatures, ...by.map((one) => one.cosign(text, 1_700_000_000))]);
  };
  const policy = parseWitnessPolicy(
    Buffer.from(
      `log ${served.key.text}\nwitness op ${op.key.text}\n# run-by a A\nwitness a ${a.key.text}\n# run-by b B\nwitness b ${b.key.text}\ngroup g 2 op a b\nquorum g\n`,
    ),
    nodeCrypto.sha256,
  );
  const kinds = async (kept: string) => {
    const { violations } = await verifyUrl(
      Buffer.from(cosigned(noteOf(256), op, a)),
      fetching(tilesOfTree(300)),
      {
        ...nodeCrypto,
        ...{ keys: [served.key.text], checkpoints: [kept], policy },
      },
    );
    return violations.map(({ kind }) => kind);
  };
  assert.deepEqual(await kinds(cosigned(noteOf(300), b)), []);
  assert.deepEqual(await kinds(cosigned(noteOf(300), a, b)), ['log_shortened']);
});
