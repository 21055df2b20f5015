// Signs receipts with the key that signs access tokens, so that one key set verifies both; the `typ` tells them apart.
import { CompactSign } from 'jose';
import type { SignReceipt } from '../consent/issue-receipt.ts';
import type { SigningKeys } from './signing-keys.ts';

export const receiptSigner =
  (signingKeys: SigningKeys): SignReceipt =>
  (receipt) => {
    const { kid, privateKey } = signingKeys.current();
    return new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
      .setProtectedHeader({ alg: 'ES256', typ: 'consent-receipt+jwt', kid })
      .sign(privateKey);
  };
