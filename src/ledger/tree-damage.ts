// Looks at every stored leaf and every stored hash of the tree: what verification, which makes its own, never reads. A store
// that was meddled with would answer with faults instead of proofs.
import type { Store } from '../db/database.ts';
import { findDamage, findTreeDamage } from './ledger-store.ts';
import { readSize } from './tile-store.ts';

/** A run of level 2: no statement takes longer than a moment. */
const pieceLength = 65_536;

/** One line of the first that does not fit, or null. Up to the newest `last` entries; all of them without it. */
export async function lookAtTree(
  db: Store,
  logId: number,
  { last, onProgress }: { last?: number; onProgress?: (done: number, of: number) => void } = {},
): Promise<string | null> {
  const damage = await findDamage(db, logId);
  if (damage !== null) return damage;
  const size = await readSize(db, logId);
  const first = last === undefined ? 0 : Math.max(0, Math.floor((size - last) / pieceLength) * pieceLength);
  for (let from = first; from < size; from += pieceLength) {
    const found = await findTreeDamage(db, logId, from, Math.min(from + pieceLength, size));
    if (found !== null) return found;
    onProgress?.(from, size);
  }
  return null;
}
