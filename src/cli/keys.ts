// `stabledoor keys …`: which keys there are, and new ones: to sign access tokens, or the ledger's checkpoints. Nothing has
// to be restarted.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type LogKeyRecord, listLogKeys } from '../ledger/log-key-store.ts';
import { prepareLedgerKey, publishLedgerKey, retireFormerLedgerKey } from '../ledger/rotate-key.ts';
import { keyLeadSeconds, retireSigningKey, rotateSigningKeys } from '../oauth/publish-keys.ts';
import { type KeyRecord, listSigningKeys } from '../oauth/signing-key-store.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { proposeAndAnswer } from './operator-answer.ts';
import { openOutput, table } from './output.ts';

interface RotateOptions {
  readonly now?: true;
  readonly prepare?: true;
  readonly finish?: true;
  readonly json?: true;
}

export function addKeysCommands(program: Command): void {
  const family = program.command('keys').description('the keys that sign access tokens and checkpoints');
  family
    .command('rotate <which>')
    .description('make a new key: `tokens` or `ledger`')
    .option('--now', 'tokens: let it sign at once, for a key that got out')
    .option(
      '--prepare',
      'ledger: make the new key and publish nothing yet, so that every broker can be given it',
    )
    .option(
      '--finish',
      'ledger: retire the former key, once everybody has the new one; in production a proposal',
    )
    .option('--json', 'answer as JSON')
    .action(async (which: string, options: RotateOptions) => {
      if (which === 'ledger') return await rotateLedger(options);
      if (which === 'tokens') return await rotateTokens(options);
      throw new UsageError('say which key: `stabledoor keys rotate tokens` or `… rotate ledger`');
    });
  family
    .command('retire <kid>')
    .description('retire a key of access tokens at once, for one that got out: what it signed is dead')
    .option('--json', 'answer as JSON')
    .action(retireTokens);
  family
    .command('list')
    .description('every key there ever was, the newest last')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: true }) => {
      const keys = await withDatabase(readConfig(), async ({ db, clock, log }) => [
        ...withStates(await listSigningKeys(db), clock.nowMs()).map(({ key, state }) => shown(key, state)),
        ...(await listLogKeys(db, log.logId)).map(shownOfLog),
      ]);
      const rows = keys.map((key) => [key.use, key.key_id, key.state, key.signs_from, key.retired_at ?? '-']);
      const text = keys.length === 0 ? 'No key was published yet.' : table([heading, ...rows]);
      openOutput(options.json ?? false).answer(keys, text);
    });
}

async function rotateTokens(options: RotateOptions): Promise<void> {
  if (options.prepare || options.finish) throw new UsageError('--prepare and --finish are for `ledger`');
  const config = readConfig();
  const leadSeconds = options.now ? 0 : keyLeadSeconds;
  const made = await withParts(config, (parts) => rotateSigningKeys(parts, config.keyDir, { leadSeconds }));
  const text = `${made.kid} signs from ${made.signsFrom.toISOString()}. Back the key folder up.`;
  openOutput(options.json ?? false).answer(shown(made, 'published'), text);
}

/** Where it is the one that signs, another is made first: nobody should have to know two commands at such a moment. */
async function retireTokens(kid: string, options: { json?: true }): Promise<void> {
  const config = readConfig();
  const retired = await withParts(config, async (parts) => {
    if (parts.signingKeys.current().kid === kid)
      await rotateSigningKeys(parts, config.keyDir, { leadSeconds: 0 });
    const record = await retireSigningKey(parts, kid);
    // Its file goes.
    await parts.signingKeys.refresh();
    return record;
  });
  const text = `${kid} is retired: no token that it signed is taken, and third parties refresh. Give the key folder to every broker and back it up.`;
  openOutput(options.json ?? false).answer(shown(retired, 'retired'), text);
}

async function rotateLedger(options: RotateOptions): Promise<void> {
  if (options.now) throw new UsageError('--now is for `tokens`');
  if (options.prepare && options.finish) throw new UsageError('--prepare or --finish, not both');
  const config = readConfig();
  if (options.finish && config.mode === 'production')
    return await proposeAndAnswer(config, { act: 'key-retire', input: {} }, options.json ?? false);
  const [key, state, text] = await withParts(config, async ({ db, ledger, ledgerKeys }) => {
    const parts = { db, ledger, keys: ledgerKeys, keyDir: config.keyDir };
    if (options.prepare) {
      const { file, signer } = await prepareLedgerKey(parts);
      const next = 'Copy it to the key folder of every broker, then run `stabledoor keys rotate ledger`.';
      return [signer.key.text, 'prepared', `The new key is in ${file}. ${next}`] as const;
    }
    if (options.finish) {
      const retired = (await retireFormerLedgerKey(parts)).text;
      return [retired, 'retired', `${retired} signs no longer. Back the key folder up.`] as const;
    }
    const published = (await publishLedgerKey(parts)).text;
    const next =
      'Both keys sign now. Give the new one to your witnesses and to whoever verifies, back the key folder up, then run `stabledoor keys rotate ledger --finish`.';
    return [published, 'signing', `The new key is ${published}. ${next}`] as const;
  });
  openOutput(options.json ?? false).answer({ use: 'ledger', key_id: key, state }, text);
}

const shownOfLog = ({ key, publishedAt, retiredAt }: LogKeyRecord) => ({
  use: 'ledger',
  key_id: key,
  state: retiredAt === null ? 'signing' : 'retired',
  published_at: publishedAt.toISOString(),
  signs_from: publishedAt.toISOString(),
  retired_at: retiredAt?.toISOString() ?? null,
});

const heading = ['USE', 'KEY ID', 'STATE', 'SIGNS FROM', 'RETIRED'];

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
  use: 'tokens',
  key_id: key.kid,
  state,
  published_at: key.publishedAt.toISOString(),
  signs_from: key.signsFrom.toISOString(),
  retired_at: key.retiredAt?.toISOString() ?? null,
});
