// What waits for an operator, in plain words, and one page a proposal to approve or decline it. The passkey signs exactly the
// proposal that the page shows: its challenge is made of nothing else.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { roleMay } from '../../ledger/operator-acts.ts';
import { errorCatalogue } from '../../lib/error-catalogue.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { idPattern } from '../../lib/ids.ts';
import type { Operator } from '../../operator/operator.ts';
import { listCredentials, listOperators } from '../../operator/operator-store.ts';
import { passkeyOptions, passkeySigner } from '../../operator/passkey-proof.ts';
import { findProposal, listProposals, type Proposal } from '../../operator/proposal-store.ts';
import { actOf, approve, decisionStatement, decline, wordsOf } from '../../operator/proposals.ts';
import { errorSummary, type FieldError } from '../components/form.ts';
import { passkeyForm } from '../components/passkey-form.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { formTokenField, sendPage } from '../layout.ts';
import { operatorPages as words } from '../words/operator-en.ts';
import {
  frameOf,
  type OperatorPageParts,
  requireOperator,
  requireOperatorForm,
  sessionOf,
} from './visitor.ts';

const decisionForm = z.object({ passkey: z.string().max(48 * 1024) });

export function proposalPages(router: Router, parts: OperatorPageParts): void {
  const { operators } = parts;
  router.get('/operator', requireOperator, async (req, res) => {
    const waiting = req.query.all === undefined;
    const found = await listProposals(operators.db, { waiting });
    const names = namesOf(await listOperators(operators.db));
    sendPage(res, listPage(parts, res, found, names), frameOf(res, parts));
  });
  router.get('/operator/proposals/:id', requireOperator, async (req, res) => {
    await showProposal(res, parts, String(req.params.id), []);
  });
  for (const [how, decide] of [
    ['approve', approve],
    ['decline', decline],
  ] as const)
    router.post(
      `/operator/proposals/:id/${how}`,
      formBody(),
      requireOperator,
      requireOperatorForm,
      async (req, res) => {
        const id = String(req.params.id);
        try {
          const { passkey } = validate(decisionForm, req.body);
          const signer = await passkeySigner(operators.db, passkey);
          const own = signer && (await isOwn(res, parts, signer.thumbprint));
          if (!signer || !own) throw new StabledoorError('operator_proof_invalid');
          await decide(operators, signer, id);
        } catch (error) {
          // What an operator can do something about is said on the page; anything else is the error page's.
          if (!(error instanceof StabledoorError) || error.status >= 500 || error.status === 404) throw error;
          return await showProposal(res, parts, id, [{ field: how, text: sentenceOf(error) }], error.status);
        }
        res.redirect(303, `/operator/proposals/${id}`);
      },
    );
}

/** The passkey that answered is of whoever is signed in: another's would decide in another's name. */
async function isOwn(res: Response, { operators }: OperatorPageParts, thumbprint: string): Promise<boolean> {
  const { operator } = sessionOf(res);
  const keys = await listCredentials(operators.db);
  return keys.some((key) => key.credentialId === thumbprint && key.operatorId === operator.operatorId);
}

const sentenceOf = ({ code, message }: StabledoorError): string =>
  `${errorCatalogue[code].title}. ${message}`;
const namesOf = (all: readonly Operator[]) => new Map(all.map((one) => [one.operatorId, one.name]));
const dayOf = (at: Date): string => at.toISOString().slice(0, 16).replace('T', ' ');

