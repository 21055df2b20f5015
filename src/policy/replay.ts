// Makes a decision of the past again, from the facts that its entry commits to and the policy text of that time.
// It says which part agrees, and where nothing can be replayed it says why: it never takes an absence for an agreement.
import type { EntryBody } from '../ledger/entry-body.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { openPolicyText } from './engine.ts';
import { questionOf } from './facts.ts';
import { parsePolicyText } from './policy-text.ts';

export interface RecordedDecision {
  readonly decision: 'allowed' | 'refused';
  readonly reasons: readonly string[];
  readonly policy: string;
}

export type Replay =
  | {
      readonly replayed: true;
      readonly recorded: RecordedDecision;
      readonly decided: { readonly decision: 'allowed' | 'refused'; readonly reasons: readonly string[] };
      readonly policies: readonly string[];
      /** False where text and facts give another decision than the entry says. */
      readonly agrees: boolean;
      /** Where the policy allowed and a check under the ledger's lock refused: that refusal is no policy's. */
      readonly refusedUnderLock: boolean;
    }
  | { readonly replayed: false; readonly why: string };

/** Reasons of checks that are made under the ledger's lock, or after reading, and by no policy. */
const notOfPolicy = new Set([
  'consent_not_in_force',
  'right_not_in_force',
  'opted_out',
  'third_party_suspended',
  'token_revoked',
  'policy_changed',
  'meter_point_unknown',
  'period_not_closed',
]);

/** `facts` is the opened commitment of that name, compared with the entry; `text` the text of the entry's policy. */
export function replayDecision(body: EntryBody, facts: JsonValue | null, text: string | null): Replay {
  const no = (why: string): Replay => ({ replayed: false, why });
  if (body.kind !== 'disclosure' && body.kind !== 'refusal')
    return no(`a ${body.kind} is no decision on a read`);
  const recorded = recordedOf(body);
  if (recorded === null) return no('it names no policy');
  if (facts === null)
    return no(
      'its facts are not there: no policy was asked, its household was erased, or they were not kept',
    );
  const question = questionOf(facts);
  if (question === null) return no('its facts are not in a form that this version reads');
  if (text === null) return no(`the text of policy ${recorded.policy} is not there`);
  const parsed = parsePolicyText(text);
  if (parsed.digest !== recorded.policy)
    return no('the text that is there is not that of the policy it names');
  const { allowed, reasons, policies } = openPolicyText(parsed, { remembered: 0 }).decideAgain(question);
  const decided = { decision: allowed ? ('allowed' as const) : ('refused' as const), reasons };
  const refusedUnderLock =
    allowed && recorded.decision === 'refused' && recorded.reasons.every((reason) => notOfPolicy.has(reason));
  const isSame =
    decided.decision === recorded.decision && reasons.join(' ') === [...recorded.reasons].join(' ');
  return {
    replayed: true,
    recorded,
    decided,
    policies,
    agrees: isSame || refusedUnderLock,
    refusedUnderLock,
  };
}

function recordedOf({ decision, reasons, policy }: Extract<EntryBody, { kind: 'disclosure' | 'refusal' }>) {
  return policy === undefined ? null : { decision, reasons, policy };
}
