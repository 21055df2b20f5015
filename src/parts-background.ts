// What a broker does beside answering: each of these is done by whichever process comes first, and by none twice.
import { type ErasureParts, watchErasures } from './audit/erasure.ts';
import { composeConsentMail } from './consent/compose-mail.ts';
import { watchExpiry } from './consent/expire-consents.ts';
import { watchLinks } from './household/lapse-links.ts';
import { watchOrders } from './lawful/tell-orders.ts';
import { watchMap } from './ledger/publish-map.ts';
import { watchOldNotices } from './notify/age-out.ts';
import { type DeliveryParts, watchOutbox } from './notify/deliver.ts';
import { watchMail } from './notify/deliver-mail.ts';
import { watchSpent } from './oauth/housekeeping.ts';
import { receiptSigner } from './oauth/sign-receipt.ts';
import { securityEventSigner } from './oauth/sign-security-event.ts';
import type { SigningKeys } from './oauth/signing-keys.ts';

export type BackgroundParts = ErasureParts &
  Parameters<typeof watchExpiry>[0] &
  Parameters<typeof watchMap>[0] &
  Omit<DeliveryParts, 'sign'> & { readonly signingKeys: SigningKeys };

/** Call what it gives to end it all; it waits for what is under way. */
export function startBackground(parts: BackgroundParts): () => Promise<void> {
  const stops = [
    watchExpiry(parts),
    watchMap(parts),
    watchLinks(parts),
    watchErasures(parts),
    watchOrders(parts),
    watchSpent(parts),
    watchOldNotices(parts),
    watchMail({
      ...parts,
      compose: composeConsentMail({ ...parts, signReceipt: receiptSigner(parts.signingKeys) }),
    }),
    watchOutbox({
      ...parts,
      sign: securityEventSigner(parts.signingKeys),
    }),
  ];
  return async () => {
    for (const stop of stops) await stop();
  };
}
