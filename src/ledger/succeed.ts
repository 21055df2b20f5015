// Closes a log that was set back and opens the one that goes on for it: one transaction, whose first entry says what is
// left of the former log and how long that is known to have been. The former log takes nothing any more, for good.
import type { BrokerTransaction, Database } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { newRequestId } from '../lib/ids.ts';
import { type BatchParts, type PreparedEntry, writeBatch } from './batch.ts';
import { formatCheckpoint } from './checkpoint.ts';
import { type EntryDraft, sealBody } from './entry-body.ts';
import { formatHandover } from './handover.ts';
import type { KnownCheckpoint, KnownLog } from './known-checkpoints.ts';
import type { LogMode } from './ledger.ts';
import { succeedLogRow, takeOverPending } from './ledger-store.ts';
import type { LogName } from './log-in-force.ts';
import { insertLogKey } from './log-key-store.ts';
import type { NoteSigner } from './note-signer.ts';
import { makeFurtherKey, readLedgerKeys } from './signing-key.ts';

export interface SucceedParts {
  /** With time enough for a statement over every consent and household. */
  readonly db: Database;
  readonly former: LogName;
  readonly mode: LogMode;
  readonly known: KnownLog;
  /** The name of the log that goes on. */
  readonly origin: string;
  readonly keyDir: string;
  /** By what two operators decided it; null where one suffices. */
  readonly proposal: string | null;
  /** What else becomes true, and the entries that say so. Run before the first entry, with the former log closed. */
  within(tx: BrokerTransaction, logId: number): Promise<readonly EntryDraft[]>;
}

export interface Successor extends LogName {
  readonly verifierKey: string;
  /** Stops that waited for the former log, and wait to be written in this one. */
  readonly waiting: number;
}

/** Errors: no key of the former log is in the folder; the former log is closed already (SD007). */
export async function succeedLog(parts: SucceedParts): Promise<Successor> {
  const { db, former, origin, keyDir } = parts;
  const formerSigner = await findFormerSigner(parts);
  const signer = await findOwnSigner(keyDir, origin);
  return await db.transaction().execute(async (tx) => {
    const logId = await succeedLogRow(tx, former.logId, origin);
    await insertLogKey(tx, logId, signer.key.text);
    const drafts = [openingOf(parts, formerSigner, signer), ...(await parts.within(tx, logId))];
    await writeAll({ logId, origin, signer }, tx, drafts);
    const waiting = await takeOverPending(tx, logId);
    return { logId, origin, verifierKey: signer.key.text, waiting };
  });
}

/** One that signed the longest checkpoint, so that one key stands for all that is said of the former log. */
async function findFormerSigner({ keyDir, former, known }: SucceedParts): Promise<NoteSigner> {
  const files = await readLedgerKeys(keyDir);
  const found = files.find(({ signer }) => known.longest.signedBy.has(signer.key.text));
  if (found) return found.signer;
  throw new Error(`${keyDir} holds no key of ${former.origin}: put the one back that signed its checkpoints`);
}

/** A succession that was cut short has left one. */
async function findOwnSigner(keyDir: string, origin: string): Promise<NoteSigner> {
  const files = await readLedgerKeys(keyDir);
  const found = files.find(({ signer }) => signer.key.name === origin);
  return (found ?? (await makeFurtherKey(keyDir, origin))).signer;
}

function openingOf(
  { mode, former, known, origin, proposal }: SucceedParts,
  formerSigner: NoteSigner,
  { key }: NoteSigner,
): EntryDraft {
  const { kept, longest, cosigned } = known;
  const handover = formatHandover({
    formerOrigin: former.origin,
    keptSize: kept.size,
    keptRoot: kept.root,
    key: key.text,
  });
  const isAnother = (one: KnownCheckpoint) =>
    one.note !== longest.note && one.signedBy.has(formerSigner.key.text);
  return {
    kind: 'log.succeeded',
    actor: 'operator',
    mode,
    origin,
    key: key.text,
    former_origin: former.origin,
    former_key: formerSigner.key.text,
    kept_size: kept.size,
    kept_root: encodeBase64(kept.root),
    known_size: longest.size,
    known_checkpoint: encodeNote(longest.note),
    known_from: longest.from,
    ...(cosigned !== null && isAnother(cosigned) ? { cosigned_checkpoint: encodeNote(cosigned.note) } : {}),
    handover: encodeNote(formerSigner.signNote(handover)),
    ...(proposal === null ? {} : { proposal }),
  };
}

const encodeNote = (note: string): string => encodeBase64(Buffer.from(note));

const mostInBatch = 500;

/** Without a gate: it is shut, because the former log was set back. */
async function writeAll(
  { logId, origin, signer }: LogName & { readonly signer: NoteSigner },
  tx: BrokerTransaction,
  drafts: readonly EntryDraft[],
): Promise<void> {
  const parts: BatchParts = {
    logId,
    origin,
    subjects: noSubjects,
    signCheckpoint: (size, root) => signer.signNote(formatCheckpoint({ origin, size, root })),
  };
  for (let from = 0; from < drafts.length; from += mostInBatch)
    await writeBatch(parts, tx, drafts.slice(from, from + mostInBatch).map(prepared));
}

/** No entry here is of a household. */
const noSubjects: BatchParts['subjects'] = {
  create: async () => {},
  find: async () => null,
  erase: async () => {},
};

function prepared(draft: EntryDraft): PreparedEntry {
  const req = newRequestId();
  const body = sealBody(draft, req);
  return { req, body, householdId: null, subject: null, refusal: () => null, evidence: null, guards: [] };
}
