// A consent as a letter: every fact of it and the words that were shown, as plain text. Pure.
import type { HouseholdMeterPoint } from '../household/meter-point.ts';
import { addDays, localDateAt } from '../lib/local-date.ts';
import { type ConsentEvent, stateAt } from './consent.ts';
import type { Consent } from './consent-store.ts';
import { wordingText } from './wording.ts';
import { dateWords, resolutionWords, whyWords } from './words/en.ts';
import { letterWords, nowWords, stepWords } from './words/letter.ts';

export interface LetterFacts {
  readonly consent: Consent;
  readonly party: string;
  readonly meterPoints: readonly HouseholdMeterPoint[];
  readonly steps: readonly { readonly event: string; readonly at: Date; readonly index: number | null }[];
  readonly nowMs: number;
  /** Where it is stopped. */
  readonly page: string;
  readonly phone: string | null;
}

export interface Letter {
  readonly title: string;
  /** What stands below the title. */
  readonly body: string;
  /** Both. Lines of at most 78 letters, where words are no longer; ends in a line feed. */
  readonly text: string;
}

export function consentLetter(facts: LetterFacts): Letter {
  const { consent, party, nowMs } = facts;
  const { terms } = consent;
  const own = facts.meterPoints.filter((point) =>
    consent.meterPoints.some((each) => each.meterPointId === point.meterPointId),
  );
  const zone = own[0]?.zone ?? facts.meterPoints[0]?.zone ?? 'Europe/London';
  const dayOf = (at: Date | number) => dateWords(localDateAt(Number(at), zone));
  const given = consent.version > 0;
  const row = (name: string, value: string) => (value === '' ? [] : [`${name}: ${value}`]);
  const title = given ? letterWords.title(party) : letterWords.asked(party);
  const lines = [
    letterWords.now(nowWords[stateAt(consent, nowMs)], dayOf(nowMs)),
    ...row(letterWords.why, whyWords(terms.purpose)),
    ...row(letterWords.howMuch, resolutionWords[terms.resolution].name),
    ...row(
      letterWords.meters,
      [...new Set(own.map(({ address, fuel }) => `${fuel}, ${address}`))].join('; '),
    ),
    ...row(letterWords.days, `${dateWords(terms.from)} – ${dateWords(addDays(terms.until, -1))}`),
    ...(consent.expiresAt && given ? row(letterWords.ends, dayOf(consent.expiresAt)) : []),
    '',
    `${letterWords.since}:`,
    ...facts.steps.map(({ event, at, index }) => letterWords.step(stepOf(event), dayOf(at), index)),
    '',
    `${letterWords.shown}:`,
    '',
    ...wordingText(consent.wording).trimEnd().split('\n'),
    '',
    letterWords.reference(consent.consentId),
    letterWords.stop(facts.page, facts.phone),
    letterWords.noCharge,
  ];
  const body = `${lines.map(wrapped).join('\n')}\n`;
  return { title, body, text: `${wrapped(title)}\n\n${body}` };
}

const stepOf = (event: string): string => stepWords[event as ConsentEvent | 'request'];

/** Broken between words. */
function wrapped(line: string): string {
  const out = [''];
  for (const word of line.split(' ')) {
    const last = out.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > 78) out.push(word);
    else out[out.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return out.join('\n');
}
