// Drafts of what is written after a breach at a third party, in English: to each household, and to the regulator. Drafts: a
// person reads them, adds what the third party says, and sends them.
import { dateWords, resolutionWords } from '../../consent/words/en.ts';
import { addDays, localDate } from '../../lib/local-date.ts';
import type { BreachReport, ReachedHousehold, ReachedReadings } from '../breach.ts';

export interface BreachNamed {
  readonly thirdParty: string;
  readonly from: string;
  readonly to: string;
}

const lastDay = (to: string): string => dateWords(addDays(localDate(to), -1));
const between = (from: string, to: string): string =>
  addDays(localDate(from), 1) === to ? dateWords(from) : `${dateWords(from)} to ${lastDay(to)}`;

const howFine = (resolution: string): { name: string; shows: string } =>
  resolutionWords[resolution === 'PT1H' ? 'PT30M' : (resolution as keyof typeof resolutionWords)];

const readingsLines = (readings: readonly ReachedReadings[]): string[] =>
  readings.flatMap(({ resolution, windows }) => [
    `- ${howFine(resolution).name}: ${windows.map(({ from, to }) => between(from, to)).join('; ')}.`,
    `  ${howFine(resolution).shows}`,
  ]);

/** For one household. */
export const householdNotice = (breach: BreachNamed, { readings }: ReachedHousehold): string =>
  [
    `Something went wrong at ${breach.thirdParty}`,
    '',
    `From ${between(breach.from, breach.to)} someone may have seen what ${breach.thirdParty} knows of your energy use.`,
    'You had shared it, or it was read by another right that your pages here name.',
    '',
    'What may have been seen:',
    ...readingsLines(readings),
    '',
    'What it does not hold from us: your name, your e-mail, your address, your bank details.',
    `What you can do: ask ${breach.thirdParty} what happened and what it does now. You can stop what you share with it at any`,
    'time on your pages here. That ends new looks. It cannot bring back what was seen.',
    '',
    'You can complain to us, or to the Information Commissioner (ico.org.uk).',
  ].join('\n');

/** For the Information Commissioner: UK GDPR article 33 gives 72 hours. */
export const regulatorNotice = (breach: BreachNamed, report: BreachReport): string => {
  const finest = new Map<string, number>();
  for (const { readings } of report.households)
    for (const resolution of new Set(readings.map((one) => one.resolution)))
      finest.set(resolution, (finest.get(resolution) ?? 0) + 1);
  return [
    `Breach at ${breach.thirdParty}, ${between(breach.from, breach.to)}`,
    '',
    `Households whose readings it may have reached: ${report.households.length}.`,
    ...[...finest].map(([resolution, count]) => `- ${howFine(resolution).name}: ${count}`),
    ...(report.erased === 0
      ? []
      : [`Reads of households that were erased since, and cannot be told: ${report.erased}.`]),
    ...(report.byOrder === 0
      ? []
      : [`Reads by lawful orders, whom each concerns stands in the order: ${report.byOrder}.`]),
    'Counted: what was read while it lasted, and what had been read before and was within the time for which it says it keeps it.',
    'Each read is an entry of the ledger; an export proves the list.',
    '',
    'To be added by whoever sends this: what happened, what the third party did, whom to ask.',
  ].join('\n');
};
