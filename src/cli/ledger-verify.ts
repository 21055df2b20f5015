// Verifies an export or the database and says what was found, what was counted and what could not be proven.
// An export is read as a regulator would read it: from the file alone.
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Config, readConfig } from '../config.ts';
import { exportLines } from '../ledger/export.ts';
import { type Lines, readExportLines } from '../ledger/export-format.ts';
import { type LogName, lineOf } from '../ledger/log-in-force.ts';
import { nodeCrypto } from '../ledger/node-crypto.ts';
import { readLedgerKeys } from '../ledger/signing-key.ts';
import { lookAtTree } from '../ledger/tree-damage.ts';
import type { Verdict, Violation } from '../ledger/verdict.ts';
import { NoteError } from '../ledger/verifier-key.ts';
import { verifyLine } from '../ledger/verify.ts';
import { MAX_POLICY_BYTES, type WitnessPolicy, WitnessPolicyError } from '../ledger/witness-policy.ts';
import { readWitnessPolicy } from '../ledger/witness-policy-file.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { listPolicies } from '../policy/policy-store.ts';
import { BadNews, UsageError } from './failure.ts';
import { verifyAtUrl } from './ledger-verify-url.ts';
import { withDatabase } from './opened.ts';
import { oneLine, openOutput, table } from './output.ts';
import { openProgress } from './progress.ts';

export interface VerifyOptions {
  readonly export?: string;
  /** Exports of the logs that it goes on for, the oldest first. */
  readonly former?: string[];
  readonly key?: string[];
  readonly checkpoint?: string[];
  /** A witness policy file. */
  readonly policy?: string;
  readonly json?: true;
}

export async function verifyFile(path: string, options: VerifyOptions): Promise<void> {
  const files = [
    ...(options.former ?? []).map((file) => ['--former', file] as const),
    ['--export', path] as const,
  ];
  for (const [option, file] of files) {
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) throw new UsageError(`${option}: there is no file ${file}`);
  }
  const logs = files.map(
    ([, file]) =>
      () =>
        readExportLines(createReadStream(file, { highWaterMark: 1 << 20 })),
  );
  say(await verify(logs, options.key ?? [], options), options);
}

/** Reads nothing of this installation: what is at the address may be anybody's log. */
export async function verifyRunning(url: string, options: VerifyOptions): Promise<void> {
  if (options.export !== undefined || options.former !== undefined)
    throw new UsageError('--url: goes with neither --export nor --former');
  await verifyAtUrl(url, {
    ...(await readTrust(options)),
    keys: options.key ?? [],
    json: options.json ?? false,
  });
}

/** The keys are those given, or our own from the key folder: what the database says of its key proves nothing. */
export async function verifyDatabase(options: VerifyOptions): Promise<void> {
  const config = readConfig();
  if (options.former) throw new UsageError('--former: goes with --export');
  // The database is verified to its newest entry, which witnesses see only seconds later.
  if (options.policy !== undefined)
    throw new UsageError(
      '--policy: goes with --export, which ends at a checkpoint that witnesses have cosigned',
    );
  const { verdicts, damage } = await withDatabase(config, async ({ db, log }) => {
    const line = lineOf(log);
    const keys = options.key ?? (await ownKeys(config, line));
    const logs = await Promise.all(
      line.map(async ({ logId }) => {
        const policies = await listPolicies(db, logId);
        return () => exportLines(db, { logId, policies, to: 'newest' });
      }),
    );
    const verdicts = await verify(logs, keys, options);
    // What the store keeps of the tree, verification makes itself and never reads.
    return { verdicts, damage: await lookAtTree(db, log.logId) };
  });
  say(verdicts, options, damage);
}

async function ownKeys({ keyDir }: Config, line: readonly LogName[]): Promise<string[]> {
  const keys = (await readLedgerKeys(keyDir)).map(({ signer }) => signer.key);
  return keys.flatMap(({ name, text }) => (line.some(({ origin }) => origin === name) ? [text] : []));
}

async function verify(
  logs: readonly (() => AsyncIterable<Lines>)[],
  keys: readonly string[],
  options: VerifyOptions,
): Promise<Verdict[]> {
  const trust = await readTrust(options);
  const progress = openProgress('verifying', 'entries');
  try {
    const lines = logs.map((log) => () => counted(log(), progress.update));
    return await verifyLine(lines, { ...nodeCrypto, keys, ...trust });
  } catch (error) {
    if (error instanceof NoteError) throw new UsageError(`--key, --checkpoint or --policy: ${error.message}`);
    throw error;
  } finally {
    progress.stop();
  }
}

async function readTrust(options: VerifyOptions) {
  const checkpoints = await Promise.all((options.checkpoint ?? []).map(readCheckpoint));
  return options.policy === undefined
    ? { checkpoints }
    : { checkpoints, policy: await readPolicy(options.policy) };
}

async function readCheckpoint(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size > 100_000)
    throw new UsageError(`--checkpoint: there is no file ${path}, or it is no checkpoint`);
  return await readFile(path, 'utf8');
}

