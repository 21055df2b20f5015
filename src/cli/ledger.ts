// `stabledoor ledger …`: write the ledger into a file or a folder, verify such a file or the database itself, prove,
// witness other logs.
// A file is verified offline: no database is opened, and no setting counts.
import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import { addExportCommand } from './ledger-export.ts';
import { addProofCommands } from './ledger-proof.ts';
import { addSucceedCommand } from './ledger-succeed.ts';
import { addTilesCommand } from './ledger-tiles.ts';
import { type VerifyOptions, verifyDatabase, verifyFile, verifyRunning } from './ledger-verify.ts';
import { verifyChain } from './ledger-verify-chain.ts';
import { addWitnessCommand } from './ledger-witness.ts';

export function addLedgerCommands(program: Command): void {
  const family = program.command('ledger').description('verify the record of everything, or write it out');
  family
    .command('verify')
    .description('check that the ledger is unaltered, and that every disclosure had its consent')
    .option('--export <file>', 'an export to verify, offline; without it the database is verified')
    .option('--url <url>', 'a running broker, or a copy of its tiles: hashes and signatures, from outside')
    .option('--former <file...>', 'with --export: exports of the logs that it goes on for, the oldest first')
    .option('--chain <file>', 'a household’s own entries to verify, offline; needs --key')
    .option('--key <vkey...>', 'verifier keys that you got otherwise: of the log, and of witnesses')
    .option('--checkpoint <file...>', 'signed checkpoints that you kept: the log must still hold them')
    .option(
      '--policy <file>',
      'with --export or --url: a witness policy (C2SP tlog-policy), whose quorum must have cosigned it all',
    )
    .option('--json', 'answer as JSON')
    .addHelpText('after', '\nExit codes: 0 sound, 1 a violation (named by index), 2 wrong usage.')
    .action(async (options: VerifyOptions & { readonly chain?: string; readonly url?: string }) => {
      if (options.chain !== undefined && options.url !== undefined)
        throw new UsageError('--chain: does not go with --url');
      if (options.chain !== undefined && options.policy !== undefined)
        throw new UsageError('--policy: goes with --export');
      if (options.chain !== undefined)
        return await verifyChain(options.chain, options.key ?? [], options.json ?? false);
      if (options.url !== undefined) return await verifyRunning(options.url, options);
      await (options.export === undefined ? verifyDatabase(options) : verifyFile(options.export, options));
    });
  addExportCommand(family);
  addProofCommands(family);
  addTilesCommand(family);
  addSucceedCommand(family);
  addWitnessCommand(family);
}
