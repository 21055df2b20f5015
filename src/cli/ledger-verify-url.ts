// `stabledoor ledger verify --url URL`: a running log checked from outside, by its checkpoint and its tiles of hashes.
// A log that could not be read is neither sound nor unsound, and ends as wrong usage does.
import { findLog, LogUnreadable, tilesAt } from '../ledger/log-download.ts';
import { nodeCrypto } from '../ledger/node-crypto.ts';
import { NoteError } from '../ledger/verifier-key.ts';
import { TooLarge } from '../ledger/verify-served.ts';
import { type UrlVerdict, type UrlVerifyOptions, verifyUrl } from '../ledger/verify-url.ts';
import type { WitnessPolicy } from '../ledger/witness-policy.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { BadNews, UsageError } from './failure.ts';
import { oneLine, openOutput } from './output.ts';
import { openProgress } from './progress.ts';

export interface UrlOptions {
  readonly keys: readonly string[];
  readonly checkpoints: readonly string[];
  readonly policy?: WitnessPolicy;
  readonly json: boolean;
}

/** Errors: BadNews where something is wrong, after it has been said; UsageError where there is no log to be read. */
export async function verifyAtUrl(url: string, { json, ...options }: UrlOptions): Promise<void> {
  if (url.length > 2048 || !URL.canParse(url) || !/^https?:\/\/[^?#@]+$/.test(url))
    throw new UsageError('--url: an address that begins with http:// or https://, with no query');
  const verdict = await verify(url, { ...options, ...nodeCrypto });
  const output = openOutput(json);
  output.answer(verdictValue(verdict), verdictText(verdict));
  const [first, ...others] = verdict.violations;
  if (first === undefined) return;
  output.complain(`not sound: ${inWords(first)}${others.length > 0 ? ` (and ${others.length} more)` : ''}`);
  throw new BadNews();
}

async function verify(url: string, options: UrlVerifyOptions): Promise<UrlVerdict> {
  const progress = openProgress('verifying', 'entries');
  try {
    const log = await findLog(url);
    return await verifyUrl(log.note, tilesAt(log.url), { ...options, onProgress: progress.update });
  } catch (error) {
    if (error instanceof LogUnreadable || error instanceof TooLarge)
      throw new UsageError(`--url: ${oneLine(error.message)}`);
    if (error instanceof NoteError)
      throw new UsageError(`--url, --key, --checkpoint or --policy: ${oneLine(error.message)}`);
    throw error;
  } finally {
    progress.stop();
  }
}

const verdictValue = (verdict: UrlVerdict): JsonValue => ({
  sound: verdict.sound,
  origin: verdict.origin,
  size: verdict.size,
  tiles: verdict.tiles,
  signed: verdict.signed,
  witnesses: verdict.witnesses,
  compared: verdict.compared,
  violations: verdict.violations.map(({ index, kind, message }) => ({ index, kind, message })),
  unproven: verdict.unproven,
});

const verdictText = ({ origin, sound, size, tiles, violations, unproven }: UrlVerdict): string =>
  [
    `${oneLine(origin)}: ${sound ? 'sound' : 'NOT SOUND'} as far as can be seen from outside: the tree of ${size} entries, from ${tiles} tiles`,
    ...violations.map((violation) => `  ${inWords(violation)}`),
    'Not proven:',
    ...unproven.map((sentence) => `  ${sentence}`),
  ].join('\n');

const inWords = ({ index, kind, message }: UrlVerdict['violations'][number]): string =>
  `${index === null ? 'the log' : `entry ${index}`}: ${kind}: ${oneLine(message)}`;
