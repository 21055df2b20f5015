// `stabledoor breach`: whom a breach at a third party reached, and drafts of what to write to them.

import type { Command } from 'commander';
import { type BreachReport, breachReport } from '../audit/breach.ts';
import { type BreachNamed, householdNotice, regulatorNotice } from '../audit/words/en.ts';
import { readConfig } from '../config.ts';
import { lineOf } from '../ledger/log-in-force.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { type LocalDate, parseLocalDate } from '../lib/local-date.ts';
import { defaultZone } from '../metering/source.ts';
import { findThirdParty } from '../registry/registry-store.ts';
import { UsageError } from './failure.ts';
import { withDatabase } from './opened.ts';
import { openOutput, table } from './output.ts';

interface BreachOptions {
  readonly thirdParty: string;
  readonly from: string;
  readonly to: string;
  readonly json?: true;
}

export function addBreachCommand(program: Command): void {
  program
    .command('breach')
    .description('from the ledger: which households, days and resolutions a breach at a third party reached')
    .requiredOption('--third-party <id>', 'where it happened')
    .requiredOption('--from <date>', 'the first day of it')
    .requiredOption('--to <date>', 'the first day on which it was over')
    .option('--json', 'answer as JSON, with a draft notice for each household and one for the regulator')
    .action(async (options: BreachOptions) => {
      const [from, to] = [dateOf('--from', options.from), dateOf('--to', options.to)];
      if (from >= to) throw new UsageError('--to is a later day than --from');
      // As the application: the regulator’s reader cannot tell whose an entry is.
      const { name, report } = await withDatabase(
        readConfig(),
        async ({ db, log }) => {
          const thirdParty = await findThirdParty(db, options.thirdParty);
          if (thirdParty === null) throw new Error(`there is no third party ${options.thirdParty}`);
          const question = { logs: lineOf(log), thirdParty, from, to, zone: defaultZone };
          return { name: thirdParty.tradingName, report: await breachReport(db, question) };
        },
        { writes: true },
      );
      const breach = { thirdParty: name, from, to };
      openOutput(options.json ?? false).answer(
        asJson(options.thirdParty, breach, report),
        inWords(breach, report),
      );
    });
}

function dateOf(option: string, text: string): LocalDate {
  const date = parseLocalDate(text);
  if (date === null) throw new UsageError(`${option}: ${text} is not a date such as 2026-01-31`);
  return date;
}

const asJson = (clientId: string, breach: BreachNamed, report: BreachReport): JsonValue => ({
  third_party: clientId,
  from: breach.from,
  to: breach.to,
  households: report.households.map((one) => ({
    household_id: one.householdId,
    emails: [...one.emails],
    addresses: [...one.addresses],
    readings: one.readings.map(({ windows, ...reading }) => ({
      ...reading,
      windows: windows.map((window) => ({ ...window })),
    })),
    read_during: [...one.readDuring],
    held_from_before: [...one.heldFromBefore],
    draft_notice: householdNotice(breach, one),
  })),
  erased: report.erased,
  voided: report.voided,
  by_order: report.byOrder,
  draft_notice_regulator: regulatorNotice(breach, report),
});

function inWords(breach: BreachNamed, report: BreachReport): string {
  const rows = report.households.flatMap((one) =>
    one.readings.map(({ resolution, register, windows }) => [
      one.householdId,
      resolution,
      register,
      windows.map(({ from, to }) => `${from}..${to}`).join(' '),
    ]),
  );
  const [first] = report.households;
  return [
    regulatorNotice(breach, report),
    ...(first === undefined
      ? []
      : [
          '',
          table([['HOUSEHOLD', 'RESOLUTION', 'REGISTER', 'DAYS (end not meant)'], ...rows]),
          '',
          `Draft for ${first.householdId} (--json has one for each):`,
          '',
          householdNotice(breach, first),
        ]),
  ].join('\n');
}
