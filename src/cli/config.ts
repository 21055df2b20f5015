// `stabledoor config`: every setting, what it is set to, its default and what it does. Secrets are never printed.
import type { Command } from 'commander';
import { describeSettings, readConfig } from '../config.ts';
import { openOutput, table } from './output.ts';

export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('every setting, its value or default, and what it does')
    .option('--json', 'answer as JSON')
    .action((options: { json?: true }) => {
      const described = describeSettings();
      const value = described.map(({ name, value, standard, does, secret }) => ({
        ...{ name, value, default: standard, does, secret },
      }));
      const rows = described.map((one) => [one.name, one.value ?? `(${one.standard})`, one.does]);
      const text = `${table([['SETTING', 'VALUE (DEFAULT)', 'WHAT IT DOES'], ...rows])}`;
      openOutput(options.json ?? false).answer(value, text);
      // After the table, so that a bad setting can be found in it; ends with 78.
      readConfig();
    });
}
