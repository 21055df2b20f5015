// How somebody becomes an operator at the page: they make a passkey first. With a joining code they are one at once; without,
// they hand its public key to an operator, who proposes them.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { idPattern, newId, type OperatorId } from '../../lib/ids.ts';
import { joinWithCode } from '../../operator/joining.ts';
import { operatorName } from '../../operator/operator.ts';
import { OperatorKeyFault, thumbprintOf } from '../../operator/operator-key.ts';
import { keyOfPasskey, passkeyOwnerOf } from '../../operator/passkey-proof.ts';
import { listPasskeys, offerRegistration, type Passkey, registerPasskey } from '../../passkey/passkeys.ts';
import { errorSummary, type FieldError, textField } from '../components/form.ts';
import { passkeyForm } from '../components/passkey-form.ts';
import { html } from '../html.ts';
import { sendPage } from '../layout.ts';
import { operatorPages as words } from '../words/operator-en.ts';
import { frameOf, type OperatorPageParts } from './visitor.ts';

/** Whom the passkey is made for: an operator to be. It names, and proves nothing. */
const candidateCookie = 'stabledoor_operator_join';
const candidateSeconds = 86_400;

const makeForm = z.object({ passkey: z.string().max(48 * 1024), name: z.string().max(200) });
const codeForm = z.object({ code: z.string().max(60) });

export function joinPages(router: Router, parts: OperatorPageParts): void {
  const { cookies, limiter, operators, party } = parts;
  const { db } = operators;
  router.get('/operator/join', limitRequests(limiter, 'sign-in', addressOf), async (_req, res) => {
    await showMake(res, parts, []);
  });
  router.post(
    '/operator/join',
    limitRequests(limiter, 'sign-in-code', addressOf),
    formBody(),
    async (req, res) => {
      const { passkey: answer, name } = validate(makeForm, req.body);
      const candidate = cookies.find(req, candidateCookie) ?? '';
      if (!operatorName.safeParse(name).success)
        return showMake(res, parts, [{ field: 'name', text: words.badName }]);
      const owner = idPattern('operator').test(candidate) ? passkeyOwnerOf(candidate as OperatorId) : null;
      const made = owner && (await registerPasskey({ db, party }, { owner, label: name, answer }));
      if (made === null) return showMake(res, parts, [{ field: 'operator-join', text: words.notMade }]);
      res.redirect(303, '/operator/join/code');
    },
  );
  const candidateOf = async (cookie: string | null): Promise<Passkey | null> =>
    cookie !== null && idPattern('operator').test(cookie)
      ? ((await listPasskeys(db, passkeyOwnerOf(cookie as OperatorId)))[0] ?? null)
      : null;
  router.get('/operator/join/code', async (req, res) => {
    const passkey = await candidateOf(cookies.find(req, candidateCookie));
    if (passkey === null) return res.redirect(303, '/operator/join');
    showCode(res, parts, passkey, []);
  });
  router.post(
    '/operator/join/code',
    limitRequests(limiter, 'sign-in-code', addressOf),
    formBody(),
    async (req, res) => {
      const { code } = validate(codeForm, req.body);
      const passkey = await candidateOf(cookies.find(req, candidateCookie));
      if (passkey === null) return res.redirect(303, '/operator/join');
      const newcomer = { name: passkey.label, role: 'administrator', key: keyOfPasskey(passkey) } as const;
      try {
        await joinWithCode(operators, newcomer, code, passkey.owner as string as OperatorId);
      } catch (error) {
        if (!(error instanceof StabledoorError) || error.status >= 500) throw error;
        const text = error.code === 'joining_code_invalid' ? words.badCode : error.message;
        return showCode(res, parts, passkey, [{ field: 'code', text }]);
      }
      cookies.clear(res, candidateCookie);
      res.redirect(303, '/operator/sign-in');
    },
  );
}

async function showMake(
  res: Response,
  parts: OperatorPageParts,
  errors: readonly FieldError[],
): Promise<void> {
  const candidate = newId('operator');
  parts.cookies.set(res, candidateCookie, candidate, candidateSeconds);
  const options = await offerRegistration(
    { db: parts.operators.db, party: parts.party },
    { owner: passkeyOwnerOf(candidate), name: words.name },
  );
  // RSA, which a householder may use, stands in no entry.
  const pubKeyCredParams = options.pubKeyCredParams.filter(({ alg }) => alg === -7 || alg === -8);
  const page = {
    ...{ title: words.joinTitle, script: true, hasError: errors.length > 0 },
    status: errors.length > 0 ? 400 : 200,
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${words.joinTitle}</h1>
<p class="govuk-body">${words.joinWhat}</p>
${passkeyForm({
  ...{ id: 'operator-join', action: '/operator/join', use: 'create' },
  options: { ...options, pubKeyCredParams },
  fields: textField(
    { id: 'name', label: words.joinName, hint: words.joinNameHint, autocomplete: 'name' },
    errors,
  ),
  ...{ button: words.joinMake, without: words.without, failed: words.failed },
})}`,
  };
  sendPage(res, page, frameOf(res, parts));
}

function showCode(
  res: Response,
  parts: OperatorPageParts,
  passkey: Passkey,
  errors: readonly FieldError[],
): void {
  const { publicKey, passkeyId } = keyOf(passkey);
  const handed = JSON.stringify({ key: JSON.parse(publicKey), passkey_id: passkeyId });
  const page = {
    ...{ title: words.codeTitle, hasError: errors.length > 0, status: errors.length > 0 ? 400 : 200 },
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${words.codeTitle}</h1>
<p class="govuk-body">${words.codeWhat}</p>
<form id="operator-code" method="post" action="/operator/join/code" novalidate>
${textField({ id: 'code', label: words.code, autocomplete: 'one-time-code' }, errors)}
<button id="continue" class="govuk-button">${words.codeJoin}</button>
</form>
<p class="govuk-body">${words.handOver}</p>
<pre class="govuk-body site-mail" data-public-key tabindex="0">${handed}</pre>
<p class="govuk-body site-mail">${words.fingerprint}: <code data-fingerprint>${thumbprintOf(publicKey)}</code></p>`,
  };
  sendPage(res, page, frameOf(res, parts));
}

function keyOf(passkey: Passkey) {
  try {
    return keyOfPasskey(passkey);
  } catch (error) {
    if (!(error instanceof OperatorKeyFault)) throw error;
    throw new StabledoorError('invalid_request', error.message);
  }
}
