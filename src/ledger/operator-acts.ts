// What takes two operators: each act, the entry that it leads to, and the roles that may propose or approve it. Verification
// reads the same table as the broker: what it asks of a log is what the broker asked of the operators.

export const operatorRoles = ['administrator', 'registrar', 'counsel', 'custodian'] as const;
export type OperatorRole = (typeof operatorRoles)[number];

interface OperatorAct {
  /** The kind of the entry that says that it was done; null where `operator.approved` is all there is. */
  readonly entry: string | null;
  /** Besides administrators, who may propose and approve everything. */
  readonly roles: readonly OperatorRole[];
}

export const operatorActs = {
  'third-party-register': { entry: 'third-party.registered', roles: ['registrar'] },
  'third-party-change': { entry: 'third-party.registered', roles: ['registrar'] },
  'third-party-strike-off': { entry: 'third-party.struck-off', roles: ['registrar'] },
  'note-approve': { entry: null, roles: ['registrar'] },
  'policy-publish': { entry: 'policy.published', roles: ['counsel'] },
  'lawful-order': { entry: 'lawful-order.recorded', roles: ['counsel'] },
  'household-erase': { entry: 'subject.erased', roles: ['counsel'] },
  'key-retire': { entry: 'key.retired', roles: ['custodian'] },
  'ledger-succeed': { entry: 'log.succeeded', roles: ['custodian'] },
  'operator-add': { entry: 'operator.added', roles: [] },
  'operator-remove': { entry: 'operator.removed', roles: [] },
} as const satisfies Record<string, OperatorAct>;

export type OperatorActName = keyof typeof operatorActs;
export const operatorActNames = Object.keys(operatorActs) as OperatorActName[];

export const isOperatorAct = (name: string): name is OperatorActName => Object.hasOwn(operatorActs, name);

export function roleMay(role: string, act: OperatorActName): boolean {
  const roles: readonly string[] = operatorActs[act].roles;
  return role === 'administrator' || roles.includes(role);
}

/** How long a proposal can be approved. */
export const proposalLifetimeSeconds = 7 * 86_400;

/** How many operators a log begins with: they were let in by a one-time code, with nobody there to approve it. */
export const foundingOperators = 2;
