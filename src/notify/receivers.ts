// Sets where a third party gets its withdrawal notices: pushed to an address of its own, or kept until it asks.
import { randomBytes } from 'node:crypto';
import type { Store } from '../db/database.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { ClientId } from '../lib/ids.ts';
import { calledUrlFault } from '../registry/redirect-uri.ts';
import { findThirdParty } from '../registry/registry-store.ts';
import { giveUpWaiting } from './outbox.ts';
import { deleteReceiver, upsertReceiver } from './receiver-store.ts';
import { secretText } from './webhook-headers.ts';

export interface ReceiverChoice {
  readonly clientId: ClientId;
  /** An address to push to; null to poll. */
  readonly endpoint: string | null;
  /** Whom to write to when a notice cannot be delivered. */
  readonly contact: string | null;
}

/** Gives the secret of the webhook headers, which is shown once and made anew each time; null where notices are polled. */
export async function setReceiver(
  { db, production }: { readonly db: Store; readonly production: boolean },
  { clientId, endpoint, contact }: ReceiverChoice,
): Promise<string | null> {
  const fault = endpoint === null ? null : calledUrlFault(endpoint, { production });
  if (fault) throw new StabledoorError('invalid_request', fault);
  if (contact !== null && !/^[^\s@<>"]{1,64}@[^\s@<>"]{1,189}$/.test(contact))
    throw new StabledoorError('invalid_request', 'The contact is an e-mail address.');
  await mustExist(db, clientId);
  const delivery = endpoint === null ? 'poll' : 'push';
  const secret = endpoint === null ? null : randomBytes(32);
  await upsertReceiver(db, { clientId, delivery, endpoint, contact }, secret);
  return secret === null ? null : secretText(secret);
}

/** From now on no notice is written for it. What waits is not delivered either. */
export async function removeReceiver({ db }: { readonly db: Store }, clientId: ClientId): Promise<void> {
  await mustExist(db, clientId);
  await deleteReceiver(db, clientId);
  await giveUpWaiting(db, clientId);
}

async function mustExist(db: Store, clientId: ClientId): Promise<void> {
  if (!(await findThirdParty(db, clientId)))
    throw new StabledoorError('not_found', `There is no third party ${clientId}.`);
}
