// Signs withdrawal notices with the key that signs access tokens, so that one key set verifies both.
// The `typ` tells them apart: neither can pass for the other (RFC 8417 section 2.3).
import { type JWTPayload, SignJWT } from 'jose';
import type { SignSecurityEvent } from '../notify/security-event.ts';
import type { SigningKeys } from './signing-keys.ts';

export const securityEventSigner =
  (signingKeys: SigningKeys): SignSecurityEvent =>
  (claims) => {
    const { kid, privateKey } = signingKeys.current();
    return new SignJWT(claims as unknown as JWTPayload)
      .setProtectedHeader({ alg: 'ES256', typ: 'secevent+jwt', kid })
      .sign(privateKey);
  };
