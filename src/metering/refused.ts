// From the reason of a refusal to the error that the caller gets, naming the ledger entry that keeps it.

import type { Receipt } from '../ledger/ledger.ts';
import type { ErrorCode } from '../lib/error-catalogue.ts';
import { StabledoorError } from '../lib/errors.ts';
import { errorCodeOf, isRefusalReason } from '../policy/refusal-reason.ts';
import type { ReadBasis } from './read-basis.ts';
import type { ReadRequest } from './read-request.ts';
import { closedUntil } from './reading-window.ts';

/** Reasons that no policy gives: of the guards, and of the door itself. */
const ownReasons: Readonly<Record<string, ErrorCode>> = {
  token_revoked: 'invalid_token',
  invalid_dpop_proof: 'invalid_dpop_proof',
  meter_point_unknown: 'meter_point_unknown',
  policy_changed: 'policy_changed',
};

export function refused(
  reason: string,
  receipt: Pick<Receipt, 'origin' | 'index'>,
  nowMs: number,
  { facts }: ReadBasis,
  request: ReadRequest,
): StabledoorError {
  const code = isRefusalReason(reason) ? errorCodeOf(reason) : (ownReasons[reason] ?? 'policy_denied');
  const until =
    code === 'period_not_closed' && facts.meterPoint
      ? { closed_until: closedUntil(nowMs, request.resolution, facts.meterPoint.zone) }
      : {};
  return new StabledoorError(code, undefined, until, {
    'Ledger-Entry': `${receipt.origin}/${receipt.index}`,
  });
}
