// The command line `stabledoor`: one file a command family, and one place where an error becomes a line and a code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { addBackupCommand } from './backup.ts';
import { addBreachCommand } from './breach.ts';
import { addComplaintCommands } from './complaint.ts';
import { addConfigCommand } from './config.ts';
import { addConsentCommands } from './consent.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDrillCommand } from './drill.ts';
import { failureOf } from './failure.ts';
import { addHouseholdCommands } from './household.ts';
import { addImportCommand } from './import.ts';
import { addInitCommand } from './init.ts';
import { addKeysCommands } from './keys.ts';
import { addLedgerCommands } from './ledger.ts';
import { addMigrateCommand } from './migrate.ts';
import { addOperatorCommands } from './operator.ts';
import { addOrderCommands } from './order.ts';
import { openOutput } from './output.ts';
import { addPolicyCommands } from './policy.ts';
import { addRestoreCommand } from './restore.ts';
import { addSupplyCommands } from './supply.ts';
import { addThirdPartyCommands } from './third-party.ts';

/** Sets the exit code: 0, 1 a failure, 2 wrong usage, 78 a bad setting. */
export async function main(args: readonly string[]): Promise<void> {
  // Whoever reads our output may have read enough, as `head` has.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  try {
    await commandLine().parseAsync(args, { from: 'user' });
  } catch (error) {
    const { exitCode, line } = failureOf(error);
    if (line !== null) openOutput(false).complain(line);
    process.exitCode = exitCode;
  }
}

export function commandLine(): Command {
  const program = new Command('stabledoor')
    .description('A consent broker and audit ledger for smart-meter readings: the operator’s command line.')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
    .addHelpText('after', footer);
  addInitCommand(program);
  addMigrateCommand(program);
  addBackupCommand(program);
  addRestoreCommand(program);
  addThirdPartyCommands(program);
  addHouseholdCommands(program);
  addConsentCommands(program);
  addComplaintCommands(program);
  addSupplyCommands(program);
  addOrderCommands(program);
  addImportCommand(program);
  addLedgerCommands(program);
  addKeysCommands(program);
  addOperatorCommands(program);
  addPolicyCommands(program);
  addBreachCommand(program);
  addConfigCommand(program);
  addDoctorCommand(program);
  addDrillCommand(program);
  return program;
}

/** Commander's complaint as one line of ours. */
const usageLine = (text: string): string =>
  `stabledoor: ${text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ')} (\`stabledoor --help\` says how)\n`;

const footer = `
Settings come from the environment; \`stabledoor config\` lists them all.
Exit codes: 0 done, 1 a failure in words, 2 wrong usage, 78 a bad setting.`;

function version(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

if (import.meta.main) await main(process.argv.slice(2));
