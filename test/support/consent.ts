// A request for consent as a third party makes it, and a consent that was given.
import { type Consent, type ConsentParts, giveConsent, requestConsent } from '../../src/consent/consents.ts';
import type { ConsentChoice, ConsentTerms } from '../../src/consent/terms.ts';
import type { AskablePurpose, AskingParty } from '../../src/consent/wording.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { type ClientId, newId } from '../../src/lib/ids.ts';
import { localDate } from '../../src/lib/local-date.ts';
import type { TestHousehold } from './household.ts';

export const askingParty: AskingParty = {
  name: 'Brightwatt Ltd',
  tradingName: 'Brightwatt',
  class: 'energy-adviser',
  registrationNumber: '01234567',
  recipientNames: [],
  retentionDays: 30,
  note: null,
};

export const askedTerms: ConsentTerms & { purpose: AskablePurpose } = {
  purpose: 'energy-advice',
  fuels: ['electricity'],
  registers: ['import'],
  resolution: 'P1D',
  from: localDate('2025-01-01'),
  until: localDate('2126-01-01'),
  once: false,
  note: null,
};

/** For assert.rejects. */
export const errorIs = (code: string) => (error: unknown) =>
  error instanceof StabledoorError && error.code === code;

let requests = 0;

export const requestOf = (
  home: TestHousehold,
  options: { clientId?: ClientId; terms?: Partial<typeof askedTerms>; requestRef?: string } = {},
) => ({
  householdId: home.householdId,
  occupierId: home.occupierId,
  clientId: options.clientId ?? newId('client'),
  requestRef: options.requestRef ?? `request ${++requests}`,
  terms: { ...askedTerms, ...options.terms },
  party: askingParty,
});

export const choiceOf = (home: TestHousehold, choice: Partial<ConsentChoice> = {}): ConsentChoice => ({
  resolution: 'P1D',
  meterPoints: home.meterPoints.slice(0, 1).map((point) => point.meterPointId),
  ...choice,
});

export async function givenConsent(
  parts: ConsentParts,
  home: TestHousehold,
  options: Parameters<typeof requestOf>[1] & { choice?: Partial<ConsentChoice> } = {},
): Promise<Consent> {
  const { consentId } = await requestConsent(parts, requestOf(home, options));
  return giveConsent(parts, {
    consentId,
    occupierId: home.occupierId,
    choice: choiceOf(home, options.choice),
    signedBy: 'code',
  });
}
