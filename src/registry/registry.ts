// Registers, suspends and restores third parties: state and ledger entry commit together or not at all.
// In production a registration waits for a second operator, and nothing is in the ledger until it is approved.
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ClientId, newId, newRequestId, type ProposalId } from '../lib/ids.ts';
import { fetchKeys } from './fetch-keys.ts';
import { JwksFault } from './jwks.ts';
import { likenessOf } from './name-likeness.ts';
import { findNamedLike, insertLikenesses, lockNames } from './name-likeness-store.ts';
import { changeStatus, insertThirdParty, strikeOff } from './registry-change-store.ts';
import { countKnown, findThirdParty } from './registry-store.ts';
import {
  type CheckedRegistration,
  checkRegistration,
  type Registration,
  type ThirdParty,
} from './third-party.ts';
import type { CallThirdParty } from './third-party-call.ts';

export interface RegistryParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly production: boolean;
  /** For keys at a third party's own address. */
  readonly fetching?: { readonly call: CallThirdParty; readonly clock: Clock };
}

export interface RegisteredBy {
  readonly by: 'operator' | 'third-party';
  /** By an issuer of software statements that the operator named: then no second operator is waited for. */
  readonly vouched: boolean;
}

/** Errors: `invalid_request`, with every fault in its detail. */
export async function registerThirdParty(
  parts: RegistryParts,
  input: Registration,
  how: RegisteredBy = { by: 'operator', vouched: false },
): Promise<ThirdParty> {
  const checked = checkRegistration(input, { production: parts.production });
  if ('faults' in checked) throw new StabledoorError('invalid_request', checked.faults.join('; '));
  const thirdParty: ThirdParty = {
    ...checked.registration,
    ...(await keysOf(parts, checked.registration)),
    clientId: newId('client'),
    status: parts.production && !how.vouched ? 'pending' : 'active',
  };
  await parts.db.transaction().execute(async (tx) => {
    await refuseUnknownRecipients(tx, thirdParty);
    const likenesses = [...new Set([thirdParty.name, thirdParty.tradingName].map(likenessOf))];
    await refuseOthersName(tx, thirdParty, likenesses);
    await insertThirdParty(tx, thirdParty);
    await insertLikenesses(tx, thirdParty.clientId, likenesses);
    if (thirdParty.status === 'active') await append(parts, tx, registeredEntry(thirdParty, how.by));
  });
  return thirdParty;
}

/** The first copy of keys that are kept elsewhere is fetched before anything is registered. */
async function keysOf(
  { fetching }: RegistryParts,
  { jwks, jwksUri }: CheckedRegistration,
): Promise<Pick<ThirdParty, 'jwks' | 'jwksFetchedAt'>> {
  if (jwks !== null) return { jwks, jwksFetchedAt: null };
  if (jwksUri === null || !fetching) throw new TypeError('there is no way to fetch the keys');
  try {
    const fetched = await fetchKeys(fetching.call, jwksUri);
    return { jwks: fetched, jwksFetchedAt: new Date(fetching.clock.nowMs()) };
  } catch (error) {
    throw error instanceof JwksFault ? new StabledoorError('invalid_request', error.message) : error;
  }
}

/** Why one is suspended or struck off. */
export const reasonPattern = /^\P{C}{1,400}$/u;

/** All its reads are refused from the commit on. Errors: `not_found`, `illegal_transition` if it is not active. */
export const suspendThirdParty = (parts: RegistryParts, clientId: ClientId, reason: string): Promise<void> =>
  move(
    parts,
    clientId,
    { from: 'active', to: 'suspended', suspendedReason: reason },
    {
      kind: 'third-party.suspended',
      actor: 'operator',
      third_party: clientId,
      reason,
    },
  );

/** Errors: `not_found`, `illegal_transition` if it is not suspended. */
export const restoreThirdParty = (parts: RegistryParts, clientId: ClientId): Promise<void> =>
  move(
    parts,
    clientId,
    { from: 'suspended', to: 'active', suspendedReason: null },
    {
      kind: 'third-party.restored',
      actor: 'operator',
      third_party: clientId,
    },
  );

/**
 * For good: it asks and reads nothing more, and each of its consents ends now. Gives the entry. Errors: `illegal_transition`
 * if it is pending or was struck off before.
 */
export async function strikeOffWithin(
  tx: BrokerTransaction,
  { clientId, reason }: { readonly clientId: ClientId; readonly reason: string },
  proposalId: ProposalId | null,
): Promise<EntryDraft> {
  if (!(await strikeOff(tx, clientId, reason, proposalId)))
    throw new StabledoorError('illegal_transition', 'It is pending, or struck off already.');
  return {
    kind: 'third-party.struck-off',
    actor: 'operator',
    third_party: clientId,
    reason,
    ...(proposalId === null ? {} : { proposal: proposalId }),
  };
}

async function move(
  parts: RegistryParts,
  clientId: ClientId,
  change: Parameters<typeof changeStatus>[2],
  entry: EntryDraft,
): Promise<void> {
  if (change.suspendedReason !== null && !reasonPattern.test(change.suspendedReason))
    throw new StabledoorError('invalid_request', 'A reason is one line of 1 to 400 characters.');
  await parts.db.transaction().execute(async (tx) => {
    if (!(await changeStatus(tx, clientId, change))) throw await whyNotMoved(tx, clientId, change.from);
    await append(parts, tx, entry);
  });
}

async function whyNotMoved(
  tx: BrokerTransaction,
  clientId: ClientId,
  from: string,
): Promise<StabledoorError> {
  const thirdParty = await findThirdParty(tx, clientId);
  if (!thirdParty) return new StabledoorError('not_found', `There is no third party ${clientId}.`);
  if (thirdParty.struckOff)
    return new StabledoorError('illegal_transition', 'The third party was struck off, and stays so.');
  return new StabledoorError('illegal_transition', `The third party is ${thirdParty.status}, not ${from}.`);
}

async function refuseUnknownRecipients(tx: BrokerTransaction, { recipients }: ThirdParty): Promise<void> {
  if (recipients.length === 0 || (await countKnown(tx, recipients)) === recipients.length) return;
  throw new StabledoorError('invalid_request', 'Each recipient is a registered third party.');
}

/** One company may register more than once, and shows that by its registration number. */
async function refuseOthersName(
  tx: BrokerTransaction,
  { registrationNumber }: ThirdParty,
  likenesses: readonly string[],
): Promise<void> {
  await lockNames(tx);
  const numbers = await findNamedLike(tx, likenesses);
  if (numbers.every((number) => number !== '' && number === registrationNumber)) return;
  throw new StabledoorError(
    'invalid_request',
    'name: it can be taken for the name of another third party; the same company has the same registration number.',
  );
}

type Registered = Pick<ThirdParty, 'clientId' | 'class' | 'group' | 'purposes'>;

/** What the ledger says of a third party, each time that two operators say what it is. */
export const registeredEntry = (thirdParty: Registered, by: RegisteredBy['by']) => ({
  kind: 'third-party.registered' as const,
  actor: by,
  third_party: thirdParty.clientId,
  class: thirdParty.class,
  group: thirdParty.group,
  purposes: [...thirdParty.purposes] as string[],
});

const append = (parts: RegistryParts, tx: BrokerTransaction, body: EntryDraft) =>
  parts.ledger.appendWithin(tx, [{ req: newRequestId(), householdId: null, body }]);
