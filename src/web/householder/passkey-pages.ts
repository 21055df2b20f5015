// Signing in with a passkey, and an occupier's own passkeys: shown, added, removed. Each change is told by mail, so that
// whoever sits at somebody else's open page does not add one unseen.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { dateWords } from '../../consent/words/en.ts';
import { offerPasskeySignIn, openPasskeySession, ownerOf } from '../../household/passkey-sign-in.ts';
import { sessionLifetimeSeconds } from '../../household/session.ts';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { localDateAt } from '../../lib/local-date.ts';
import { defaultZone } from '../../metering/source.ts';
import {
  challengeLifetimeSeconds,
  deletePasskey,
  listPasskeys,
  offerRegistration,
  type Passkey,
  type RelyingParty,
  registerPasskey,
} from '../../passkey/passkeys.ts';
import { errorSummary, type FieldError, textField } from '../components/form.ts';
import { passkeyForm } from '../components/passkey-form.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page, sendPage } from '../layout.ts';
import { passkeyMail, passkeys, site } from '../words/en.ts';
import { returnPath, type SignInParts } from './sign-in-pages.ts';
import { frameOf, requireFormToken, requireSession, sessionCookie, sessionOf, visitorOf } from './visitor.ts';

const browserCookie = 'stabledoor_passkey';

export interface PasskeyPageParts extends SignInParts {
  readonly party: RelyingParty;
}

const answerText = z.string().max(48 * 1024);
const signInForm = z.object({ passkey: answerText, return_to: z.string().max(4096).optional() });
const addForm = z.object({ passkey: answerText, label: z.string().max(200) });
const removeForm = z.object({ credential: z.string().regex(/^[A-Za-z0-9_-]{1,1364}$/) });

export function passkeyPages(router: Router, parts: PasskeyPageParts): void {
  signInRoutes(router, parts);
  const { db } = parts;
  router.get('/passkeys', requireSession, (_req, res) => showPasskeys(res, parts, []));
  router.post('/passkeys', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { passkey, label } = validate(addForm, req.body);
    if (label.trim() === '') return showPasskeys(res, parts, [{ field: 'label', text: passkeys.badLabel }]);
    const { occupierId } = visitorOf(res);
    const added = await registerPasskey(parts, { owner: ownerOf(occupierId), label, answer: passkey });
    if (added === null) return showPasskeys(res, parts, [{ field: 'label', text: passkeys.notAdded }]);
    tellOwner(res, parts, label, true);
    res.redirect(303, '/passkeys');
  });
  router.post('/passkeys/remove', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { credential } = validate(removeForm, req.body);
    const owner = ownerOf(visitorOf(res).occupierId);
    const own = (await listPasskeys(db, owner)).find((each) => idOf(each) === credential);
    if (own !== undefined && (await deletePasskey(db, owner, own.credentialId)))
      tellOwner(res, parts, own.label, false);
    res.redirect(303, '/passkeys');
  });
}

function signInRoutes(router: Router, parts: PasskeyPageParts): void {
  const { cookies, limiter } = parts;
  router.get('/sign-in/passkey', limitRequests(limiter, 'sign-in', addressOf), async (req, res) => {
    const returnTo = returnPath(req.query.return_to);
    if (sessionOf(res) !== null) return res.redirect(303, returnTo);
    await showSignIn(res, parts, returnTo, []);
  });
  router.post(
    '/sign-in/passkey',
    limitRequests(limiter, 'sign-in-code', addressOf),
    formBody(),
    async (req, res) => {
      const { passkey: answer, return_to } = validate(signInForm, req.body);
      const browser = cookies.find(req, browserCookie);
      const token = browser === null ? null : await openPasskeySession(parts, { browser, answer });
      if (token === null)
        return showSignIn(res, parts, returnPath(return_to), [
          { field: 'passkey-sign-in', text: passkeys.refused },
        ]);
      cookies.clear(res, browserCookie);
      cookies.set(res, sessionCookie, token, sessionLifetimeSeconds);
      res.redirect(303, returnPath(return_to));
    },
  );
}

