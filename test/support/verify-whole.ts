// Verifies a test's own log as a regulator would, from its export alone.
import assert from 'node:assert/strict';
import type { Store } from '../../src/db/database.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import type { Violation } from '../../src/ledger/verdict.ts';
import { verifyLog } from '../../src/ledger/verify.ts';

/** What is wrong with the log, but for third parties that a test did not register. */
export async function violationsOf(db: Store, verifierKey: string): Promise<readonly Violation[]> {
  const lines = exportLog(db, { logId: 1, policies: [], to: 'newest' });
  const { violations } = await verifyLog(lines, { ...nodeCrypto, keys: [verifierKey] });
  return violations.filter(({ kind }) => kind !== 'third_party_unknown' && kind !== 'policy_text');
}

export const assertVerifies = async (db: Store, verifierKey: string): Promise<void> =>
  assert.deepEqual(await violationsOf(db, verifierKey), []);
