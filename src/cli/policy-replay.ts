// `stabledoor policy replay`: one decision made again, from the broker's databases; or, for whoever was handed the opened facts
// of an entry, from an export alone.
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { readConfig } from '../config.ts';
import { commitment } from '../ledger/commitment.ts';
import { parseEntry } from '../ledger/entry.ts';
import { type EntryBody, parseEntryBody } from '../ledger/entry-body.ts';
import { readExport } from '../ledger/export-format.ts';
import { openEvidenceOf } from '../ledger/find-evidence.ts';
import { readEntryBytes, readSize } from '../ledger/tile-store.ts';
import { encodeBase64 } from '../lib/base64.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { findPolicyText } from '../policy/policy-store.ts';
import { type Replay, replayDecision } from '../policy/replay.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface ReplayOptions {
  readonly entry: string;
  readonly export?: string;
  readonly opened?: string;
  readonly json?: true;
}

export function addReplayCommand(family: Command): void {
  family
    .command('replay')
    .description('make the decision of an entry again: 0 it agrees, 1 it does not or cannot be made')
    .requiredOption('--entry <index>', 'of a disclosure or a refusal')
    .option('--export <file>', 'offline: an export that holds the entry and its policy text')
    .option(
      '--opened <file>',
      'with --export: the entry’s opened facts, {"facts", "salt"}, as replay --json gives them',
    )
    .option('--json', 'answer as JSON, with the facts and what opens them')
    .action(replay);
}

interface Found {
  readonly body: EntryBody;
  readonly facts: JsonValue | null;
  readonly salt: string | null;
  readonly text: string | null;
}

async function replay(options: ReplayOptions): Promise<void> {
  if (!/^(0|[1-9]\d{0,15})$/.test(options.entry)) throw new UsageError('--entry: the index of an entry');
  if ((options.export === undefined) !== (options.opened === undefined))
    throw new UsageError('--export and --opened go together');
  const index = Number(options.entry);
  const found =
    options.export === undefined || options.opened === undefined
      ? await fromDatabase(index)
      : await fromExport(index, options.export, options.opened);
  const result = replayDecision(found.body, found.facts, found.text);
  const opened = found.facts === null ? {} : { facts: found.facts, salt: found.salt };
  openOutput(options.json ?? false).answer(
    { entry: index, ...asJson(result), ...opened },
    wordsOf(index, result),
  );
  if (!result.replayed || !result.agrees) process.exitCode = 1;
}

const bodyOf = (entry: string): EntryBody => parseEntryBody(parseEntry(entry).body);

const policyNamed = (body: EntryBody): string | null =>
  (body.kind === 'disclosure' || body.kind === 'refusal') && body.policy !== undefined ? body.policy : null;

const fromDatabase = (index: number): Promise<Found> =>
  withParts(readConfig(), async ({ db, ledger, subjects }) => {
    const { logId, origin } = ledger;
    const size = await readSize(db, logId);
    if (index >= size) throw new Error(`the log has ${size} entries: there is no entry ${index}`);
    const [bytes] = await readEntryBytes(db, logId, index, index + 1);
    const body = bodyOf(Buffer.from(bytes as Uint8Array).toString('utf8'));
    const evidence = await openEvidenceOf({ db, logId, origin, subjects }, index);
    const facts = evidence?.values.facts ?? null;
    const policy = policyNamed(body);
    return {
      body,
      facts,
      salt: evidence === null || facts === null ? null : encodeBase64(evidence.salt('facts')),
      text: policy === null ? null : await findPolicyText(db, logId, policy),
    };
  });

const openedFile = z.looseObject({ facts: z.json(), salt: z.string().max(100) });
const longestOpened = 64 * 1024;

/** What was handed over is what the entry commits to, or it is refused. */
async function fromExport(index: number, path: string, openedPath: string): Promise<Found> {
  const file = await stat(openedPath).catch(() => null);
  if (!file?.isFile() || file.size > longestOpened)
    throw new UsageError(`--opened: ${openedPath} is no file of at most 64 kB`);
  const opened = openedFile.safeParse(JSON.parse(await readFile(openedPath, 'utf8')));
  if (!opened.success) throw new UsageError('--opened: JSON with facts and salt');
  const { facts, salt } = opened.data as { facts: JsonValue; salt: string };
  const { body, texts } = await readLines(index, path);
  const committed = 'commit' in body ? (body.commit as Record<string, string>).facts : undefined;
  if (committed !== commitment('facts', Buffer.from(salt, 'base64'), facts))
    throw new Error(`the facts that were handed over are not those that entry ${index} commits to`);
  return { body, facts, salt, text: texts.get(policyNamed(body) ?? '') ?? null };
}

async function readLines(
  index: number,
  path: string,
): Promise<{ body: EntryBody; texts: Map<string, string> }> {
  let body: EntryBody | null = null;
  const texts = new Map<string, string>();
  for await (const line of readExport(createReadStream(path))) {
    if (line.type === 'policy') texts.set(line.digest, line.text);
    if (line.type !== 'entry') continue;
    const entry = parseEntry(line.entry);
    if (entry.index === index) body = parseEntryBody(entry.body);
  }
  if (body === null) throw new Error(`the export holds no entry ${index}`);
  return { body, texts };
}

const asJson = (result: Replay): { [name: string]: JsonValue } =>
  result.replayed
    ? {
        replayed: true,
        agrees: result.agrees,
        refused_under_lock: result.refusedUnderLock,
        policy: result.recorded.policy,
        recorded: { decision: result.recorded.decision, reasons: [...result.recorded.reasons] },
        decided: { decision: result.decided.decision, reasons: [...result.decided.reasons] },
        policies: [...result.policies],
      }
    : { replayed: false, why: result.why };

function wordsOf(index: number, result: Replay): string {
  if (!result.replayed) return `Entry ${index} could not be replayed: ${result.why}.`;
  const { recorded, decided, policies, agrees, refusedUnderLock } = result;
  const said = (one: { decision: string; reasons: readonly string[] }) =>
    one.reasons.length === 0 ? one.decision : `${one.decision} (${one.reasons.join(', ')})`;
  return [
    `Entry ${index}, by policy ${recorded.policy}`,
    `The entry says: ${said(recorded)}`,
    `Decided again: ${said(decided)}, by ${policies.join(', ')}`,
    refusedUnderLock
      ? 'The policy allowed it, and a check under the ledger’s lock refused: that refusal is no policy’s.'
      : agrees
        ? 'They agree.'
        : 'THEY DO NOT AGREE.',
  ].join('\n');
}
