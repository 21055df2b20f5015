// `stabledoor household move-out` and `remove-meter-point`: a tenancy ends, and with it the consents that rest on it.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type MovedOut, moveOut, removeMeterPoint } from '../consent/consents.ts';
import { parseLocalDate } from '../lib/local-date.ts';
import type { Parts } from '../parts.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

export function addLeaveCommands(household: Command): void {
  household
    .command('move-out')
    .description('say from which day a household does not live at a meter point any more')
    .requiredOption('--meter-point <mpan>', 'number of the meter point')
    .requiredOption('--on <date>', 'the first day that is not theirs; it may be a day to come')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async ({ meterPoint: mpan, on: text }: { meterPoint: string; on: string }) => {
      const on = parseLocalDate(text);
      if (on === null) throw new UsageError(`--on: ${text} is not a date such as 2026-01-31`);
      await run(mpan, (parts) => moveOut(parts, { mpan, on }));
    });
  household
    .command('remove-meter-point')
    .description('say that a meter point is no more; who shares others too goes on with those')
    .requiredOption('--meter-point <mpan>', 'number of the meter point')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async ({ meterPoint: mpan }: { meterPoint: string }) => {
      await run(mpan, (parts) => removeMeterPoint(parts, { mpan }));
    });
}

async function run(mpan: string, leave: (parts: Parts) => Promise<MovedOut>): Promise<void> {
  const left = await withParts(readConfig(), leave);
  const output = openOutput(true);
  const consents = { ended: left.ended, ending: left.ending, narrowed: left.narrowed };
  output.answer({ household_id: left.householdId, meter_point: mpan, on: left.on, consents }, '');
  output.remark('Readings of before that day can be given to nobody new.');
}
