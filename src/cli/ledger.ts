// `stabledoor ledger …`: write the ledger into a file or a folder, verify such a file or the database itself, prove,
// witness other logs.
// A file is verified offline: no database is opened, and no setting counts.
import type { Command } from 'commander';
import { readCount } from './count.ts';
import { type ExportOptions, exportToFile } from './ledger-export.ts';
import { addProofCommands } from './ledger-proof.ts';
import { addSucceedCommand } from './ledger-succeed.ts';
import { addTilesCommand } from './ledger-tiles.ts';
import { type VerifyOptions, verifyDatabase, verifyFile } from './ledger-verify.ts';
import { addWitnessCommand } from './ledger-witness.ts';
import { openOutput } from './output.ts';

export function addLedgerCommands(program: Command): void {
  const family = program.command('ledger').description('verify the record of everything, or write it out');
  family
    .command('verify')
    .description('check that the ledger is unaltered, and that every disclosure had its consent')
    .option('--export <file>', 'an export to verify, offline; without it the database is verified')
    .option('--former <file...>', 'with --export: exports of the logs that it goes on for, the oldest first')
    .option('--key <vkey...>', 'verifier keys that you got otherwise: of the log, and of witnesses')
    .option('--checkpoint <file...>', 'signed checkpoints that you kept: the log must still hold them')
    .option('--json', 'answer as JSON')
    .addHelpText('after', '\nExit codes: 0 sound, 1 a violation (named by index), 2 wrong usage.')
    .action(async (options: VerifyOptions) => {
      await (options.export === undefined ? verifyDatabase(options) : verifyFile(options.export, options));
    });
  family
    .command('export')
    .description('write the ledger into a file that anyone can verify offline')
    .requiredOption('--out <file>', 'the file; one that is there is replaced when the new one is whole')
    .option('--to <index>', 'only the entries before this one, up to the first checkpoint that covers them')
    .option('--log <origin>', 'a log that the present one goes on for; without it the present one')
    .option('--json', 'answer as JSON')
    .action(async (options: { out: string; to?: string; log?: string; json?: true }) => {
      const read: ExportOptions = {
        out: options.out,
        ...(options.log === undefined ? {} : { log: options.log }),
        ...(options.to === undefined ? {} : { to: readCount('--to', options.to, 1) }),
      };
      const written = await exportToFile(read);
      const text = `${written.entries} entries of ${written.origin} are in ${written.file} (SHA-256 ${written.sha256}).`;
      openOutput(options.json ?? false).answer({ ...written }, text);
    });
  addProofCommands(family);
  addTilesCommand(family);
  addSucceedCommand(family);
  addWitnessCommand(family);
}
