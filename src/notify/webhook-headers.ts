// The headers of Standard Webhooks (standardwebhooks.com), so that a receiver can check a notice with a library it has.
// They are a courtesy: what says that a notice is ours is the signature of the notice itself.
import { createHmac } from 'node:crypto';

export interface WebhookMessage {
  readonly id: string;
  readonly timestampS: number;
  readonly body: string;
}

export function webhookHeaders(
  secret: Buffer,
  { id, timestampS, body }: WebhookMessage,
): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`${id}.${timestampS}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': `v1,${signature}`,
  };
}

/** How the secret is shown to the third party, once. */
export const secretText = (secret: Buffer): string => `whsec_${secret.toString('base64')}`;
