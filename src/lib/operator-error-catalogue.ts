// The part of the error catalogue about operators and what two of them decide. A code is a promise, as every code is.

const entry = (status: number, title: string, advice: string) => ({ status, title, advice });

export const operatorErrorCatalogue = {
  operator_unknown: entry(
    401,
    'That key is no operator’s',
    'Use the key that you joined with; an operator who was removed is none any more.',
  ),
  operator_proof_invalid: entry(
    401,
    'The signature does not hold',
    'Sign again, with your own key, exactly what is proposed.',
  ),
  joining_code_invalid: entry(
    401,
    'The joining code is not valid',
    'A code works once, for a day, and not after several wrong ones: make a new one with `stabledoor operator code`.',
  ),
  operator_role: entry(
    403,
    'Not within the role of this operator',
    'Ask an operator whose role it is; `stabledoor operator propose --help` names the roles.',
  ),
  second_operator_needed: entry(
    403,
    'Nobody approves what they proposed',
    'Ask another operator to approve it. A second key of the same person is still the same person.',
  ),
  proposal_unknown: entry(404, 'There is no such proposal', '`stabledoor operator proposals` lists them.'),
  proposal_expired: entry(
    409,
    'The proposal has expired',
    'A proposal can be approved for seven days: propose it again.',
  ),
  proposal_decided: entry(409, 'The proposal is decided already', 'Propose anew what is still wanted.'),
  proposal_changed: entry(
    409,
    'That is not what was proposed',
    'Propose again: only exactly what was proposed can be approved and done.',
  ),
} as const;