function listPage(
  { operators }: OperatorPageParts,
  res: Response,
  found: readonly Proposal[],
  names: ReadonlyMap<string, string>,
) {
  const { operator } = sessionOf(res);
  return {
    title: words.listTitle,
    body: html`<h1 class="govuk-heading-l">${words.listTitle}</h1>
<p class="govuk-body">${words.you(operator.name, operator.role)}</p>
${found.length === 0 && html`<p class="govuk-body">${words.nothing}</p>`}
${found.map(
  (one) => html`<div class="govuk-summary-card" data-proposal="${one.proposalId}">
<div class="govuk-summary-card__title-wrapper"><h2 class="govuk-summary-card__title">${titleOf(operators, one)}</h2></div>
<div class="govuk-summary-card__content">
<p class="govuk-body">${words.status[one.status]}. ${words.byWhom(names.get(one.proposedBy) ?? one.proposedBy, dayOf(one.expiresAt))}</p>
<p class="govuk-body"><a class="govuk-link" href="/operator/proposals/${one.proposalId}">${words.look}<span class="govuk-visually-hidden"> ${titleOf(operators, one)}, ${one.proposalId}</span></a></p>
</div></div>`,
)}
<p class="govuk-body"><a class="govuk-link" href="/operator?all=1">${words.all}</a></p>`,
  };
}

function titleOf(parts: OperatorPageParts['operators'], { act: name }: Proposal): string {
  const { title } = actOf(parts, name);
  return `${title[0]?.toUpperCase()}${title.slice(1)}`;
}

async function showProposal(
  res: Response,
  parts: OperatorPageParts,
  id: string,
  errors: readonly FieldError[],
  status = 200,
): Promise<void> {
  const { operators } = parts;
  const proposal = idPattern('proposal').test(id) ? await findProposal(operators.db, id) : null;
  if (proposal === null) throw new StabledoorError('not_found');
  const names = namesOf(await listOperators(operators.db));
  const lines = [
    ...wordsOf(operators, proposal),
    [words.proposalId, proposal.proposalId],
    [words.digest, proposal.digest],
  ] as const;
  const title = titleOf(operators, proposal);
  const page = {
    ...{ title, status, script: true, hasError: errors.length > 0 },
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${title}</h1>
<p class="govuk-body" data-status="${proposal.status}">${words.status[proposal.status]}. ${words.byWhom(names.get(proposal.proposedBy) ?? proposal.proposedBy, dayOf(proposal.expiresAt))}</p>
${proposal.fault !== null && html`<p class="govuk-body">${words.fault(proposal.fault)}</p>`}
<dl class="govuk-summary-list">${lines.map(
      ([
        label,
        value,
      ]) => html`<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">${label}</dt>
<dd class="govuk-summary-list__value">${value}</dd></div>`,
    )}</dl>
${proposal.payload === null && html`<p class="govuk-body">${words.erased}</p>`}
${proposal.status === 'open' && (await decisionForms(res, parts, proposal))}
<p class="govuk-body"><a class="govuk-link" href="/operator">${words.back}</a></p>`,
  };
  sendPage(res, page, frameOf(res, parts));
}

async function decisionForms(
  res: Response,
  parts: OperatorPageParts,
  proposal: Proposal,
): Promise<HtmlValue> {
  const { operator } = sessionOf(res);
  const isOwnProposal = proposal.proposedBy === operator.operatorId;
  const mayDecide = roleMay(operator.role, actOf(parts.operators, proposal.act).name);
  if (!mayDecide && !isOwnProposal) return html`<p class="govuk-body">${words.notYours(operator.role)}</p>`;
  const mayApprove = mayDecide && (!isOwnProposal || !parts.operators.production);
  return html`<p class="govuk-body">${mayApprove ? words.exactly : words.own}</p>
${mayApprove && (await form(res, parts, proposal, 'approve', words.approve))}
${await form(res, parts, proposal, 'decline', isOwnProposal ? words.withdraw : words.decline)}`;
}

async function form(
  res: Response,
  { operators, party }: OperatorPageParts,
  proposal: Proposal,
  how: 'approve' | 'decline',
  button: string,
): Promise<Html> {
  const { operator, formToken } = sessionOf(res);
  const kind = how === 'approve' ? 'operator.approved' : 'operator.declined';
  const statement = decisionStatement(operators, kind, proposal, operator.operatorId);
  const options = await passkeyOptions(operators.db, party, operator.operatorId, statement);
  return passkeyForm({
    ...{ id: how, action: `/operator/proposals/${proposal.proposalId}/${how}`, use: 'get', options },
    fields: formTokenField(formToken),
    ...{ button, without: words.without, failed: words.failed },
  });
}
