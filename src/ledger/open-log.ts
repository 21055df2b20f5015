// The first entry of a log, written by whichever process comes first.
import { newRequestId } from '../lib/ids.ts';
import { GuardRefused } from './errors.ts';
import type { Ledger, LedgerParts } from './ledger.ts';
import { openLogRow } from './ledger-store.ts';
import { insertLogKey } from './log-key-store.ts';

/** Errors: the gate's reason, where there is nothing yet that could be read while it is mended. */
export async function writeOpening(parts: LedgerParts, ledger: Ledger): Promise<void> {
  const size = await openLogRow(parts.db, parts.logId, parts.origin, parts.mode);
  if (size > 0) return;
  const whyShut = parts.gate?.whyShut() ?? null;
  if (whyShut !== null) throw new Error(whyShut);
  const opening = {
    kind: 'log.opened',
    actor: 'broker',
    mode: parts.mode,
    origin: parts.origin,
    key: ledger.verifierKey,
  } as const;
  const guards = [{ name: 'log-empty', args: {} }];
  try {
    await parts.db.transaction().execute(async (tx) => {
      await insertLogKey(tx, parts.logId, ledger.verifierKey);
      await ledger.appendWithin(tx, [{ req: newRequestId(), householdId: null, body: opening, guards }]);
    });
  } catch (error) {
    // Another process opened it between our look and our entry.
    if (!(error instanceof GuardRefused)) throw error;
  }
}
