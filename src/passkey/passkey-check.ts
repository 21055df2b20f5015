// Checks what an authenticator answers: made for us, on our origin, to this challenge, by a verified person. Near-pure: no
// database, and no call leaves the machine. Whatever does not hold is null; why is nobody's business but the log's.
import {
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { COSEALG, decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { z } from 'zod';
import type { RelyingParty } from './relying-party.ts';

/** What we ask for and take: P-256, Ed25519, RSA (which is all that some Windows machines make). */
export const passkeyAlgorithms = [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];

const base64url = (most: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(most);
const credentialId = base64url(1364);
const shared = { id: credentialId, rawId: credentialId, type: z.literal('public-key') };

/** `PublicKeyCredential.toJSON()` of a new passkey, with what we read of it (WebAuthn level 3, section 5.1). */
export const registrationResponse = z.object({
  ...shared,
  response: z.object({
    clientDataJSON: base64url(4096),
    attestationObject: base64url(16_384),
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(8)
      .default([]),
  }),
});
/** The same of one that was used. */
export const assertionResponse = z.object({
  ...shared,
  response: z.object({
    clientDataJSON: base64url(4096),
    authenticatorData: base64url(4096),
    signature: base64url(2048),
    userHandle: base64url(128).nullish(),
  }),
});
export type RegistrationResponse = z.output<typeof registrationResponse>;
export type AssertionResponse = z.output<typeof assertionResponse>;

/** The hidden field that a form brings; null unless it is one such answer. */
export function parseAnswer<Answer>(schema: z.ZodType<Answer>, text: string): Answer | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The challenge that an answer says it answers, base64url; null where it says none. Proves nothing by itself. */
export function challengeOf(answer: {
  readonly response: { readonly clientDataJSON: string };
}): string | null {
  try {
    const data: unknown = JSON.parse(
      Buffer.from(answer.response.clientDataJSON, 'base64url').toString('utf8'),
    );
    return z.object({ challenge: base64url(128) }).parse(data).challenge;
  } catch {
    return null;
  }
}

export interface CheckedRegistration {
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly synced: boolean;
}

/**
 * A chain of certificates in it is refused unread: we ask for no attestation, and checking one fetches lists of revoked
 * certificates from addresses that the answer itself names.
 */
function hasNoCertificates(answer: RegistrationResponse): boolean {
  const bytes = Buffer.from(answer.response.attestationObject, 'base64url');
  const attestation = decodeAttestationObject(new Uint8Array(bytes));
  const format = attestation.get('fmt');
  return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined);
}

export async function checkRegistration(
  party: RelyingParty,
  challenge: string,
  answer: RegistrationResponse,
): Promise<CheckedRegistration | null> {
  try {
    if (!hasNoCertificates(answer)) return null;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...answer, clientExtensionResults: {} } as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: passkeyAlgorithms,
    });
    if (!verified) return null;
    const { credential, credentialBackedUp } = registrationInfo;
    return {
      credentialId: Buffer.from(credential.id, 'base64url'),
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      synced: credentialBackedUp,
    };
  } catch {
    return null;
  }
}

export interface KnownKey {
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly counter: number;
}

/** The counter that the authenticator gave, to be kept; null where anything does not hold. */
export async function checkAssertion(
  party: RelyingParty,
  challenge: string,
  key: KnownKey,
  answer: AssertionResponse,
): Promise<{ readonly counter: number } | null> {
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...answer, clientExtensionResults: {} } as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      credential: {
        id: key.credentialId.toString('base64url'),
        publicKey: new Uint8Array(key.publicKey),
        counter: key.counter,
      },
    });
    return verified ? { counter: authenticationInfo.newCounter } : null;
  } catch {
    return null;
  }
}
