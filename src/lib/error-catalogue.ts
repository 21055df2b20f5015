// Every error code the API can answer with: its status, what it means, and what to do. /errors/{code} is made from it.
// A code is a promise to callers: never rename one, never reuse one.

import { importErrorCatalogue } from './import-error-catalogue.ts';
import { operatorErrorCatalogue } from './operator-error-catalogue.ts';

export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  /** One sentence that says what to do; also the default detail. */
  readonly advice: string;
}

const entry = (status: number, title: string, advice: string): ErrorEntry => ({ status, title, advice });

export const errorCatalogue = {
  invalid_request: entry(
    400,
    'The request is malformed',
    'Correct the parameter that the detail names and send the request again.',
  ),
  not_on_period_boundary: entry(
    400,
    'The window is not made of whole periods',
    'Ask from the first day of a period to the first day of another: whole days for P1D, whole months for P1M.',
  ),
  body_too_large: entry(413, 'The request body is too large', 'Send at most 64 kB.'),
  invalid_token: entry(
    401,
    'The access token is not valid',
    'Get a new token. If the consent is over, ask the householder again.',
  ),
  invalid_dpop_proof: entry(
    401,
    'The DPoP proof is not valid',
    'Make a new proof for this very request, with the key that the token is bound to.',
  ),
  use_dpop_nonce: entry(
    401,
    'The DPoP proof needs a nonce',
    'Make the proof again with the nonce of the DPoP-Nonce header.',
  ),
  insufficient_scope: entry(
    403,
    'The token is not for this',
    'Use a token that comes from a consent for readings, and one with the scope that the detail names for the rest.',
  ),
  sign_in_required: entry(401, 'You are not signed in', 'Sign in and try again.'),
  csrf_refused: entry(
    403,
    'The form did not come from this page',
    'Open the page again and send the form from there.',
  ),
  finer_than_consented: entry(
    403,
    'Finer than the consent allows',
    'Ask for the resolution that the householder agreed to, or a coarser one.',
  ),
  outside_consent_window: entry(
    403,
    'Outside the dates of the consent',
    'Ask only for days that the householder agreed to share.',
  ),
  right_not_in_force: entry(
    403,
    'The supply or the order is not in force',
    'Read by licence only whom you supply, and by an order only until it expires.',
  ),
  opted_out: entry(
    403,
    'The household has opted out',
    'Ask for days instead of half hours for settlement and forecasting; for service ask the householder for a consent.',
  ),
  outside_right: entry(
    403,
    'More than is supplied or ordered',
    'Ask only for the days, the registers and the resolution that the supply or the order covers.',
  ),
  purpose_not_consented: entry(
    403,
    'Not the purpose of the consent',
    'Use the readings for the purpose of the consent only, or ask for another consent.',
  ),
  purpose_not_allowed: entry(
    403,
    'The purpose is not open to this class of third party',
    'Ask for a purpose that the class of the third party may have.',
  ),
  finer_than_class_allows: entry(
    403,
    'Finer than this class of third party may have',
    'Ask for the coarsest resolution that serves the purpose; the strictest limit of you, your group and your recipients holds.',
  ),
  recipient_not_allowed: entry(
    403,
    'The readings would reach someone who may not have them',
    'Have the operator take the recipient out of your registration, or ask for another purpose.',
  ),
  further_back_than_allowed: entry(
    403,
    'Further back than the purpose allows',
    'Ask for later days, counted back from the day on which the consent was given.',
  ),
  longer_than_allowed: entry(
    403,
    'Longer after the consent than the purpose allows',
    'Ask the householder again.',
  ),
  register_not_consented: entry(
    403,
    'Not a register of the consent',
    'Ask only for the registers that the householder agreed to share.',
  ),
  period_not_closed: entry(
    403,
    'The window reaches a period that has not closed',
    'Ask again later, or only until `closed_until`.',
  ),
  third_party_suspended: entry(
    403,
    'The third party is suspended',
    'Contact the operator. No readings leave while the suspension lasts.',
  ),
  policy_denied: entry(403, 'The policy does not permit this', 'See the detail for the rule that refused.'),
  regulators_only: entry(
    403,
    'Only regulators may read this',
    'Tiles of hashes are public; entries are not. Ask with a token whose scope is audit:read.',
  ),
  not_found: entry(404, 'There is nothing here', 'Check the address.'),
  meter_point_unknown: entry(
    404,
    'No such meter point in this consent',
    'Use an id from GET /v1/meter-points.',
  ),
  beyond_ledger: entry(
    404,
    'The ledger is not that long yet',
    'Ask for an entry or a size up to `size`, or again later.',
  ),
  checkpoint_unknown: entry(
    404,
    'No checkpoint of that size was signed',
    'Ask for the size of a checkpoint that you hold, leave the size out, or ask for application/json.',
  ),
  grant_unknown: entry(
    404,
    'No such grant',
    'Use a grant_id of a token response; a grant that is over is gone.',
  ),
  consent_unknown: entry(404, 'No such consent', 'Use an id from GET /v1/consents.'),
  method_not_allowed: entry(
    405,
    'The method is not allowed here',
    'Use a method that the Allow header names.',
  ),
  not_acceptable: entry(406, 'No such format here', 'Ask for application/json.'),
  clock_refused: entry(
    409,
    'The clock cannot be set to that time',
    'Set a time that is not behind the last ledger entry; production has the machine’s clock.',
  ),
  illegal_transition: entry(
    409,
    'That move is not possible now',
    'Read the state first; what you want to change may be over already.',
  ),
  meter_point_taken: entry(
    409,
    'The meter point is another household’s',
    'Record that they moved out first.',
  ),
  uri_too_long: entry(414, 'The address is too long', 'Send at most 8192 characters.'),
  headers_too_large: entry(431, 'There are too many headers', 'Send at most 100 headers, 16 kB in all.'),
  rate_limited: entry(429, 'Too many requests', 'Wait for as many seconds as Retry-After says.'),
  internal_error: entry(
    500,
    'A fault of ours',
    'Try again later; if it stays, tell the operator the request id.',
  ),
  ledger_unavailable: entry(
    503,
    'The access could not be recorded, so nothing was released',
    'Try again after as many seconds as Retry-After says.',
  ),
  policy_changed: entry(
    503,
    'The rules changed while you asked',
    'Send the request again with a new proof; it is decided by the rules that hold now.',
  ),
  meter_store_unavailable: entry(
    503,
    'The meter store did not answer',
    'Try again after as many seconds as Retry-After says.',
  ),
  not_stopped_yet: entry(
    503,
    'Sharing is not stopped yet',
    'Try again in a moment, or phone the operator. No readings leave while our database does not answer.',
  ),
  too_many_proofs: entry(
    503,
    'No more requests can be told apart',
    'Try again after as many seconds as Retry-After says: more proofs are in use than can be remembered.',
  ),
  database_unavailable: entry(
    503,
    'The database did not answer',
    'Try again after as many seconds as Retry-After says.',
  ),
  ...importErrorCatalogue,
  ...operatorErrorCatalogue,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
