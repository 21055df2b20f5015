// Withdrawal notices for a third party that asks for them (RFC 8936).
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { mostAcknowledged, mostPolled } from '../notify/poll.ts';

const jti = z.uuid();

export const pollForm = z
  .strictObject({
    maxEvents: z.int().min(0).max(mostPolled).default(20).meta({ description: '0 only acknowledges.' }),
    returnImmediately: z
      .boolean()
      .default(false)
      .meta({ description: 'If false, the answer waits up to 20 s for a notice.' }),
    ack: z
      .array(jti)
      .max(mostAcknowledged)
      .default([])
      .meta({ description: 'Notices that do not come back.' }),
    setErrs: z
      .record(jti, z.looseObject({ err: z.string().max(100) }))
      .refine((errors) => Object.keys(errors).length <= mostAcknowledged, 'has too many')
      .default({})
      .meta({ description: 'Notices that you cannot take; they do not come back either.' }),
  })
  .meta({ id: 'NoticePoll' });

const answer = z
  .strictObject({
    sets: z
      .record(z.string(), z.string())
      .meta({ description: 'Security event tokens (RFC 8417) by `jti`.' }),
    moreAvailable: z.boolean(),
  })
  .meta({ id: 'Notices' });

export const pollForNotices = {
  method: 'post',
  path: '/v1/notices',
  operationId: 'pollForNotices',
  tag: 'Consents',
  summary: 'What is over: withdrawal notices (RFC 8936)',
  description:
    'With a token in your own name that has the scope `notices:read`. What you have not acknowledged comes again.',
  security: 'dpop',
  body: { contentType: 'application/json', schema: pollForm },
  responses: { 200: { description: 'Notices', body: { contentType: 'application/json', schema: answer } } },
  errors: [
    'invalid_request',
    'invalid_token',
    'invalid_dpop_proof',
    'insufficient_scope',
    'database_unavailable',
    'too_many_proofs',
  ],
} as const satisfies RouteContract;
