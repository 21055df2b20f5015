// Makes, uses and removes passkeys, for occupiers and operators alike. Each challenge is ours, fresh, for one use and one
// subject, and spent before its answer is looked at: an answer works once, or not at all.
import { createHash, randomBytes } from 'node:crypto';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import type { Store } from '../db/database.ts';
import {
  type AssertionResponse,
  assertionResponse,
  challengeOf,
  checkAssertion,
  checkRegistration,
  parseAnswer,
  passkeyAlgorithms,
  registrationResponse,
} from './passkey-check.ts';
import {
  countUse,
  findPasskey,
  insertChallenge,
  insertPasskey,
  listPasskeys,
  type Passkey,
  type PasskeyOwner,
  spendChallenge,
} from './passkey-store.ts';
import type { RelyingParty } from './relying-party.ts';

export { deletePasskey, listPasskeys, type Passkey, type PasskeyOwner } from './passkey-store.ts';
export { type RelyingParty, relyingPartyOf } from './relying-party.ts';

export const challengeLifetimeSeconds = 300;
/** Of one owner. */
export const mostPasskeys = 20;

export interface PasskeyParts {
  readonly db: Store;
  readonly party: RelyingParty;
}

const hashOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** For `navigator.credentials.create`; `name` is what the authenticator shows beside it, such as the e-mail address. */
export async function offerRegistration(
  { db, party }: PasskeyParts,
  { owner, name }: { readonly owner: PasskeyOwner; readonly name: string },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const own = await listPasskeys(db, owner);
  const challenge = randomBytes(32);
  await remember(db, challenge, 'register', owner);
  return generateRegistrationOptions({
    rpName: party.name,
    rpID: party.id,
    userName: name,
    userDisplayName: name,
    userID: new Uint8Array(userHandleOf(owner)),
    challenge: new Uint8Array(challenge),
    timeout: challengeLifetimeSeconds * 1000,
    attestationType: 'none',
    excludeCredentials: own.map(({ credentialId }) => ({ id: credentialId.toString('base64url') })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: passkeyAlgorithms,
  });
}

/**
 * Keeps a new passkey; `answer` is the text of the form's field.
 * Null where the answer does not hold, was used before, came late, is for somebody else, or there are too many already.
 */
export async function registerPasskey(
  { db, party }: PasskeyParts,
  given: { readonly owner: PasskeyOwner; readonly label: string; readonly answer: string },
): Promise<Passkey['credentialId'] | null> {
  const answer = parseAnswer(registrationResponse, given.answer);
  const challenge = answer && challengeOf(answer);
  const label = given.label
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 60);
  if (!answer || challenge === null || label === '') return null;
  if (!(await spend(db, challenge, 'register', given.owner))) return null;
  const checked = await checkRegistration(party, challenge, answer);
  if (checked === null || (await listPasskeys(db, given.owner)).length >= mostPasskeys) return null;
  const { transports } = answer.response;
  const added = await insertPasskey(db, { ...checked, owner: given.owner, transports, label });
  return added ? checked.credentialId : null;
}

export interface AssertionOffer {
  /** What it is for, such as `occupier-sign-in`: an answer to one use is no answer to another. */
  readonly use: string;
  /** Whom it is given to: an owner's id, or `browserSubject` of a browser that nobody has signed in with. */
  readonly subject: string;
  /** Only passkeys of this owner are asked for; absent at sign-in, where nobody is known yet. */
  readonly owner?: PasskeyOwner;
  /** 32 bytes; random where absent. */
  readonly challenge?: Uint8Array;
}

/** For `navigator.credentials.get`. It says nothing of who is known, unless an owner is named. */
export async function offerAssertion(
  { db, party }: PasskeyParts,
  { use, subject, owner, challenge = randomBytes(32) }: AssertionOffer,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const own = owner === undefined ? [] : await listPasskeys(db, owner);
  await remember(db, challenge, use, subject);
  return generateAuthenticationOptions({
    rpID: party.id,
    challenge: new Uint8Array(challenge),
    timeout: challengeLifetimeSeconds * 1000,
    userVerification: 'required',
    allowCredentials: own.map(({ credentialId, transports }) => ({
      id: credentialId.toString('base64url'),
      transports: [...transports],
    })),
  });
}

export interface UsedPasskey {
  readonly passkey: Passkey;
  readonly answer: AssertionResponse;
}

/**
 * Whose passkey answered. `ownerKind` keeps occupiers and operators apart; `owner`, where given, must be its owner;
 * `challenge`, where given, must be what was answered. Null for whatever does not hold: it all looks alike.
 */
export async function takeAssertion(
  { db, party }: PasskeyParts,
  taken: {
    readonly use: string;
    readonly subject: string;
    readonly ownerKind: 'occupier' | 'operator';
    readonly owner?: PasskeyOwner;
    readonly challenge?: Uint8Array;
    readonly answer: string;
  },
): Promise<UsedPasskey | null> {
  const answer = parseAnswer(assertionResponse, taken.answer);
  const challenge = answer && challengeOf(answer);
  if (!answer || challenge === null) return null;
  if (taken.challenge && !Buffer.from(challenge, 'base64url').equals(taken.challenge)) return null;
  if (!(await spend(db, challenge, taken.use, taken.subject))) return null;
  const passkey = await findPasskey(db, Buffer.from(answer.id, 'base64url'));
  if (!passkey?.owner.startsWith(`${taken.ownerKind}_`)) return null;
  if (taken.owner !== undefined && passkey.owner !== taken.owner) return null;
  const { userHandle } = answer.response;
  if (userHandle && !Buffer.from(userHandle, 'base64url').equals(userHandleOf(passkey.owner))) return null;
  const checked = await checkAssertion(party, challenge, passkey, answer);
  if (checked === null || !(await countUse(db, passkey.credentialId, checked.counter))) return null;
  return { passkey, answer };
}

/** Names a browser by the secret in its cookie, so that a challenge is answered only from where it was given. */
export const browserSubject = (secret: string): string =>
  `browser:${hashOf(Buffer.from(secret)).toString('base64url')}`;

/** What the authenticator files a passkey under: the same for all of one owner, and no name of theirs. */
const userHandleOf = (owner: PasskeyOwner): Buffer => hashOf(Buffer.from(`stabledoor/passkey/v1\n${owner}`));

const remember = (db: Store, challenge: Uint8Array, use: string, subject: string): Promise<void> =>
  insertChallenge(db, {
    ...{ challengeHash: hashOf(challenge), use, subject },
    lifetimeSeconds: challengeLifetimeSeconds,
  });

const spend = (db: Store, challenge: string, use: string, subject: string): Promise<boolean> =>
  spendChallenge(db, { challengeHash: hashOf(Buffer.from(challenge, 'base64url')), use, subject });
