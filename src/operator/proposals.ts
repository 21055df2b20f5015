// Two operators: one proposes, another approves, and only then is it done. What is approved is exactly what was proposed, by
// its digest; approval, act and entries are one transaction wherever the act is one.
import { createHash, randomBytes } from 'node:crypto';
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { proposalLifetimeSeconds, roleMay } from '../ledger/operator-acts.ts';
import { operatorStatement } from '../ledger/operator-statement.ts';
import { canonicalJson, type JsonValue } from '../lib/canonical-json.ts';
import type { Clock } from '../lib/clock.ts';
import type { ErrorCode } from '../lib/error-catalogue.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newId, newRequestId, type OperatorId } from '../lib/ids.ts';
import type { Act, ActWords } from './act.ts';
import { holdOperators } from './operator-store.ts';
import { type CheckPasskey, findSigning, proven, type Signer, type Signing } from './proof.ts';
import {
  countOpenProposals,
  decideProposal,
  findProposal,
  insertProposal,
  markDone,
  markFault,
  type Proposal,
} from './proposal-store.ts';

export interface ProposalParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly production: boolean;
  readonly acts: readonly Act[];
  readonly checkPasskey: CheckPasskey;
}

/** Of one operator, open at a time. */
const mostOpenProposals = 100;

/** Errors: `invalid_request`, `operator_role`, `operator_unknown`, `operator_proof_invalid`, and those of the act. */
export async function propose(
  parts: ProposalParts,
  signer: Signer,
  { act: name, input }: { readonly act: string; readonly input: unknown },
): Promise<Proposal> {
  const { db, ledger, clock } = parts;
  const act = actOf(parts, name);
  const signing = await findSigning(db, signer.thumbprint);
  requireRole(signing, act);
  const payload = await act.prepare(db, input);
  const text = canonicalJson(payload);
  const salt = randomBytes(32);
  const expiresS = Math.floor(clock.nowMs() / 1000) + proposalLifetimeSeconds;
  const said = act.said(payload);
  const draft = {
    kind: 'operator.proposed',
    actor: 'operator',
    operator: signing.operator.operatorId,
    proposal: newId('proposal'),
    act: act.name,
    digest: digestOf(salt, text),
    expires_s: expiresS,
    ...(Object.keys(said).length > 0 ? { said } : {}),
  } as const;
  const proof = await proven(signing, signer, operatorStatement(ledger.origin, draft), parts.checkPasskey);
  await db.transaction().execute(async (tx) => {
    await hold(tx, [signing.operator.operatorId]);
    if ((await countOpenProposals(tx, signing.operator.operatorId)) >= mostOpenProposals)
      throw new StabledoorError(
        'invalid_request',
        'A hundred proposals of yours are open: decline some first.',
      );
    const made = await insertProposal(tx, {
      proposalId: draft.proposal,
      act: act.name,
      payload: text,
      salt,
      digest: draft.digest,
      householdId: act.householdOf(payload),
      proposedBy: signing.operator.operatorId,
      proposedAt: new Date(expiresS * 1000 - proposalLifetimeSeconds * 1000),
      expiresAt: new Date(expiresS * 1000),
    });
    if (!made) throw new StabledoorError('proposal_decided');
    await ledger.appendWithin(tx, [entryOf({ ...draft, proof })]);
  });
  return await found(parts, draft.proposal);
}

/** What an operator signs to approve or decline: the same for every key of theirs, and for no other proposal. */
export function decisionStatement(
  { ledger }: Pick<ProposalParts, 'ledger'>,
  kind: 'operator.approved' | 'operator.declined',
  { proposalId, digest }: Pick<Proposal, 'proposalId' | 'digest'>,
  operatorId: OperatorId,
): string {
  return operatorStatement(ledger.origin, decisionDraft(kind, { proposalId, digest }, operatorId));
}

export const decisionDraft = (
  kind: 'operator.approved' | 'operator.declined',
  { proposalId, digest }: Pick<Proposal, 'proposalId' | 'digest'>,
  operatorId: OperatorId,
) => ({ kind, actor: 'operator', operator: operatorId, proposal: proposalId, digest }) as const;

/**
 * Approves it and does it. Errors: `proposal_unknown`, `second_operator_needed`, `proposal_expired`, `proposal_decided`,
 * `proposal_changed`, `operator_role` …, and those of the act: then nothing is approved. One that is done in steps stays
 * `approved`, with what went wrong, and is done by `carryOut`.
 */
export async function approve(parts: ProposalParts, signer: Signer, proposalId: string): Promise<Proposal> {
  const { db, ledger } = parts;
  const { proposal, signing, act, statement } = await decisionOf(
    parts,
    signer,
    proposalId,
    'operator.approved',
  );
  requireRole(signing, act);
  const { operatorId } = signing.operator;
  if (parts.production && proposal.proposedBy === operatorId)
    throw new StabledoorError('second_operator_needed');
  const proof = await proven(signing, signer, statement, parts.checkPasskey);
  const payload = payloadOf(proposal);
  const approving = db.transaction().execute(async (tx) => {
    await hold(tx, [proposal.proposedBy, operatorId]);
    const status = act.afterwards === null ? 'done' : 'approved';
    if (!(await decideProposal(tx, { proposalId: proposal.proposalId, status, decidedBy: operatorId })))
      throw whyNotOpen(await found(parts, proposalId));
    const done = { proposalId: proposal.proposalId };
    const entries = act.within === null ? [] : await act.within(tx, payload, done);
    const draft = decisionDraft('operator.approved', proposal, operatorId);
    await ledger.appendWithin(tx, [entryOf({ ...draft, proof }), ...entries]);
  });
  await approving.catch((error: unknown) => {
    throw refusedByDatabase(error) ?? error;
  });
  if (act.afterwards !== null) await carryOut(parts, proposalId);
  return await found(parts, proposalId);
}

