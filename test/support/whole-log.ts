// Reads a whole log and holds it to what it promises: no gap, every link, the tree of its newest checkpoint, signed.
import assert from 'node:assert/strict';
import type { Store } from '../../src/db/database.ts';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { genesisPrev, parseEntry } from '../../src/ledger/entry.ts';
import type { Receipt } from '../../src/ledger/ledger.ts';
import { latestCheckpoint, readEntries } from '../../src/ledger/ledger-store.ts';
import { leafHash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import type { VerifierKey } from '../../src/ledger/verifier-key.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';

export interface WholeLog {
  /** Entry texts by index. */
  readonly entries: readonly string[];
  /** base64. */
  readonly leaves: readonly string[];
}

export async function wholeLog(db: Store, key: VerifierKey): Promise<WholeLog> {
  const entries: string[] = [];
  const hashes: Uint8Array[] = [];
  let prev = genesisPrev(key.name, sha256);
  let timeMs = 0;
  const newest = await latestCheckpoint(db, 1);
  // A page further than the checkpoint goes, so that an entry past it shows.
  for await (const text of readEntries(db, 1, 0, (newest?.size ?? 0) + 2000)) {
    const entry = parseEntry(text);
    assert.equal(entry.index, entries.length, 'no gap');
    assert.equal(entry.prev, prev, `entry ${entry.index} links to the one before`);
    assert.ok(entry.timeMs >= timeMs, `entry ${entry.index} is not before the one before`);
    const hash = leafHash(utf8(text), sha256);
    prev = encodeBase64(hash);
    timeMs = entry.timeMs;
    entries.push(text);
    hashes.push(hash);
  }
  const tree = await openCheckpoint(newest?.note ?? '', { origin: key.name, logKeys: [key] }, nodeCrypto);
  assert.equal(tree.size, entries.length, 'the newest checkpoint is of the whole log');
  assert.deepEqual(Buffer.from(tree.root), Buffer.from(rootOfLeaves(hashes, sha256)), 'and of this tree');
  return { entries, leaves: hashes.map(encodeBase64) };
}

/** Every receipt names its own entry, and no two the same. */
export function assertDurable(log: WholeLog, receipts: readonly Pick<Receipt, 'index' | 'leaf'>[]): void {
  for (const { index, leaf } of receipts) assert.equal(log.leaves[index], leaf, `entry ${index} is there`);
  assert.equal(new Set(receipts.map(({ index }) => index)).size, receipts.length, 'no two share an entry');
}
