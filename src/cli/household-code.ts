// `stabledoor household link-code`: the letter that shows, once it is answered, that somebody lives at a meter point.
// The code stands in the letter and nowhere else: whoever prints it is the last of us to see it.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { dateWords } from '../consent/words/en.ts';
import { makeActivationCode } from '../household/activation-code.ts';
import { activationLetter } from '../household/words/en.ts';
import { addDays, localDateAt, parseLocalDate } from '../lib/local-date.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface CodeOptions {
  readonly meterPoint: string;
  readonly email?: string;
  readonly from?: string;
  readonly json?: true;
}

export function addLinkCodeCommand(household: Command): void {
  household
    .command('link-code')
    .description(
      'make the letter with a code that shows who lives at a meter point; print it and post it there',
    )
    .requiredOption('--meter-point <mpan>', 'number of the meter point')
    .option(
      '--email <address>',
      'for this account alone, made where there is none (default: whoever gets the letter)',
    )
    .option('--from <date>', 'the first local day that is theirs (default: the day they enter the code)')
    .option('--json', 'answer with JSON')
    .action(async ({ meterPoint: mpan, from: fromText, json, ...options }: CodeOptions) => {
      const email = options.email ?? null;
      const from = fromText === undefined ? null : parseLocalDate(fromText);
      if (fromText !== undefined && from === null)
        throw new UsageError(`--from: ${fromText} is not a date such as 2026-01-31`);
      const config = readConfig();
      const made = await withParts(config, (parts) => makeActivationCode(parts, { mpan, email, from }));
      const { code, meterPoint, householdId, expiresAt } = made;
      const lastDay = addDays(localDateAt(expiresAt.getTime(), meterPoint.zone), -1);
      const letter = activationLetter({
        ...{ address: meterPoint.address, code, lastDay: dateWords(lastDay), phone: config.helpPhone },
        page: `${config.issuer}/homes`,
      });
      const value = { code, household_id: householdId, expires_at: expiresAt.toISOString(), letter };
      openOutput(json ?? false).answer(value, letter);
    });
}
