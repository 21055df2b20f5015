// What the sandbox and the demo have beside the rest: the time can be set, and a householder's answer given by program.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';

export const clockBody = z
  .strictObject({
    now: z
      .union([z.iso.datetime({ offset: true }), z.null()])
      .optional()
      .meta({
        description: 'The time to set; null gives the machine’s own back',
        example: '2026-01-31T09:00:00Z',
      }),
    advance_s: z.int().min(1).max(315_360_000).optional().meta({ description: 'Or seconds to go forward' }),
  })
  .refine(
    ({ now, advance_s }) => (now === undefined) !== (advance_s === undefined),
    'send `now` or `advance_s`',
  )
  .meta({ id: 'SandboxClock' });

const clockAnswer = z.strictObject({ now: z.string() });

const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date such as 2026-01-31');

export const decisionBody = z
  .strictObject({
    request_uri: z.string().max(200),
    client_id: z.string().max(64),
    household: z.string().max(254).meta({ description: 'An e-mail address or a household id' }),
    decision: z.enum(['share', 'refuse']),
    resolution: z.enum(['P1M', 'P1D', 'PT30M']).optional().meta({ description: 'As asked, if absent' }),
    from: date.optional(),
    until: date.optional(),
    meter_points: z
      .array(z.string().max(64))
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'MPANs; all that can be shared, if absent' }),
  })
  .meta({ id: 'SandboxDecision' });

const decisionAnswer = z.strictObject({ redirect_to: z.string() });

const json = (schema: z.ZodType) => ({ contentType: 'application/json', schema });

export const setClock = {
  method: 'post',
  path: '/sandbox/clock',
  operationId: 'setSandboxClock',
  tag: 'Sandbox',
  summary: 'Set the time of broker and ledger; never behind the last ledger entry',
  security: 'none',
  body: json(clockBody),
  responses: { 200: { description: 'The time now', body: json(clockAnswer) } },
  errors: ['invalid_request', 'clock_refused', 'database_unavailable'],
} as const satisfies RouteContract;

export const decide = {
  method: 'post',
  path: '/sandbox/decisions',
  operationId: 'decideForHousehold',
  tag: 'Sandbox',
  summary: 'The householder’s side of a request, without a browser',
  security: 'none',
  body: json(decisionBody),
  responses: {
    200: {
      description: 'Where the browser would be sent, code or error included',
      body: json(decisionAnswer),
    },
  },
  errors: [
    'invalid_request',
    'not_found',
    'illegal_transition',
    'ledger_unavailable',
    'database_unavailable',
  ],
} as const satisfies RouteContract;