async function readPolicy(path: string): Promise<WitnessPolicy> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size > MAX_POLICY_BYTES)
    throw new UsageError(`--policy: there is no file ${path}, or it is no witness policy`);
  try {
    return await readWitnessPolicy(path);
  } catch (error) {
    if (!(error instanceof WitnessPolicyError)) throw error;
    throw new UsageError(`--policy: ${oneLine(error.message)}`);
  }
}

async function* counted(
  lines: AsyncIterable<Lines>,
  update: (done: number, total: number) => void,
): AsyncGenerator<Lines> {
  let [done, total] = [0, 0];
  for await (const some of lines) {
    for (const line of 'type' in some ? [some] : some) {
      if (line.type === 'manifest') total = line.size - line.from;
      if (line.type === 'entry') done++;
    }
    update(done, total);
    yield some;
  }
}

/** The newest log's verdict, with those of the logs that it goes on for. Errors: BadNews where one is not sound. */
function say(verdicts: readonly Verdict[], options: VerifyOptions, damage?: string | null): void {
  const output = openOutput(options.json ?? false);
  const newest = verdicts.at(-1) as Verdict;
  const formers = verdicts.slice(0, -1);
  const unsound = verdicts.find(({ sound }) => !sound);
  const isSound = unsound === undefined && (damage ?? null) === null;
  const stored = damage === undefined ? {} : { store_damage: damage };
  const value = { ...verdictValue(newest), ...stored, sound: isSound };
  output.answer(
    formers.length === 0 ? value : { ...value, formers: formers.map(verdictValue) },
    verdicts.map(verdictText).join('\n\n'),
  );
  if (isSound) return;
  if (unsound === undefined) {
    output.complain(`the database is damaged: ${damage}`);
    throw new BadNews();
  }
  const [first] = unsound.violations;
  const others = verdicts.reduce((sum, { violationCount }) => sum + violationCount, -1);
  output.complain(
    `not sound: ${first ? violationText(first) : ''}${others > 0 ? ` (and ${others} more)` : ''}`,
  );
  throw new BadNews();
}

const verdictValue = (verdict: Verdict): { [name: string]: JsonValue } => ({
  sound: verdict.sound,
  origin: verdict.origin,
  from: verdict.from,
  size: verdict.size,
  keys: verdict.keys,
  witnesses: verdict.witnesses,
  witnessed:
    verdict.witnessed === null
      ? null
      : { size: verdict.witnessed.size, time_s: verdict.witnessed.timeSeconds },
  policy: policyValue(verdict),
  former:
    verdict.former === null
      ? null
      : {
          origin: verdict.former.origin,
          kept_size: verdict.former.keptSize,
          known_size: verdict.former.knownSize,
          verified: verdict.former.isVerified,
          consents_ended: verdict.former.consentsEnded,
        },
  violation_count: verdict.violationCount,
  violations: verdict.violations.map(({ index, kind, message }) => ({ index, kind, message })),
  counts: {
    entries: verdict.counts.entries,
    kinds: verdict.counts.kinds,
    checkpoints: verdict.counts.checkpoints,
    resting_on_before: verdict.counts.restingOnBefore,
    openings: verdict.counts.openings,
    times_not_witnessed: verdict.counts.timesNotWitnessed,
    maps: verdict.counts.maps,
    map_covers: verdict.counts.mapCovers,
    consents_signed_by: verdict.counts.consentsSignedBy,
    consent_signatures: {
      held: verdict.counts.consentSignatures.held,
      unchecked: verdict.counts.consentSignatures.unchecked,
    },
    store_reads: {
      numbered: verdict.counts.storeReads.numbered,
      missing: verdict.counts.storeReads.missing,
      skipped_at_restart: verdict.counts.storeReads.skippedAtRestart,
    },
    disclosures_without_store_read: verdict.counts.disclosuresWithoutStoreRead,
  },
  unproven: verdict.unproven,
});

export const policyValue = ({ policy }: Verdict): JsonValue =>
  policy && {
    quorum_size: policy.quorumSize,
    below_quorum: policy.belowQuorum,
    needs_outsider: policy.needsOutsider,
    witnesses: policy.witnesses.map(({ name, keyName, url, runBy, hasSigned }) => ({
      name,
      key_name: keyName,
      url,
      run_by: runBy,
      signed: hasSigned,
    })),
  };

function verdictText(verdict: Verdict): string {
  const { counts, violations, violationCount } = verdict;
  const kinds = Object.entries(counts.kinds).sort(([a], [b]) => a.localeCompare(b));
  const left = violationCount - violations.length;
  return [
    `${oneLine(verdict.origin ?? 'no log')}: ${verdict.sound ? 'sound' : 'NOT SOUND'}, ${range(verdict)}`,
    ...(kinds.length > 0 ? [table(kinds.map(([kind, count]) => [`  ${kind}`, String(count)]))] : []),
    ...violations.map((violation) => `  ${violationText(violation)}`),
    ...(left > 0 ? [`  … and ${left} more`] : []),
    'Not proven:',
    ...verdict.unproven.map((sentence) => `  ${sentence}`),
  ].join('\n');
}

const range = ({ from, size }: Verdict): string =>
  from === 0 ? `${size} entries` : `entries ${from} to ${size - 1}`;

const violationText = ({ index, kind, message }: Violation): string =>
  `${index === null ? 'the log' : `entry ${index}`}: ${kind}: ${oneLine(message)}`;
