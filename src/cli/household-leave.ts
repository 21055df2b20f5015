// `stabledoor household move-out` and `remove-meter-point`: a tenancy ends, and with it the consents that rest on it.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type MovedOut, moveOut, removeMeterPoint } from '../consent/consents.ts';
import { parseEmailAddress } from '../household/email-address.ts';
import { findOccupierByEmail } from '../household/household-store.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { HouseholdId } from '../lib/ids.ts';
import { parseLocalDate } from '../lib/local-date.ts';
import type { Parts } from '../parts.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface LeaveOptions {
  readonly meterPoint: string;
  readonly on: string;
  readonly email?: string;
}

export function addLeaveCommands(household: Command): void {
  household
    .command('move-out')
    .description('say from which day a household does not live at a meter point any more')
    .requiredOption('--meter-point <mpan>', 'number of the meter point')
    .requiredOption('--on <date>', 'the first day that is not theirs; it may be a day to come')
    .option('--email <address>', 'only who signs in with it (default: everybody who lives there)')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async ({ meterPoint: mpan, on: text, email }: LeaveOptions) => {
      const on = parseLocalDate(text);
      if (on === null) throw new UsageError(`--on: ${text} is not a date such as 2026-01-31`);
      await run(mpan, async (parts) => {
        const only = email === undefined ? undefined : await householdOf(parts, email);
        return moveOut(parts, { mpan, on, only });
      });
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

async function householdOf({ db }: Parts, email: string): Promise<HouseholdId> {
  const occupier = await findOccupierByEmail(db, parseEmailAddress(email) ?? '');
  if (occupier === null) throw new StabledoorError('not_found', 'Nobody signs in with that address.');
  return occupier.householdId;
}

async function run(mpan: string, leave: (parts: Parts) => Promise<MovedOut>): Promise<void> {
  const left = await withParts(readConfig(), leave);
  const output = openOutput(true);
  const consents = { ended: left.ended, ending: left.ending, narrowed: left.narrowed };
  const { householdIds } = left;
  const value = { household_id: householdIds[0] ?? null, household_ids: [...householdIds] };
  output.answer({ ...value, meter_point: mpan, on: left.on, consents }, '');
  output.remark('Readings of before that day can be given to nobody new.');
}
