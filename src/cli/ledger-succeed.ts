// `stabledoor ledger succeed`: closes a log that was set back and opens the one that goes on. Says first what is lost.
import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  NotSetBack,
  type Succession,
  type SuccessionRequest,
  succeedAfterRestore,
} from '../audit/succession.ts';
import { type Config, readConfig } from '../config.ts';
import type { ReachableWitness } from '../ledger/witness-client.ts';
import { readWitnessPolicy } from '../ledger/witness-policy-file.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { Parts } from '../parts.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface SucceedOptions {
  readonly checkpoint?: string[];
  readonly restored?: true;
  readonly origin?: string;
  readonly confirm?: string;
  readonly json?: true;
}

export function addSucceedCommand(family: Command): void {
  family
    .command('succeed')
    .description('after an honest restore: close the log that was set back, and open the one that goes on')
    .option('--checkpoint <file...>', 'signed checkpoints that somebody kept: they tell how long the log was')
    .option('--restored', 'a backup was restored, although nothing that is kept knows of a longer log')
    .option('--origin <name>', 'the name of the log that goes on; by default <first log>-2, -3 …')
    .option('--confirm <origin>', 'in production: the name of the log to close, which cannot be opened again')
    .option('--json', 'answer as JSON')
    .addHelpText('after', help)
    .action(async (options: SucceedOptions) => {
      const given = await Promise.all((options.checkpoint ?? []).map(readNote));
      const config = readConfig();
      const succession = await withParts(config, async (parts) => {
        refuseUnconfirmed(parts, options.confirm);
        return await succeed(parts, config, {
          given,
          isRestored: options.restored ?? false,
          ...(options.origin === undefined ? {} : { origin: options.origin }),
        });
      });
      openOutput(options.json ?? false).answer(answerOf(succession), wordsOf(succession));
    });
}

const help = `
Every consent ends and every third party is suspended: a stop or a suspension may be among the entries that are lost.
Start the broker again afterwards, give the new key to your witnesses, and restore third parties one by one.`;

/** Where two operators have to agree, an approved proposal stands in the place of this. */
function refuseUnconfirmed({ production, log }: Parts, confirmed: string | undefined): void {
  if (!production || confirmed === log.origin) return;
  throw new UsageError(`--confirm: say ${log.origin}, the log that is closed for good`);
}

async function succeed(
  { stores, log, ledgerKeys, config: { mode, keyDir, headGuardFile } }: Parts,
  config: Config,
  request: SuccessionRequest,
): Promise<Succession> {
  try {
    const witnesses = await witnessesOf(config);
    const databaseUrl = stores.addresses.app;
    const parts = { databaseUrl, log, mode, ledgerKeys, keyDir, headGuardFile, witnesses };
    return await succeedAfterRestore(parts, request);
  } catch (error) {
    if (!(error instanceof NotSetBack)) throw error;
    throw new Error(`${error.message}; say --restored if a backup was restored all the same`);
  }
}

async function witnessesOf({ witnesses }: Config): Promise<ReachableWitness[]> {
  if (witnesses === null) return [];
  const policy = await readWitnessPolicy(witnesses.policyFile);
  return policy.witnesses.filter((witness): witness is ReachableWitness => witness.url !== null);
}

const longestNote = 15_000;

async function readNote(path: string): Promise<{ note: string; from: string }> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size > longestNote)
    throw new UsageError(`--checkpoint: there is no file ${path}, or it is no checkpoint`);
  return { note: await readFile(path, 'utf8'), from: 'a checkpoint that was kept' };
}

const answerOf = ({ former, known, successor, endedConsents, suspended }: Succession): JsonValue => ({
  former: former.origin,
  kept_entries: known.kept.size,
  known_entries: known.longest.size,
  known_from: known.longest.from,
  missing:
    known.longest.size > known.kept.size ? { from: known.kept.size, to: known.longest.size - 1 } : null,
  origin: successor.origin,
  key: successor.verifierKey,
  consents_ended: endedConsents,
  third_parties_suspended: [...suspended],
  stops_waiting: successor.waiting,
});

function wordsOf({ former, known, successor, endedConsents, suspended }: Succession): string {
  const { kept, longest } = known;
  const lost =
    longest.size > kept.size
      ? `Entries ${kept.size} to ${longest.size - 1} are lost: ${longest.from} knows that they existed.`
      : 'Nothing that is kept knows of an entry that is lost.';
  return [
    `${former.origin} is closed with ${kept.size} entries. ${lost} What came after the last known entry cannot be known.`,
    `${successor.origin} goes on. Its key, for witnesses and whoever verifies: ${successor.verifierKey}`,
    `${endedConsents} consents ended; their householders are told by mail.`,
    'Do again what was done since the backup: erasures, moves out, suspensions, operators, registrations.',
    `${suspended.length} third parties wait to be looked at${suspended.length === 0 ? '.' : ': `stabledoor third-party restore ID`, one by one:'}`,
    ...suspended.map((id) => `  ${id}`),
    'Start the broker again, and back the key folder up.',
  ].join('\n');
}
