// How two operators let another log go on, where the log itself takes no entry: one signs a proposal into a file, another
// signs that they approve exactly it, and both signatures become entries of the log that goes on. Neither suffices alone.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import { hash, line, wholeNumber } from '../ledger/entry-field.ts';
import { operatorProposed } from '../ledger/entry-operator.ts';
import { proposalLifetimeSeconds, roleMay } from '../ledger/operator-acts.ts';
import { operatorStatement } from '../ledger/operator-statement.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import { findSigning, proven, type Signer, type Signing } from '../operator/proof.ts';
import { decisionDraft, digestOf } from '../operator/proposals.ts';
import {
  type Succession,
  type SuccessionParts,
  type SuccessionRequest,
  succeedAfterRestore,
  whatIsKnown,
} from './succession.ts';
import { successorOrigin } from './successor-origin.ts';

export interface DecisionParts extends SuccessionParts {
  readonly db: Database;
  readonly clock: Clock;
}

const act = 'ledger-succeed';
const format = 'stabledoor/succession-proposal/v1';

const payload = z.strictObject({
  former_origin: line(255),
  kept_size: wholeNumber,
  kept_root: hash,
  /** What the proposer knew of: whoever approves knows of as much. */
  known_size: wholeNumber,
  /** The log that goes on. */
  origin: line(255),
  /** 1 where nothing that is kept knows of a longer log, and the proposer says that a backup was restored. */
  restored: z.union([z.literal(0), z.literal(1)]),
});
type Payload = z.infer<typeof payload>;

const proposalFile = z.strictObject({
  format: z.literal(format),
  payload,
  salt: hash,
  entry: z.strictObject({
    kind: z.literal('operator.proposed'),
    actor: z.literal('operator'),
    ...operatorProposed,
  }),
});
export type SuccessionProposal = z.infer<typeof proposalFile>;

/** Of the text of a proposal. */
export const longestProposal = 64 * 1024;

/** Signs it and changes nothing. Errors: `operator_unknown`, `operator_role`, and those of `whatIsKnown`. */
export async function proposeSuccession(
  parts: DecisionParts,
  signer: Signer,
  request: SuccessionRequest = {},
): Promise<SuccessionProposal> {
  const signing = await findSigning(parts.db, signer.thumbprint);
  requireRole(signing);
  const { kept, longest } = await whatIsKnown(parts, request);
  const proposed: Payload = {
    former_origin: parts.log.origin,
    kept_size: kept.size,
    kept_root: encodeBase64(kept.root),
    known_size: longest.size,
    origin: await successorOrigin(parts, request.origin),
    restored: request.isRestored ? 1 : 0,
  };
  const salt = randomBytes(32);
  const draft = {
    kind: 'operator.proposed',
    actor: 'operator',
    operator: signing.operator.operatorId,
    proposal: newId('proposal'),
    act,
    digest: digestOf(salt, canonicalJson(proposed)),
    said: saidOf(proposed),
    expires_s: Math.floor(parts.clock.nowMs() / 1000) + proposalLifetimeSeconds,
  } as const;
  const proof = await proven(signing, signer, operatorStatement(proposed.origin, draft), noPasskey);
  return { format, payload: proposed, salt: salt.toString('base64'), entry: { ...draft, proof } };
}

/** Errors: `invalid_request`. */
export function parseSuccessionProposal(text: string): SuccessionProposal {
  const read = text.length > longestProposal ? null : proposalFile.safeParse(jsonOf(text));
  if (read?.success) return read.data;
  const [issue] = read?.error.issues ?? [];
  throw new StabledoorError(
    'invalid_request',
    `That is no proposal to let another log go on${issue ? ` (${issue.path.join('.')}: ${issue.message})` : ''}.`,
  );
}

/**
 * Approves it and carries it out, in one transaction. Errors: `second_operator_needed`, `proposal_expired`,
 * `proposal_changed`, `proposal_decided` for another log than the one in force, `operator_unknown`, `operator_role`,
 * `operator_proof_invalid`, and those of `succeedAfterRestore`.
 */
export async function approveSuccession(
  parts: DecisionParts,
  signer: Signer,
  proposal: SuccessionProposal,
  given: SuccessionRequest['given'] = [],
): Promise<Succession> {
  const { payload: proposed, entry } = proposal;
  requireUnchanged(proposal);
  requireInTime(parts, entry.expires_s);
  if (proposed.former_origin !== parts.log.origin)
    throw new StabledoorError(
      'proposal_decided',
      `It is about ${proposed.former_origin}, and ${parts.log.origin} is in force.`,
    );
  const proposer = await findProposer(parts, proposal);
  const signing = await findSigning(parts.db, signer.thumbprint);
  requireRole(signing);
  const { operatorId } = signing.operator;
  if (operatorId === proposer.operator.operatorId) throw new StabledoorError('second_operator_needed');
  const decision = { proposalId: entry.proposal as never, digest: entry.digest };
  const draft = decisionDraft('operator.approved', decision, operatorId);
  const proof = await proven(signing, signer, operatorStatement(proposed.origin, draft), noPasskey);
  return await succeedAfterRestore(parts, {
    given,
    isRestored: proposed.restored === 1,
    origin: proposed.origin,
    approval: {
      proposal: entry.proposal,
      kept: { size: proposed.kept_size, root: proposed.kept_root },
      knownSize: proposed.known_size,
      operatorIds: [proposer.operator.operatorId, operatorId],
      entries: [entry as EntryDraft, { ...draft, proof }],
    },
  });
}

/** In clear, for whoever verifies: what log.succeeded must say. */
const saidOf = ({ former_origin, kept_root, origin }: Payload) => ({ former_origin, kept_root, origin });

function requireUnchanged({ payload: proposed, salt, entry }: SuccessionProposal): void {
  const isWhole =
    entry.act === act &&
    entry.digest === digestOf(Buffer.from(salt, 'base64'), canonicalJson(proposed)) &&
    canonicalJson(entry.said ?? {}) === canonicalJson(saidOf(proposed));
  if (!isWhole) throw new StabledoorError('proposal_changed');
}

/** A proposer’s clock may be a minute ahead. */
const slackSeconds = 60;

function requireInTime({ clock }: DecisionParts, expiresS: number): void {
  const nowS = clock.nowMs() / 1000;
  if (nowS >= expiresS) throw new StabledoorError('proposal_expired');
  if (expiresS > nowS + proposalLifetimeSeconds + slackSeconds)
    throw new StabledoorError(
      'proposal_changed',
      'It could be approved for longer than seven days: propose it again.',
    );
}

/** Whose signature is in the file, if it holds. */
async function findProposer({ db }: DecisionParts, proposal: SuccessionProposal): Promise<Signing> {
  const { entry } = proposal;
  const signing = await findSigning(db, entry.proof.key);
  if (signing.operator.operatorId !== entry.operator) throw new StabledoorError('operator_proof_invalid');
  const theirs: Signer = { thumbprint: entry.proof.key, prove: async () => entry.proof };
  await proven(signing, theirs, operatorStatement(proposal.payload.origin, entry), noPasskey);
  requireRole(signing);
  return signing;
}

function requireRole({ operator }: Signing): void {
  if (!roleMay(operator.role, act))
    throw new StabledoorError(
      'operator_role',
      `${operator.name} is ${operator.role}, which does not cover ${act}.`,
    );
}

/** The broker's pages are shut then: who decides this has a key file. */
const noPasskey = async (): Promise<boolean> => false;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
