// `stabledoor keys …`: which keys there are, and a new one to sign access tokens. Nothing has to be restarted.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { keyLeadSeconds, rotateSigningKeys } from '../oauth/publish-keys.ts';
import { type KeyRecord, listSigningKeys } from '../oauth/signing-key-store.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { openOutput, table } from './output.ts';

export function addKeysCommands(program: Command): void {
  const family = program.command('keys').description('the keys that sign access tokens');
  family
    .command('rotate <which>')
    .description('make a new key; `tokens` is what can be rotated')
    .option('--now', 'let it sign at once: for a key that got out')
    .option('--json', 'answer as JSON')
    .action(async (which: string, options: { now?: true; json?: true }) => {
      if (which === 'ledger') throw new UsageError('the ledger’s key cannot be rotated yet, only `tokens`');
      if (which !== 'tokens') throw new UsageError('say which key: `stabledoor keys rotate tokens`');
      const config = readConfig();
      const leadSeconds = options.now ? 0 : keyLeadSeconds;
      const made = await withParts(config, (parts) =>
        rotateSigningKeys(parts, config.keyDir, { leadSeconds }),
      );
      const text = `${made.kid} signs from ${made.signsFrom.toISOString()}. Back the key folder up.`;
      openOutput(options.json ?? false).answer(shown(made, 'published'), text);
    });
  family
    .command('list')
    .description('every key that ever signed access tokens, the newest last')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: true }) => {
      const keys = await withDatabase(readConfig(), async ({ db, clock }) =>
        withStates(await listSigningKeys(db), clock.nowMs()),
      );
      const rows = keys.map(({ key, state }) => [
        key.kid,
        state,
        key.signsFrom.toISOString(),
        key.retiredAt?.toISOString() ?? '-',
      ]);
      const text = keys.length === 0 ? 'No key was published yet.' : table([heading, ...rows]);
      openOutput(options.json ?? false).answer(
        keys.map(({ key, state }) => shown(key, state)),
        text,
      );
    });
}

const heading = ['KEY ID', 'STATE', 'SIGNS FROM', 'RETIRED'];

type KeyState = 'published' | 'signing' | 'former' | 'retired';

function withStates(keys: readonly KeyRecord[], nowMs: number): { key: KeyRecord; state: KeyState }[] {
  const signing = keys.findLast((key) => key.retiredAt === null && key.signsFrom.getTime() <= nowMs);
  return keys.map((key) => ({ key, state: stateOf(key, signing, nowMs) }));
}

function stateOf(key: KeyRecord, signing: KeyRecord | undefined, nowMs: number): KeyState {
  if (key.retiredAt !== null) return 'retired';
  if (key.signsFrom.getTime() > nowMs) return 'published';
  return key === signing ? 'signing' : 'former';
}

const shown = (key: KeyRecord, state: KeyState) => ({
  key_id: key.kid,
  state,
  published_at: key.publishedAt.toISOString(),
  signs_from: key.signsFrom.toISOString(),
  retired_at: key.retiredAt?.toISOString() ?? null,
});
