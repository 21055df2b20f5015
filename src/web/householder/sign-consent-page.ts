// Signing with a passkey what was just chosen, where the giver has one. Whoever signed in with a code and does not have it at
// hand shares with that code, and the record says so; whoever signed in with the passkey signs with it.
import type { Response } from 'express';
import { z } from 'zod';
import type { Consent } from '../../consent/consents.ts';
import {
  type ConsentSignature,
  type ConsentToSign,
  consentChallenge,
  newSalts,
} from '../../consent/sign-consent.ts';
import { wordingLine } from '../../consent/wording.ts';
import { resolutionWords } from '../../consent/words/en.ts';
import { ownerOf } from '../../household/passkey-sign-in.ts';
import { listPasskeys, offerAssertion, type RelyingParty, takeAssertion } from '../../passkey/passkeys.ts';
import { errorSummary } from '../components/form.ts';
import { passkeyForm } from '../components/passkey-form.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, sendPage } from '../layout.ts';
import { passkeys, signConsent } from '../words/en.ts';
import { frameOf, type VisitorParts, visitorOf } from './visitor.ts';

export interface SigningParts extends VisitorParts {
  /** Null where there are no passkeys. */
  readonly party: RelyingParty | null;
}

const salt = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
/** What the forms of this page bring besides the choice. */
export const signingFields = {
  passkey: z
    .string()
    .max(48 * 1024)
    .optional(),
  salt: salt.optional(),
  home_salt: salt.optional(),
  sign: z.literal('code').optional(),
};
type Signing = z.output<z.ZodObject<typeof signingFields>>;

export interface Signed {
  readonly signedBy: 'code' | 'passkey';
  readonly signature?: ConsentSignature;
}

const use = 'consent';

interface Chosen {
  readonly consent: Consent;
  readonly toSign: ConsentToSign;
  readonly action: string;
  /** The choice again, as hidden fields. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What the giver proved with; null where they were asked to sign, and the page for it was sent. */
export async function signedBy(
  res: Response,
  parts: SigningParts,
  answer: Signing,
  chosen: Chosen,
): Promise<Signed | null> {
  const { occupierId, signedInBy } = visitorOf(res);
  const { db, party } = parts;
  const owner = ownerOf(occupierId);
  const own = party === null ? [] : await listPasskeys(db, owner);
  if (party === null || own.length === 0) return { signedBy: signedInBy };
  if (answer.sign === 'code' && signedInBy === 'code') return { signedBy: 'code' };
  const { passkey, salt: given, home_salt: homeSalt } = answer;
  const subject = chosen.consent.consentId;
  if (passkey && given && homeSalt) {
    const salts = { salt: given, homeSalt };
    const challenge = consentChallenge(chosen.toSign, salts);
    const expected = { use, subject, ownerKind: 'occupier', owner, challenge, answer: passkey } as const;
    const taken = await takeAssertion({ db, party }, expected);
    if (taken !== null) return { signedBy: 'passkey', signature: { ...salts, ...taken } };
  }
  const salts = newSalts();
  const challenge = consentChallenge(chosen.toSign, salts);
  const options = await offerAssertion({ db, party }, { use, subject, owner, challenge });
  const hasFailed = passkey !== undefined;
  sendPage(res, signPage(res, chosen, { options, salts, hasFailed }), frameOf(res, parts));
  return null;
}

function signPage(
  res: Response,
  { consent, toSign, action, fields }: Chosen,
  asked: { options: object; salts: ReturnType<typeof newSalts>; hasFailed: boolean },
) {
  const { formToken, signedInBy } = visitorOf(res);
  const errors = asked.hasFailed ? [{ field: 'sign', text: signConsent.refused }] : [];
  const all: Html = html`${formTokenField(formToken)}${hidden('decision', 'share')}${fields.map(([name, value]) => hidden(name, value))}`;
  return {
    title: signConsent.title,
    script: true,
    hasError: asked.hasFailed,
    status: asked.hasFailed ? 400 : 200,
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${signConsent.title}</h1>
<p class="govuk-body">${wordingLine(consent.wording, 'title')}</p>
<p class="govuk-body">${resolutionWords[toSign.terms.resolution].name}</p>
<p class="govuk-body">${signConsent.what}</p>
${passkeyForm({
  ...{ id: 'sign', action, use: 'get', options: asked.options },
  fields: html`${all}${hidden('salt', asked.salts.salt)}${hidden('home_salt', asked.salts.homeSalt)}`,
  ...{ button: signConsent.sign, without: signConsent.without, failed: passkeys.failed },
})}
${
  signedInBy === 'code' &&
  html`<form id="sign-by-code" method="post" action="${action}">${all}${hidden('sign', 'code')}
<p class="govuk-body">${signConsent.codeWhat}</p>
<button class="govuk-button govuk-button--secondary">${signConsent.byCode}</button></form>`
}
<p class="govuk-body"><a class="govuk-link" href="${action}">${signConsent.back}</a></p>`,
  };
}

const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">`;
