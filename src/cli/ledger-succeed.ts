// `stabledoor ledger succeed`: closes a log that was set back and opens the one that goes on. In production one operator
// proposes it into a file and another approves that file.
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  NotSetBack,
  type Succession,
  type SuccessionRequest,
  succeedAfterRestore,
} from '../audit/succession.ts';
import {
  approveSuccession,
  type DecisionParts,
  longestProposal,
  parseSuccessionProposal,
  proposeSuccession,
  type SuccessionProposal,
} from '../audit/succession-proposal.ts';
import { type Config, readConfig } from '../config.ts';
import type { ReachableWitness } from '../ledger/witness-client.ts';
import { readWitnessPolicy } from '../ledger/witness-policy-file.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { Parts } from '../parts.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { ownSigner } from './operator-answer.ts';
import { openOutput } from './output.ts';

interface SucceedOptions {
  readonly checkpoint?: string[];
  readonly restored?: true;
  readonly origin?: string;
  readonly confirm?: string;
  readonly propose?: string;
  readonly approve?: string;
  readonly json?: true;
}

export function addSucceedCommand(family: Command): void {
  family
    .command('succeed')
    .description('after an honest restore: close the log that was set back, and open the one that goes on')
    .option('--checkpoint <file...>', 'signed checkpoints that somebody kept: they tell how long the log was')
    .option('--restored', 'a backup was restored, although nothing that is kept knows of a longer log')
    .option('--origin <name>', 'the name of the log that goes on; by default <first log>-2, -3 …')
    .option('--confirm <origin>', 'the name of the log to close, which cannot be opened again')
    .option(
      '--propose <file>',
      'in production: sign a proposal with your own key into this file, and do nothing',
    )
    .option('--approve <file>', 'in production: approve what another operator proposed; it is done at once')
    .option('--json', 'answer as JSON')
    .addHelpText('after', help)
    .action(run);
}

async function run(options: SucceedOptions): Promise<void> {
  refuseTogether(options);
  const given = await Promise.all((options.checkpoint ?? []).map(readNote));
  const request = {
    given,
    isRestored: options.restored ?? false,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
  };
  const config = readConfig();
  const { propose, approve, json = false } = options;
  await withParts(config, async (parts) => {
    if (propose !== undefined) return await proposeInto(propose, parts, config, request, json);
    if (approve === undefined) refuseUnconfirmed(parts, options.confirm);
    const succession =
      approve === undefined
        ? await explained(async () => succeedAfterRestore(await partsOf(parts, config), request))
        : await approveFrom(approve, parts, config, given);
    openOutput(json).answer(answerOf(succession), wordsOf(succession));
  });
}

const help = `
Every consent ends and every third party is suspended: a stop or a suspension may be among the entries that are lost.
Start the broker again afterwards, give the new key to your witnesses, and restore third parties one by one.`;

function refuseTogether({ propose, approve, origin, restored }: SucceedOptions): void {
  if (propose !== undefined && approve !== undefined)
    throw new UsageError('--propose, --approve: one operator proposes, another approves');
  if (approve !== undefined && (origin !== undefined || restored))
    throw new UsageError('--approve: the name of the log that goes on and --restored are in the proposal');
}

function refuseUnconfirmed({ production, log }: Parts, confirmed: string | undefined): void {
  if (production)
    throw new UsageError(
      'in production it takes two operators: --propose FILE, then --approve FILE by another',
    );
  if (confirmed !== undefined && confirmed !== log.origin)
    throw new UsageError(`--confirm: say ${log.origin}, the log that is closed for good`);
}

async function proposeInto(
  path: string,
  parts: Parts,
  config: Config,
  request: SuccessionRequest,
  json: boolean,
): Promise<void> {
  const signer = await ownSigner(config);
  const proposal = await explained(async () =>
    proposeSuccession(await partsOf(parts, config), signer, request),
  );
  await writeFile(path, `${JSON.stringify(proposal, null, 2)}\n`, { flag: 'wx' }).catch((error) => {
    throw new UsageError(`--propose: ${path} cannot be made (${(error as NodeJS.ErrnoException).code})`);
  });
  openOutput(json).answer({ file: path, ...proposal.payload }, proposedWords(path, proposal));
}

const proposedWords = (path: string, { payload, entry }: SuccessionProposal): string =>
  [
    `${path}: to close ${payload.former_origin} with ${payload.kept_size} entries of ${payload.known_size} that are known, and go on as ${payload.origin}.`,
    `Nothing is done yet. Another operator approves it before ${new Date(entry.expires_s * 1000).toISOString()}: \`stabledoor ledger succeed --approve ${path}\``,
  ].join('\n');

async function approveFrom(
  path: string,
  parts: Parts,
  config: Config,
  given: SuccessionRequest['given'],
): Promise<Succession> {
  const signer = await ownSigner(config);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size > longestProposal)
    throw new UsageError(`--approve: there is no file ${path}, or it is no proposal`);
  const proposal = parseSuccessionProposal(await readFile(path, 'utf8'));
  return await explained(async () =>
    approveSuccession(await partsOf(parts, config), signer, proposal, given),
  );
}

async function partsOf(
  { db, clock, stores, log, ledgerKeys, config: { mode, keyDir, headGuardFile } }: Parts,
  config: Config,
): Promise<DecisionParts> {
  const witnesses = await witnessesOf(config);
  const databaseUrl = stores.addresses.app;
  return { db, clock, databaseUrl, log, mode, ledgerKeys, keyDir, headGuardFile, witnesses };
}

async function explained<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
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
