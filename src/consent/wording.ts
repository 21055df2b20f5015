// A request for consent in plain words, made only of fixed purposes, fixed steps and registered names. Pure.
// What is shown is exactly these lines, and what is kept is exactly these lines and their digest.
import { createHash } from 'node:crypto';
import type { AuthorityKind } from '../household/authority-store.ts';
import type { HouseholdMeterPoint } from '../household/meter-point.ts';
import { addDays, type LocalDate } from '../lib/local-date.ts';
import type { Purpose, ThirdPartyClass } from '../policy/request.ts';
import { type ConsentTerms, notShareable, offeredResolutions } from './terms.ts';
import {
  classNames,
  dateWords,
  purposeWords,
  registerWords,
  resolutionWords,
  sentences,
  wordsVersion,
} from './words/en.ts';

/** The purposes that a householder can be asked for; the others rest on another right or are refused. */
export const askablePurposes = [
  'billing-time-of-use',
  'service',
  'marketing',
  'tariff-comparison',
  'energy-advice',
  'automation',
  'underwriting',
  'claim',
  'fuel-poverty',
  'vulnerability',
  'research',
] as const satisfies readonly Purpose[];
export type AskablePurpose = (typeof askablePurposes)[number];

export const isAskable = (purpose: string): purpose is AskablePurpose =>
  (askablePurposes as readonly string[]).includes(purpose);

export type WordingPart =
  | 'title'
  | 'who'
  | 'why'
  | 'quote'
  | 'notice'
  | 'how-much'
  | 'resolution'
  | 'resolution-shows'
  | 'which-meter'
  | 'meter'
  | 'meter-not-offered'
  | 'which-register'
  | 'register'
  | 'when'
  | 'who-else'
  | 'everyone'
  | 'giver'
  | 'stopping'
  | 'saying-no'
  | 'password';

export interface WordingLine {
  readonly part: WordingPart;
  readonly text: string;
  /** What the line is about, where a part has several: a resolution, a register, a meter point's id. */
  readonly of?: string;
}

export interface Wording {
  readonly language: 'en';
  readonly version: number;
  readonly lines: readonly WordingLine[];
}

/** The third party as registered; `note` is the approved text that the request names, already looked up. */
export interface AskingParty {
  readonly name: string;
  readonly tradingName: string;
  readonly class: ThirdPartyClass;
  readonly registrationNumber: string;
  readonly recipientNames: readonly string[];
  readonly retentionDays: number;
  readonly note: string | null;
}

export function wordRequest(
  party: AskingParty,
  terms: ConsentTerms & { readonly purpose: AskablePurpose },
  household: readonly HouseholdMeterPoint[],
  today: LocalDate,
  /** What the giver is to whose home it is; null for their own. */
  answersAs: AuthorityKind | null = null,
): Wording {
  const lines = [
    ...aboutParty(party, terms.purpose),
    ...aboutResolution(terms),
    ...aboutMeters(terms, household),
    ...aboutTime(terms, today),
    line('who-else', sentences.whoElse(party.tradingName, party.recipientNames, party.retentionDays)),
    line('everyone', sentences.everyone),
    line('giver', answersAs === null ? sentences.giver : sentences.giverAs[answersAs]),
    line('stopping', sentences.stopping),
    line('saying-no', sentences.sayingNo),
    line('password', sentences.password),
  ];
  return { language: 'en', version: wordsVersion, lines };
}

const line = (part: WordingPart, text: string, of?: string): WordingLine =>
  of === undefined ? { part, text } : { part, text, of };

function aboutParty(party: AskingParty, purpose: AskablePurpose): WordingLine[] {
  const { why, notices } = purposeWords[purpose];
  return [
    line('title', sentences.title(party.tradingName)),
    line('who', sentences.who(party.name, classNames[party.class], party.registrationNumber)),
    line('why', sentences.why(why)),
    ...(party.note === null ? [] : [line('quote', sentences.quote(party.tradingName, party.note))]),
    ...notices.map((notice) => line('notice', notice)),
  ];
}

function aboutResolution(terms: ConsentTerms): WordingLine[] {
  return [
    line('how-much', sentences.howMuch),
    ...offeredResolutions(terms.resolution).flatMap((resolution) => [
      line('resolution', resolutionWords[resolution].name, resolution),
      line('resolution-shows', resolutionWords[resolution].shows, resolution),
    ]),
  ];
}

const obstacles = {
  fuel: sentences.notAsked,
  tenancy: sentences.notYours,
  link: sentences.notLinked,
} as const;

function aboutMeters(terms: ConsentTerms, household: readonly HouseholdMeterPoint[]): WordingLine[] {
  const bought = terms.registers.length === 1 && terms.registers[0] === 'import';
  const meters = household.map((point) => {
    const name = sentences.meter(point.fuel, bought, point.address);
    const obstacle = notShareable(terms, point);
    if (obstacle === null) return line('meter', name, point.meterPointId);
    return line('meter-not-offered', obstacles[obstacle](name));
  });
  const registers = terms.registers.map((register) => line('register', registerWords[register], register));
  return [
    line('which-meter', sentences.whichMeter),
    ...meters,
    ...(bought ? [] : [line('which-register', sentences.whichRegister), ...registers]),
  ];
}

function aboutTime(terms: ConsentTerms, today: LocalDate): WordingLine[] {
  const last = dateWords(addDays(terms.until, -1));
  const looks = terms.once ? sentences.once : terms.until > today ? sentences.ongoing(last) : sentences.past;
  return [line('when', sentences.when(dateWords(terms.from), last)), line('when', looks)];
}

/** The first line of a part; throws RangeError where the wording has none. */
export function wordingLine(wording: Wording, part: WordingPart, of?: string): string {
  const found = wording.lines.find((each) => each.part === part && (of === undefined || each.of === of));
  if (found === undefined) throw new RangeError(`the wording has no ${part}`);
  return found.text;
}

export const wordingLines = (wording: Wording, part: WordingPart): readonly WordingLine[] =>
  wording.lines.filter((each) => each.part === part);

/** The text that was shown: its lines, each ended by a line feed. */
export const wordingText = (wording: Wording): string =>
  wording.lines.map((each) => `${each.text}\n`).join('');

/** SHA-256 of the text in UTF-8, base64. Guessable, so the ledger holds only a salted commitment to it. */
export const wordingDigest = (wording: Wording): string =>
  createHash('sha256').update(wordingText(wording), 'utf8').digest('base64');
