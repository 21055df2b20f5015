// Where a drill takes place: a folder of its own, an embedded server of its own, settings that nothing of this machine's
// environment can change. What it is done to is a whole ledger, and what it has promised is counted.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Config, readConfig } from '../config.ts';
import { exportLog } from '../ledger/export.ts';
import type { Receipt } from '../ledger/ledger.ts';
import { readEntries } from '../ledger/ledger-store.ts';
import { lineOf } from '../ledger/log-in-force.ts';
import { leafHashOf, nodeCrypto } from '../ledger/node-crypto.ts';
import { verifyLine } from '../ledger/verify.ts';
import { newId, newRequestId } from '../lib/ids.ts';
import { openLogger } from '../observe/logger.ts';
import { openParts, type Parts } from '../parts.ts';
import { listPolicies } from '../policy/policy-store.ts';

export interface Ground {
  readonly folder: string;
  /** Settings for a data folder of that name; the head guard is apart from it, and may be that of another. */
  config(dataFolder: string, guardOf?: string): Promise<Config>;
  remove(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'stabledoor-drill-'));
  // The server's own user passes through it.
  await chmod(folder, 0o755);
  return {
    folder,
    async config(name, guardOf = name) {
      const dataDir = join(folder, name);
      await mkdir(dataDir, { recursive: true, mode: 0o755 });
      return readConfig({
        STABLEDOOR_MODE: 'sandbox',
        STABLEDOOR_DATA_DIR: dataDir,
        STABLEDOOR_LOG_ORIGIN: 'drill.invalid/ledger',
        STABLEDOOR_HEAD_GUARD_FILE: join(folder, 'guards', guardOf),
      });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export class DrillFault extends Error {
  override readonly name = 'DrillFault';
}

/** A ledger under a drill. */
export interface DrilledLedger {
  readonly parts: Parts;
  append(): Promise<Receipt>;
  /** The error code of an append, or null if it was written. */
  refusal(): Promise<string | null>;
  /** Appends until it succeeds. Errors: DrillFault after that many seconds. */
  untilWritten(seconds: number): Promise<number>;
  /** Errors: DrillFault where what had a receipt is gone, or the log does not verify. */
  check(): Promise<{ entries: number; acknowledged: number }>;
  close(): Promise<void>;
}

export async function openDrilled(config: Config): Promise<DrilledLedger> {
  const parts = await openParts(config, openLogger('silent'));
  const householdId = newId('household');
  await parts.ledger.createSubject(householdId);
  const receipts: Receipt[] = [];
  const append = async () => {
    const receipt = await parts.ledger.append({
      req: newRequestId(),
      householdId,
      body: { kind: 'meter-point.linked', actor: 'operator' },
      personal: { meter_point: 'drill' },
    });
    receipts.push(receipt);
    return receipt;
  };
  const refusal = () =>
    append().then(
      () => null,
      (error: { code?: string }) => error.code ?? String(error),
    );
  return {
    parts,
    append,
    refusal,
    async untilWritten(seconds) {
      const from = performance.now();
      for (;;) {
        const code = await refusal();
        const took = (performance.now() - from) / 1000;
        if (code === null) return took;
        if (code !== 'ledger_unavailable') throw new DrillFault(`it was refused as ${code}`);
        if (took > seconds) throw new DrillFault(`it was not written again within ${seconds} s`);
        await wait(200);
      }
    },
    async check() {
      const { db, log } = parts;
      await refuseLost(parts, receipts);
      const logs = await Promise.all(
        lineOf(log).map(async ({ logId }) => {
          const policies = await listPolicies(db, logId);
          return () => exportLog(db, { logId, policies });
        }),
      );
      const keys = parts.ledgerKeys.all().map(({ text }) => text);
      const verdicts = await verifyLine(logs, { ...nodeCrypto, ...(logs.length === 1 ? { keys } : {}) });
      const unsound = verdicts.find(({ sound }) => !sound);
      if (unsound) throw new DrillFault(`the log does not verify: ${unsound.violations[0]?.message}`);
      return { entries: verdicts.at(-1)?.size ?? 0, acknowledged: receipts.length };
    },
    close: () => parts.close(),
  };
}

async function refuseLost({ db, ledger }: Parts, receipts: readonly Receipt[]): Promise<void> {
  const own = receipts.filter(({ origin }) => origin === ledger.origin);
  const last = Math.max(-1, ...own.map(({ index }) => index));
  const wanted = new Map(own.map(({ index, leaf }) => [index, leaf]));
  let index = 0;
  for await (const text of readEntries(db, ledger.logId, 0, last + 1)) {
    const leaf = wanted.get(index);
    if (leaf !== undefined && leafHashOf(text).toString('base64') === leaf) wanted.delete(index);
    index++;
  }
  if (wanted.size > 0) throw new DrillFault(`${wanted.size} entries that had a receipt are gone`);
}
