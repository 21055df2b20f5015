// Every sentence of a consent request, in English: fixed purposes, fixed steps, said in our words and never a third party's.
// No sentence may promise what we cannot keep or push anybody: a test reads this file for the words we do not say.
import type { Fuel } from '../../household/meter-point.ts';
import type { Purpose, Register, ThirdPartyClass } from '../../policy/request.ts';
import type { Resolution } from '../../registry/purposes.ts';

/** Raised whenever a sentence here changes: it is kept with each consent. A test holds it to that. */
export const wordsVersion = 2;

export const classNames: Readonly<Record<ThirdPartyClass, string>> = {
  supplier: 'an energy supplier',
  'network-operator': 'the company that runs the wires',
  'price-comparison': 'a price comparison site',
  'energy-adviser': 'an energy adviser',
  insurer: 'an insurer',
  council: 'a council',
  advertiser: 'an advertiser',
  researcher: 'a researcher',
  'lawful-authority': 'a public authority',
};

const restsOnYes = 'They may look because you say yes, and for no other reason.';
const noBenefits = 'Saying no changes nothing about your benefits or your housing.';

/** Every purpose of the table; those that nobody is asked for are told on the pages about access without consent. */
export const purposeWords: Readonly<Record<Purpose, { why: string; notices: readonly string[] }>> = {
  billing: { why: 'to bill you.', notices: [] },
  'billing-time-of-use': { why: 'to bill you by the time of day.', notices: [] },
  service: {
    why: 'to look after your energy account.',
    notices: ['They may not use this for adverts or offers.'],
  },
  settlement: { why: 'to share out the cost of energy between suppliers.', notices: [] },
  forecasting: { why: 'to plan how much energy to buy.', notices: [] },
  marketing: {
    why: 'to choose adverts and offers for you.',
    notices: ['This does not let them phone, e-mail or text you.'],
  },
  'tariff-comparison': { why: 'to compare energy prices for you.', notices: [] },
  'energy-advice': { why: 'to advise you on how you use energy.', notices: [] },
  automation: {
    why: 'to plan when things in your home run.',
    notices: ['They may read. They cannot switch anything on or off with this.'],
  },
  underwriting: {
    why: 'to set the price of your insurance.',
    notices: ['Long times away may change what an insurer offers you.'],
  },
  claim: {
    why: 'to check an insurance claim that you made.',
    notices: ['You can share fewer days than they ask for: those of the claim.'],
  },
  'fuel-poverty': {
    why: 'to find out who could get help with energy bills.',
    notices: [restsOnYes, noBenefits],
  },
  vulnerability: {
    why: 'to find out who could get extra help at home.',
    notices: [restsOnYes, noBenefits],
  },
  'network-planning': { why: 'to plan the wires. It gets totals of many homes, not yours.', notices: [] },
  'area-planning': { why: 'to plan for an area. It gets totals of many homes, not yours.', notices: [] },
  'council-tax': { why: 'to check council tax. We refuse this.', notices: [] },
  research: { why: 'to study how homes use energy.', notices: [] },
  'lawful-order': { why: 'because a court or a law ordered it.', notices: [] },
};

export const whyWords = (purpose: Purpose): string => purposeWords[purpose].why;

export const resolutionWords = {
  P1M: {
    name: 'Month by month',
    shows: 'How much you use each month. It can hint at how you heat, and at a long time away.',
  },
  P1D: {
    name: 'Day by day',
    shows: 'How much you use each day. It also shows days when nobody was home.',
  },
  PT30M: {
    name: 'Every half hour',
    shows:
      'How much you use in each half hour. It can show when your home is empty, your daily routine and what is always ' +
      'switched on. Homes can be told apart by it. Where children live, it also shows school days and bedtimes.',
  },
} as const;

export const registerWords = {
  import: 'Electricity you buy',
  export: 'Electricity you send to the grid',
  generation: 'Electricity you make',
} as const;

/** What is read, in a line each: the kind of reading, and how fine. Gas is measured by one register. */
export const dataWords = (fuels: readonly Fuel[], registers: readonly Register[], resolution: Resolution) => {
  const fine = resolutionWords[resolution].name.toLowerCase();
  const kinds = fuels.flatMap((fuel) =>
    fuel === 'gas' ? ['Gas you use'] : registers.map((register) => registerWords[register]),
  );
  return kinds.map((kind) => `${kind}, ${fine}`);
};

export const sentences = {
  title: (party: string) => `Share your energy use with ${party}?`,
  who: (name: string, kind: string, number: string) =>
    `${name} is ${kind}${number === '' ? '' : `, registered as ${number}`}. ` +
    'We checked who it is, not how good it is.',
  why: (purpose: string) => `Why: ${purpose}`,
  quote: (party: string, note: string) => `${party} says: “${note}”`,
  howMuch: 'How much may they see?',
  whichMeter: 'Which meter?',
  whichRegister: 'Which readings?',
  meter: (fuel: 'electricity' | 'gas', bought: boolean, address: string) =>
    `${fuel === 'gas' ? 'Gas' : bought ? registerWords.import : 'Electricity'}, ${address}`,
  notAsked: (meter: string) => `${meter}: they did not ask for this.`,
  notLinked: (meter: string) => `${meter}: show first that you live there, with a new code from the post.`,
  notYours: (meter: string) => `${meter}: this was not your home at that time.`,
  when: (first: string, last: string) => `When: ${first} to ${last}.`,
  once: 'They may look one time at each meter. Nothing from after that.',
  ongoing: (last: string) => `They may look as often as they like until ${last}. Nothing from after that.`,
  past: 'They may look for 30 days from today. Nothing from after those dates.',
  whoElse: (party: string, others: readonly string[], days: number) =>
    `Who else: ${party} says ${others.length === 0 ? 'nobody' : others.join(', ')}, ` +
    `and that it deletes this after ${days} ${days === 1 ? 'day' : 'days'}. We cannot check that.`,
  everyone: 'This is about everyone who lives with you.',
  giver: 'By sharing you say: I am 18 or over, I live here, and I am answering for my home.',
  giverAs: {
    attorney:
      'By sharing you say: I am 18 or over, and I answer for this home as an attorney, within my authority.',
    deputy:
      'By sharing you say: I am 18 or over, and I answer for this home as a deputy, within my authority.',
  },
  stopping:
    'You can stop at any time: here, by phone or by post. Stopping ends all new looks. ' +
    'It cannot bring back what they have seen.',
  sayingNo: 'Saying no changes nothing about your supply.',
  password: 'They never need your password.',
} as const;

const longDate = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/** `2026-11-01` as “1 November 2026”. */
export const dateWords = (date: string): string => longDate.format(new Date(`${date}T00:00:00Z`));
