// A log that grows fast: thousands of the shortest entries at a time, through the two functions that every entry goes
// through, as the application role. No commitments, no queue; the leaves are kept so that a test can make its own tree.
import { randomBytes } from 'node:crypto';
import type { Database } from '../../src/db/database.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { assembleEntry } from '../../src/ledger/entry.ts';
import { closeBatch, openBatch, openLogRow } from '../../src/ledger/ledger-store.ts';
import { type Hash, leafHash } from '../../src/ledger/merkle.ts';
import { batchProof } from '../../src/ledger/merkle-batch.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { newRequestId } from '../../src/lib/ids.ts';

/** What close_batch takes at most. */
const batchLength = 768;

export interface RawLog {
  readonly logId: number;
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly leaves: Hash[];
  /** Appends until the log has that many entries. */
  growTo(size: number): Promise<void>;
}

/** What stands in an entry; by default nothing that any verifier knows. */
export type RawBody = (log: RawLog, index: number) => string;

export async function rawLog(
  db: Database,
  logId = 1,
  origin = `raw${logId}.example/ledger`,
  bodyAt: RawBody = () => '{"kind":"raw"}',
): Promise<RawLog> {
  const signer = noteSigner(origin, randomBytes(32));
  await openLogRow(db, logId, origin, 'sandbox');
  const log: RawLog = {
    logId,
    origin,
    signer,
    leaves: [],
    async growTo(size) {
      while (log.leaves.length < size)
        await appendBatch(db, log, Math.min(batchLength, size - log.leaves.length), bodyAt);
    },
  };
  return log;
}

async function appendBatch(db: Database, log: RawLog, count: number, bodyAt: RawBody): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const head = await openBatch(tx, log.logId, { reqs: [], households: [], guards: {} });
    const timeMs = Math.max(head.now_ms, head.last_ms);
    let prev = encodeBase64(head.tip);
    const entries: string[] = [];
    const leaves: Hash[] = [];
    for (let i = 0; i < count; i++) {
      const index = head.size + i;
      const entry = assembleEntry({ index, prev, timeMs, stag: null }, bodyAt(log, index));
      const leaf = leafHash(utf8(entry), sha256);
      prev = encodeBase64(leaf);
      entries.push(entry);
      leaves.push(leaf);
    }
    const tree = batchProof({ size: head.size, hashes: head.frontier }, leaves, sha256);
    const text = formatCheckpoint({ origin: log.origin, size: tree.frontier.size, root: tree.root });
    await closeBatch(tx, log.logId, {
      ...{ timeMs, entries, pendingIds: [], evidence: [], checkpoint: log.signer.signNote(text) },
      stags: entries.map(() => '-'),
      reqs: entries.map(newRequestId),
      households: entries.map(() => null),
      sseqs: entries.map(() => null),
    });
    log.leaves.push(...leaves);
  });
}
