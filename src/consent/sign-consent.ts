// A consent signed with the giver's passkey: what it signs is drafted when the choice is made, and made anew when the consent
// is given, so that nothing but that very consent can be given with it.
import { createHash, randomBytes } from 'node:crypto';
import { consentStatement, homeText } from '../ledger/consent-statement.ts';
import type { OpenedSignature } from '../ledger/verify-consent-signature.ts';
import { type AssertionResponse, challengeOf } from '../passkey/passkey-check.ts';
import type { Passkey } from '../passkey/passkeys.ts';
import { publicJwkText } from '../passkey/public-jwk.ts';
import type { ConsentTerms } from './terms.ts';

/** What is signed: the terms as they will be given, in one log. */
export interface ConsentToSign {
  readonly origin: string;
  readonly thirdParty: string;
  readonly terms: ConsentTerms;
  readonly wordingDigest: string;
  readonly mpans: readonly string[];
}

/** Random, base64, 32 bytes each. The second stays with the meter points, so that the first alone leads to no home. */
export interface SigningSalts {
  readonly salt: string;
  readonly homeSalt: string;
}

export const newSalts = (): SigningSalts => ({ salt: random(), homeSalt: random() });
const random = (): string => randomBytes(32).toString('base64');

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

const homeOf = ({ wordingDigest, mpans }: ConsentToSign, { homeSalt }: SigningSalts): string =>
  sha256(homeText(homeSalt, wordingDigest, [...new Set(mpans)])).toString('base64');

/** What the passkey must answer: 32 bytes. */
export function consentChallenge(consent: ConsentToSign, salts: SigningSalts): Buffer {
  const { origin, thirdParty, terms } = consent;
  const { purpose, resolution, from, until, registers, once } = terms;
  const signed = { third_party: thirdParty, purpose, resolution, window: { from, until }, registers };
  const home = homeOf(consent, salts);
  return sha256(consentStatement(origin, once ? { ...signed, once: 1 } : signed, { salt: salts.salt, home }));
}

/** A passkey's answer that was checked before. */
export interface ConsentSignature extends SigningSalts {
  readonly passkey: Passkey;
  readonly answer: AssertionResponse;
}

/** What the entry commits to, and keeps sealed as evidence; null where the answer is to another consent than this. */
export function signatureEvidence(
  consent: ConsentToSign,
  signature: ConsentSignature,
): {
  signature: OpenedSignature;
  signed_home: { salt: string; wording: string; meter_points: string[] };
} | null {
  const { passkey, answer, salt, homeSalt } = signature;
  const challenge = challengeOf(answer);
  if (challenge === null || !Buffer.from(challenge, 'base64url').equals(consentChallenge(consent, signature)))
    return null;
  const { signature: signed, authenticatorData, clientDataJSON } = answer.response;
  return {
    signature: {
      salt,
      home: homeOf(consent, signature),
      key: publicJwkText(passkey.publicKey),
      signature: signed,
      authenticator_data: authenticatorData,
      client_data: clientDataJSON,
    },
    signed_home: {
      ...{ salt: homeSalt, wording: consent.wordingDigest },
      meter_points: [...new Set(consent.mpans)].sort(),
    },
  };
}
