import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { formatTlogProof, parseTlogProof, TlogProofError } from '../../src/ledger/tlog-proof.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { fromBase64, ourLeaves, ours } from './vectors.ts';

const file = `c2sp.org/tlog-proof@v1\nindex 2\n${ours.inclusion2in5.join('\n')}\n\n${ours.checkpoint5}`;

test('the published proof file is read, leads to its checkpoint, and is written the same', async () => {
  const proof = parseTlogProof(file);
  const logKeys = [parseVerifierKey(ours.logKey, sha256)];
  const { size, root } = await openCheckpoint(proof.checkpoint, { origin: ours.origin, logKeys }, nodeCrypto);
  const leaf = ourLeaves(3)[2] as Uint8Array;
  assert.equal(verifyInclusion({ index: proof.index, size, leaf, proof: proof.hashes, root }, sha256), true);
  assert.equal(formatTlogProof(proof), file);
});

test('extra comes back as it went, and a tree of one entry needs no hash', () => {
  const proof = { index: 0, hashes: [], checkpoint: ours.checkpoint0, extra: fromBase64('aGVsbG8=') };
  const text = formatTlogProof(proof);
  assert.match(text, /^c2sp.org\/tlog-proof@v1\nextra aGVsbG8=\nindex 0\n\nbroker/);
  assert.equal(formatTlogProof(parseTlogProof(text)), text);
});

const hash = ours.inclusion2in5[0] as string;
const refused: Record<string, string> = {
  'another header': file.replace('@v1', '@v2'),
  'no header': file.slice(file.indexOf('\n') + 1),
  'extra that is not base64': file.replace('index 2', 'extra !!\nindex 2'),
  'no index': file.replace('index 2\n', ''),
  'an index that is no number': file.replace('index 2', 'index x'),
  'a negative index': file.replace('index 2', 'index -1'),
  'an index with a zero before it': file.replace('index 2', 'index 02'),
  'an index beyond 2^53': file.replace('index 2', 'index 9007199254740992'),
  'a hash that is not base64': file.replace(hash, hash.replace(/^./, '!')),
  'a hash without padding': file.replace(hash, hash.slice(0, -1)),
  'a hash of 31 bytes': file.replace(hash, `${'A'.repeat(40)}AA==`),
  'a line that is too long': file.replace(hash, 'A'.repeat(100_000)),
  'more hashes than a tree can have': file.replace(hash, Array(64).fill(hash).join('\n')),
  'no empty line': file.replaceAll('\n\n', '\n'),
  'Windows line ends': file.replaceAll('\n', '\r\n'),
};
for (const [what, text] of Object.entries(refused))
  test(`a proof file is refused: ${what}`, () => assert.throws(() => parseTlogProof(text), TlogProofError));