async function showSignIn(
  res: Response,
  parts: PasskeyPageParts,
  returnTo: string,
  errors: readonly FieldError[],
): Promise<void> {
  const { browser, options } = await offerPasskeySignIn(parts);
  parts.cookies.set(res, browserCookie, browser, challengeLifetimeSeconds);
  sendPage(res, signInPage(options, returnTo, errors), frameOf(res, parts));
}

async function showPasskeys(
  res: Response,
  parts: PasskeyPageParts,
  errors: readonly FieldError[],
): Promise<void> {
  const { occupierId, email, formToken } = visitorOf(res);
  const owner = ownerOf(occupierId);
  const own = await listPasskeys(parts.db, owner);
  const options = await offerRegistration(parts, { owner, name: email });
  sendPage(res, passkeysPage({ own, options, formToken, errors }), frameOf(res, parts));
}

function tellOwner(res: Response, { mailer }: PasskeyPageParts, label: string, added: boolean): void {
  const { email, occupierId } = visitorOf(res);
  const name = label
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 60);
  const [subject, text] = [passkeyMail.subject(added), passkeyMail.text(name, added)];
  mailer.send({ to: email, subject, text, reference: `passkey of ${occupierId}` });
}

const signInPage = (options: object, returnTo: string, errors: readonly FieldError[]): Page => ({
  title: passkeys.signInTitle,
  script: true,
  hasError: errors.length > 0,
  status: errors.length > 0 ? 400 : 200,
  body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${passkeys.signInTitle}</h1>
<p class="govuk-body">${passkeys.signInWhat}</p>
${passkeyForm({
  ...{ id: 'passkey-sign-in', action: '/sign-in/passkey', use: 'get', options },
  fields: html`<input type="hidden" name="return_to" value="${returnTo}">`,
  ...{ button: passkeys.use, without: passkeys.without, failed: passkeys.failed },
})}
<p class="govuk-body"><a class="govuk-link" href="/sign-in?return_to=${encodeURIComponent(returnTo)}">${passkeys.codeInstead}</a></p>`,
});

interface PasskeysPage {
  readonly own: readonly Passkey[];
  readonly options: object;
  readonly formToken: string;
  readonly errors: readonly FieldError[];
}

const passkeysPage = ({ own, options, formToken, errors }: PasskeysPage): Page => ({
  title: passkeys.title,
  script: true,
  hasError: errors.length > 0,
  status: errors.length > 0 ? 400 : 200,
  body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${passkeys.title}</h1>
<p class="govuk-body">${passkeys.what}</p>
<p class="govuk-body">${passkeys.stays}</p>
<h2 class="govuk-heading-m">${passkeys.yours}</h2>
${own.length === 0 && html`<p class="govuk-body">${passkeys.none}</p>`}
${own.map((passkey) => card(passkey, formToken))}
<h2 class="govuk-heading-m">${passkeys.add}</h2>
${passkeyForm({
  ...{ id: 'passkey-add', action: '/passkeys', use: 'create', options },
  fields: html`${formTokenField(formToken)}${textField({ id: 'label', label: passkeys.label, hint: passkeys.labelHint, width: '20' }, errors)}`,
  ...{ button: passkeys.add, without: passkeys.without, failed: passkeys.failed },
})}
<p class="govuk-body"><a class="govuk-link" href="/consents">${site.consents}</a></p>`,
});

const idOf = ({ credentialId }: Passkey): string => credentialId.toString('base64url');
const dayOf = (at: Date): string => dateWords(localDateAt(at.getTime(), defaultZone));

const card = (
  passkey: Passkey,
  formToken: string,
): Html => html`<div class="govuk-summary-card" data-passkey-card>
<div class="govuk-summary-card__title-wrapper"><h3 class="govuk-summary-card__title">${passkey.label}</h3></div>
<div class="govuk-summary-card__content">
<p class="govuk-body">${passkeys.added(dayOf(passkey.addedAt))}. ${passkey.usedAt && `${passkeys.used(dayOf(passkey.usedAt))}.`}
${passkey.synced && passkeys.synced}</p>
<form method="post" action="/passkeys/remove">${formTokenField(formToken)}
<input type="hidden" name="credential" value="${idOf(passkey)}">
<button class="govuk-button govuk-button--secondary govuk-!-margin-bottom-0 remove">${passkeys.remove}<span class="govuk-visually-hidden"> ${passkeys.removeWhich(passkey.label)}</span></button>
</form></div></div>`;
