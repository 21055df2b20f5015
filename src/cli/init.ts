// `stabledoor init`: makes the keys that are missing, once. A key that is there is never replaced: a broker with a new
// ledger key would be a new log under an old name.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { machineClock } from '../db/clock.ts';
import { openLedgerKey } from '../ledger/signing-key.ts';
import { openNonceSecret } from '../oauth/nonce-secret.ts';
import { makeSigningKey, readSigningKeys } from '../oauth/signing-key-files.ts';
import { openOutput, table } from './output.ts';

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .description('make the keys, once; what is there is kept')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: true }) => {
      const { keyDir, logOrigin } = readConfig();
      const ledger = await openLedgerKey(keyDir, logOrigin, true);
      const [tokens = await makeSigningKey(keyDir, machineClock)] = await readSigningKeys(keyDir);
      // Made whether or not nonces are on, so that switching them on needs no second `init`.
      await openNonceSecret(keyDir, { makeMissing: true });
      const value = {
        key_dir: keyDir,
        origin: logOrigin,
        ledger_key: ledger.key.text,
        token_key_id: tokens.kid,
      };
      const text = [
        table([
          ['keys in', value.key_dir],
          ['ledger', value.ledger_key],
          ['tokens', value.token_key_id],
        ]),
        'The line after `ledger` is public: whoever checks the ledger needs it. Back the folder up; keep it private.',
      ].join('\n');
      openOutput(options.json ?? false).answer(value, text);
    });
}
