// `stabledoor ledger verify --chain FILE`: a household's own entries checked from the file and the log's key, offline.
import { readFile, stat } from 'node:fs/promises';
import { ChainFormatError, parseChainFile } from '../ledger/chain-file.ts';
import { nodeCrypto } from '../ledger/node-crypto.ts';
import { NoteError } from '../ledger/verifier-key.ts';
import { type ChainVerdict, verifyChainFile } from '../ledger/verify-chain-file.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { BadNews, UsageError } from './failure.ts';
import { oneLine, openOutput } from './output.ts';

const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Errors: BadNews where something is wrong, after it has been said; UsageError for a file that is none. */
export async function verifyChain(path: string, keys: readonly string[], json: boolean): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size > MAX_FILE_BYTES)
    throw new UsageError(`--chain: there is no file ${path}, or it is too large`);
  if (keys.length === 0) throw new UsageError('--chain: needs --key, the verifier key of the log');
  const verdict = await verify(textOf(await readFile(path)), keys);
  openOutput(json).answer(verdictValue(verdict), verdictText(verdict));
  if (!verdict.sound) throw new BadNews();
}

/** Errors: UsageError. Letters put in for bytes that are none would be what the file says. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError('--chain: it is not UTF-8');
  }
}

async function verify(text: string, keys: readonly string[]): Promise<ChainVerdict> {
  try {
    return await verifyChainFile(parseChainFile(text), { ...nodeCrypto, keys });
  } catch (error) {
    if (error instanceof ChainFormatError) throw new UsageError(`--chain: ${oneLine(error.message)}`);
    if (error instanceof NoteError) throw new UsageError(`--key: ${oneLine(error.message)}`);
    throw error;
  }
}

const verdictValue = (verdict: ChainVerdict): JsonValue => ({
  sound: verdict.sound,
  origin: verdict.origin,
  first: verdict.first,
  entries: verdict.entries,
  size: verdict.size,
  witnesses: verdict.witnesses,
  covered: verdict.covered,
  covered_ms: verdict.coveredMs,
  opened: verdict.opened,
  unopened: verdict.unopened,
  violations: verdict.violations.map(({ number, kind, message }) => ({ number, kind, message })),
  unproven: verdict.unproven,
});

function verdictText(verdict: ChainVerdict): string {
  const { covered, coveredMs, entries, first, opened } = verdict;
  const last = first + entries - 1;
  return [
    `${oneLine(verdict.origin)}: ${verdict.sound ? 'sound' : 'NOT SOUND'}, ${entries} entries of the household (${entries === 0 ? 'none' : `${first} to ${last}`}), ${opened} values opened`,
    covered === null
      ? '  Nothing here shows that no newer entry is held back.'
      : `  No newer one stands among the first ${covered} entries of the log (as of ${new Date(coveredMs as number).toISOString()}).`,
    ...verdict.violations.map(
      ({ number, kind, message }) =>
        `  ${number === null ? 'the file' : `entry ${number} of the household`}: ${kind}: ${oneLine(message)}`,
    ),
    'Not proven:',
    ...verdict.unproven.map((sentence) => `  ${sentence}`),
  ].join('\n');
}
