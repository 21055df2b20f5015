// Operators' passkeys: the public key as it stands on record and in the ledger, and whether one of them answered a statement.
// The challenge is the SHA-256 of the statement, so that an answer is worth nothing for any other.
import { createHash } from 'node:crypto';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import type { Store } from '../db/database.ts';
import type { OperatorProof } from '../ledger/entry-operator.ts';
import type { OperatorId } from '../lib/ids.ts';
import { assertionResponse, checkAssertion, parseAnswer } from '../passkey/passkey-check.ts';
import { countUse, findPasskey } from '../passkey/passkey-store.ts';
import { listPasskeys, type PasskeyOwner, type RelyingParty, relyingPartyOf } from '../passkey/passkeys.ts';
import { publicJwkText } from '../passkey/public-jwk.ts';
import type { NewKey } from './operator.ts';
import { publicKeyText } from './operator-key.ts';
import { findCredential } from './operator-store.ts';
import type { CheckPasskey, Signer } from './proof.ts';

export const passkeyOwnerOf = (operatorId: OperatorId): PasskeyOwner => operatorId as string as PasskeyOwner;

/** The key of a passkey that was made. Errors: OperatorKeyFault for RSA, which no entry holds. */
export function keyOfPasskey(passkey: { readonly credentialId: Buffer; readonly publicKey: Buffer }): NewKey {
  return {
    keptIn: 'passkey',
    publicKey: publicKeyText(JSON.parse(publicJwkText(passkey.publicKey))),
    passkeyId: passkey.credentialId.toString('base64url'),
  };
}

const challengeOf = (statement: string): string =>
  createHash('sha256').update(statement, 'utf8').digest('base64url');

/** For `navigator.credentials.get`: what one of the operator's own passkeys is asked to sign. */
export async function passkeyOptions(
  db: Store,
  party: RelyingParty,
  operatorId: OperatorId,
  statement: string,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const own = await listPasskeys(db, passkeyOwnerOf(operatorId));
  return {
    rpId: party.id,
    challenge: challengeOf(statement),
    timeout: 300_000,
    userVerification: 'required',
    allowCredentials: own.map(({ credentialId }) => ({
      id: credentialId.toString('base64url'),
      type: 'public-key' as const,
    })),
  };
}

/** Whoever answered with a passkey, as a signer. Null where it is no answer, or of no operator's passkey. */
export async function passkeySigner(db: Store, text: string): Promise<Signer | null> {
  const answer = parseAnswer(assertionResponse, text);
  const credential = answer && (await findCredential(db, { passkeyId: answer.id }));
  if (!answer || !credential) return null;
  const { authenticatorData, clientDataJSON, signature } = answer.response;
  const proof: OperatorProof = {
    key: credential.credentialId,
    signature,
    authenticator_data: authenticatorData,
    client_data: clientDataJSON,
  };
  return { thumbprint: credential.credentialId, prove: async () => proof };
}

/** Of an issuer for which browsers make no passkeys none holds. A counter that does not go up is of a copied key. */
export function passkeyChecker(db: Store, issuer: string): CheckPasskey {
  const party = relyingPartyOf(issuer);
  return async ({ passkeyId }, statement, proof) => {
    const { client_data: clientDataJSON, authenticator_data: authenticatorData, signature } = proof;
    if (party === null || passkeyId === null || !clientDataJSON || !authenticatorData) return false;
    const known = await findPasskey(db, Buffer.from(passkeyId, 'base64url'));
    if (known === null) return false;
    const checked = await checkAssertion(party, challengeOf(statement), known, {
      ...{ id: passkeyId, rawId: passkeyId, type: 'public-key' },
      response: { clientDataJSON, authenticatorData, signature },
    });
    return checked !== null && (await countUse(db, known.credentialId, checked.counter));
  };
}
