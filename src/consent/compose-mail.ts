// Makes the mails about a consent when they are sent, from what holds then: of a consent that is over by then nothing is
// said, and a reminder has a stop link of its own.
import { findOccupier } from '../household/household-store.ts';
import { addDays, localDateAt } from '../lib/local-date.ts';
import type { Mail } from '../notify/mail.ts';
import type { DueMail } from '../notify/mail-store.ts';
import { findThirdParty } from '../registry/registry-store.ts';
import { stateAt } from './consent.ts';
import { type Consent, findConsent } from './consent-store.ts';
import { type IssuedReceipt, issueReceipt, type ReceiptParts } from './issue-receipt.ts';
import { dataWords, dateWords, whyWords } from './words/en.ts';
import { consentMail, type MailWords, restoredMail } from './words/mail-en.ts';

const zone = 'Europe/London';

/** Null where there is nothing to say any more, or nobody to say it to. Errors: those of `issueReceipt`. */
export const composeConsentMail =
  (parts: ReceiptParts) =>
  async (due: DueMail): Promise<Mail | null> => {
    const consent = await findConsent(parts.db, due.consentId);
    const occupier = await findOccupier(parts.db, due.occupierId);
    if (consent === null || occupier === null) return null;
    if (due.kind === 'restored') return await restoredMailTo(occupier.email, consent, parts);
    if (stateAt(consent, parts.clock.nowMs()) !== 'given') return null;
    // A receipt of a version that was narrowed since: that of the newer one is on its way.
    if (due.kind === 'receipt' && consent.version > due.number) return null;
    const issued = await issueReceipt(parts, due.consentId);
    const { subject, text } = consentMail[due.kind](wordsOf(issued, parts.issuer));
    return {
      ...{ to: occupier.email, subject, text, reference: `${due.kind} of ${due.consentId}` },
      ...(due.kind === 'receipt'
        ? { attachment: { name: 'consent-receipt.jws', type: 'application/jose', content: issued.jws } }
        : {}),
    };
  };

/** A consent that ended with its log: the only mail about one that is over. */
async function restoredMailTo(to: string, consent: Consent, { db, issuer }: ReceiptParts): Promise<Mail> {
  const party = await findThirdParty(db, consent.clientId);
  const { purpose } = consent.terms;
  const words = restoredMail({
    party: party?.tradingName ?? consent.clientId,
    why: whyWords(purpose),
    page: `${issuer}/consents`,
  });
  return { to, ...words, reference: `restored of ${consent.consentId}` };
}

function wordsOf({ consent, partyName, stopLink }: IssuedReceipt, issuer: string): MailWords {
  const { purpose, fuels, registers, resolution, from, until } = consent.terms;
  return {
    party: partyName,
    why: whyWords(purpose),
    what: dataWords(fuels, registers, resolution),
    firstDay: dateWords(from),
    lastDay: dateWords(addDays(until, -1)),
    ends: dateWords(localDateAt(consent.expiresAt?.getTime() ?? 0, zone)),
    stopLink,
    page: `${issuer}/consents`,
  };
}