/** What the database found where we did not: it asks at the act itself (`operator.use`). */
function refusedByDatabase(error: unknown): StabledoorError | null {
  const code = databaseRefusals.get((error as { code?: unknown })?.code);
  return code === undefined ? null : new StabledoorError(code);
}

const databaseRefusals = new Map<unknown, ErrorCode>([
  ['SD011', 'proposal_expired'],
  ['SD012', 'second_operator_needed'],
  ['SD016', 'proposal_changed'],
  ['SD017', 'proposal_decided'],
]);

/** Declines another’s, or withdraws one’s own. Errors: as for `approve`. */
export async function decline(parts: ProposalParts, signer: Signer, proposalId: string): Promise<Proposal> {
  const { proposal, signing, act, statement } = await decisionOf(
    parts,
    signer,
    proposalId,
    'operator.declined',
  );
  const { operatorId } = signing.operator;
  if (proposal.proposedBy !== operatorId) requireRole(signing, act);
  const proof = await proven(signing, signer, statement, parts.checkPasskey);
  await parts.db.transaction().execute(async (tx) => {
    await hold(tx, [operatorId]);
    if (
      !(await decideProposal(tx, {
        proposalId: proposal.proposalId,
        status: 'declined',
        decidedBy: operatorId,
      }))
    )
      throw whyNotOpen(await found(parts, proposalId));
    const draft = decisionDraft('operator.declined', proposal, operatorId);
    await parts.ledger.appendWithin(tx, [entryOf({ ...draft, proof })]);
  });
  return await found(parts, proposalId);
}

/** Does what was approved and could not be done then. Errors: `proposal_decided`, and those of the act, which are kept. */
export async function carryOut(parts: ProposalParts, proposalId: string): Promise<Proposal> {
  const proposal = await found(parts, proposalId);
  const act = actOf(parts, proposal.act);
  if (proposal.status !== 'approved' || act.afterwards === null)
    throw new StabledoorError('proposal_decided', `The proposal is ${proposal.status}.`);
  try {
    await act.afterwards(payloadOf(proposal), { proposalId: proposal.proposalId });
  } catch (error) {
    const fault = error instanceof StabledoorError ? error.message : 'a fault of ours; the log says more';
    await markFault(parts.db, proposal.proposalId, fault);
    throw error;
  }
  await markDone(parts.db, proposal.proposalId);
  return await found(parts, proposalId);
}

interface DecisionAt {
  readonly proposal: Proposal;
  readonly signing: Signing;
  readonly act: Act;
  readonly statement: string;
}

async function decisionOf(
  parts: ProposalParts,
  signer: Signer,
  proposalId: string,
  kind: 'operator.approved' | 'operator.declined',
): Promise<DecisionAt> {
  const signing = await findSigning(parts.db, signer.thumbprint);
  const proposal = await found(parts, proposalId);
  if (proposal.status !== 'open') throw whyNotOpen(proposal);
  const act = actOf(parts, proposal.act);
  const statement = decisionStatement(parts, kind, proposal, signing.operator.operatorId);
  return { proposal, signing, act, statement };
}

async function found({ db }: ProposalParts, proposalId: string): Promise<Proposal> {
  const proposal = await findProposal(db, proposalId);
  if (proposal === null) throw new StabledoorError('proposal_unknown');
  return proposal;
}

function whyNotOpen({ status }: Proposal): StabledoorError {
  if (status === 'expired') return new StabledoorError('proposal_expired');
  return new StabledoorError('proposal_decided', `The proposal is ${status}.`);
}

/** What was proposed, if it still is what the proposer signed. Errors: `proposal_changed`. */
export function payloadOf({ payload, salt, digest }: Proposal): { readonly [name: string]: JsonValue } {
  if (payload === null || salt === null || digestOf(salt, payload) !== digest)
    throw new StabledoorError('proposal_changed');
  return JSON.parse(payload) as { readonly [name: string]: JsonValue };
}

/** Neither of them is removed before this is done. Errors: `operator_unknown`. */
async function hold(tx: BrokerTransaction, operatorIds: readonly OperatorId[]): Promise<void> {
  const distinct = [...new Set(operatorIds)];
  const held = await holdOperators(tx, distinct);
  if (held.length !== distinct.length || held.some(({ removedAt }) => removedAt !== null))
    throw new StabledoorError('operator_unknown', 'Whoever proposed it, or you, is no operator any more.');
}

/** What can be read of it still: nothing, once the household that it was about is erased. */
export function wordsOf(parts: Pick<ProposalParts, 'acts'>, proposal: Proposal): ActWords {
  if (proposal.payload === null) return [];
  try {
    return actOf(parts, proposal.act).words(payloadOf(proposal));
  } catch (error) {
    if (!(error instanceof StabledoorError)) throw error;
    return [['Fault', error.message]];
  }
}

/** Errors: `invalid_request`, with the names of those that there are. */
export function actOf({ acts }: Pick<ProposalParts, 'acts'>, name: string): Act {
  const act = acts.find((one) => one.name === name);
  if (!act)
    throw new StabledoorError(
      'invalid_request',
      `There is no such act; there are ${acts.map((one) => one.name).join(', ')}.`,
    );
  return act;
}

function requireRole({ operator }: Signing, act: Act): void {
  if (!roleMay(operator.role, act.name))
    throw new StabledoorError(
      'operator_role',
      `${operator.name} is ${operator.role}, which does not cover ${act.name}.`,
    );
}

export const digestOf = (salt: Buffer, payload: string): string =>
  createHash('sha256').update(salt).update(payload, 'utf8').digest('base64');

const entryOf = (body: EntryDraft) => ({ req: newRequestId(), householdId: null, body });
