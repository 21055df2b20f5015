// How the command line shows a proposal, and how a command that takes two operators in production proposes what it would do.
import type { Config } from '../config.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { type OperatorKey, readOperatorKey } from '../operator/operator-key.ts';
import type { Proposal } from '../operator/proposal-store.ts';
import { type ProposalParts, propose, wordsOf } from '../operator/proposals.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { oneLine, openOutput, table } from './output.ts';

/** Errors: UsageError where no key file is set; OperatorKeyFault. */
export async function ownSigner({ operatorKeyFile: path }: Config): Promise<OperatorKey> {
  if (path === null)
    throw new UsageError(
      'set STABLEDOOR_OPERATOR_KEY_FILE to your own private key: what you decide is signed with it',
    );
  return await readOperatorKey(path);
}

/** Proposes, and says what must happen next. */
export async function proposeAndAnswer(
  config: Config,
  proposed: { readonly act: string; readonly input: unknown },
  json: boolean,
): Promise<void> {
  const signer = await ownSigner(config);
  await withParts(config, async ({ operators }) => {
    const proposal = await propose(operators, signer, proposed);
    const text = `${textOf(operators, proposal)}\nAnother operator approves it: \`stabledoor operator approve ${proposal.proposalId}\``;
    openOutput(json).answer(shown(operators, proposal), text);
  });
}

/** For programs. */
export function shown(parts: ProposalParts, proposal: Proposal): { [name: string]: JsonValue } {
  return {
    proposal: proposal.proposalId,
    act: proposal.act,
    status: proposal.status,
    words: Object.fromEntries(wordsOf(parts, proposal)),
    digest: proposal.digest,
    proposed_by: proposal.proposedBy,
    proposed_at: proposal.proposedAt.toISOString(),
    expires_at: proposal.expiresAt.toISOString(),
    decided_by: proposal.decidedBy,
    decided_at: proposal.decidedAt?.toISOString() ?? null,
    fault: proposal.fault,
  };
}

export function textOf(parts: ProposalParts, proposal: Proposal): string {
  const title = parts.acts.find((one) => one.name === proposal.act)?.title ?? proposal.act;
  const state: [string, string][] = [
    ['Proposal', proposal.proposalId],
    ['Status', proposal.fault === null ? proposal.status : `${proposal.status}, not done: ${proposal.fault}`],
    ['Expires', proposal.expiresAt.toISOString()],
  ];
  const lines = [...state, ...wordsOf(parts, proposal)].map(([label, value]) => [label, oneLine(value)]);
  return `${title[0]?.toUpperCase()}${title.slice(1)}\n${table(lines)}`;
}
