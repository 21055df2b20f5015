// Rotates the ledger's key in two steps: the new key is published and signs beside the old one, and later the old one is
// retired. Whoever trusts the old key sees, under its signature, which key comes next; each step is one entry.
import { rename } from 'node:fs/promises';
import type { BrokerTransaction, Database } from '../db/database.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newRequestId, type ProposalId } from '../lib/ids.ts';
import type { EntryDraft } from './entry-body.ts';
import type { AppendRequest, Ledger } from './ledger.ts';
import type { LedgerKeys } from './ledger-keys.ts';
import { insertLogKey, retireLogKey } from './log-key-store.ts';
import { type LedgerKeyFile, makeFurtherKey, readLedgerKeys } from './signing-key.ts';
import type { VerifierKey } from './verifier-key.ts';

export interface RotationParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly keys: LedgerKeys;
  readonly keyDir: string;
}

/** A key of this log that no entry names yet: one that was prepared, or left by a rotation that was cut short. */
export async function prepareLedgerKey({
  keys,
  ledger,
  keyDir,
}: Omit<RotationParts, 'db'>): Promise<LedgerKeyFile> {
  const known = new Set(keys.all().map(({ text }) => text));
  const waiting = (await readLedgerKeys(keyDir)).find(
    ({ signer }) => signer.key.name === ledger.origin && !known.has(signer.key.text),
  );
  return waiting ?? (await makeFurtherKey(keyDir, ledger.origin));
}

/** Errors: a rotation is under way; ledger_unavailable. */
export async function publishLedgerKey(parts: RotationParts): Promise<VerifierKey> {
  const { db, ledger, keys } = parts;
  const [old, next] = keys.inForce();
  if (old !== undefined && next !== undefined)
    throw new Error(`${old.text} and ${next.text} both sign now: finish that rotation first, with --finish`);
  const { signer } = await prepareLedgerKey(parts);
  const key = signer.key.text;
  keys.signWith(signer);
  try {
    await db.transaction().execute(async (tx) => {
      await insertLogKey(tx, ledger.logId, key);
      await ledger.appendWithin(tx, [
        entryOf({ kind: 'key.published', actor: 'operator', use: 'ledger', key }),
      ]);
    });
  } finally {
    await keys.refresh();
  }
  return signer.key;
}

/** Retires the older of the two, whose file gives way to the newer. Errors: no rotation is under way. */
export async function retireFormerLedgerKey(parts: RotationParts): Promise<VerifierKey> {
  const old = formerLedgerKey(parts.keys);
  await parts.db.transaction().execute(async (tx) => {
    await parts.ledger.appendWithin(tx, [await retireWithin(tx, parts.ledger, old.text)]);
  });
  await clearRetiredKey(parts, old.text);
  return old;
}

/** The key that a rotation under way is to retire. Errors: there is none. */
export function formerLedgerKey(keys: Pick<LedgerKeys, 'inForce'>): VerifierKey {
  const [old, next] = keys.inForce();
  if (old === undefined || next === undefined)
    throw new StabledoorError(
      'illegal_transition',
      'Only one key signs the ledger: there is no rotation to finish.',
    );
  return old;
}

/** Within a transaction that appends what it gives. `proposal`: by which two operators decided it. */
export async function retireWithin(
  tx: BrokerTransaction,
  ledger: Pick<Ledger, 'logId'>,
  key: string,
  proposal: { readonly proposal?: ProposalId } = {},
): Promise<AppendRequest> {
  await retireLogKey(tx, ledger.logId, key, proposal.proposal ?? null);
  return entryOf({ kind: 'key.retired', actor: 'operator', use: 'ledger', key, ...proposal });
}

/** After that: what nothing needs any more cannot be stolen when it is gone. Can be repeated. */
export async function clearRetiredKey(
  { keys, keyDir }: Pick<RotationParts, 'keys' | 'keyDir'>,
  retired: string,
): Promise<void> {
  await keys.refresh();
  const [next] = keys.inForce();
  const files = new Map((await readLedgerKeys(keyDir)).map(({ file, signer }) => [signer.key.text, file]));
  const [from, to] = [files.get(next?.text ?? ''), files.get(retired)];
  if (from !== undefined && to !== undefined) await rename(from, to);
  await keys.refresh();
}

const entryOf = (body: EntryDraft) => ({ req: newRequestId(), householdId: null, body });
