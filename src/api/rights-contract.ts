// What a third party may read without a consent: by a supply licence, or by a lawful order.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { idPattern } from '../lib/ids.ts';

export const rightsQuery = z.strictObject({
  cursor: z.string().regex(idPattern('mp'), 'the `next` of the page before').optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'a number from 1 to 100')
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(50),
});

const right = z
  .strictObject({
    id: z.string().meta({ description: 'For `GET /v1/meter-points/{meter_point}/readings`' }),
    meter_point: z.string().meta({ description: 'The number that the supplier or the order names' }),
    basis: z.enum(['licence', 'order']),
    supply_id: z.string().optional(),
    order_id: z.string().optional(),
    resolution: z
      .enum(['P1M', 'P1D', 'PT30M'])
      .optional()
      .meta({ description: 'The finest that was ordered' }),
    from: z.string(),
    until: z.string().optional().meta({ description: 'The first day that is not covered' }),
    opted_out: z
      .array(z.enum(['forecasting', 'service', 'settlement']))
      .optional()
      .meta({
        description:
          'What the household refuses: nothing for service, days instead of half hours for the others',
      }),
    expires_at: z.string().optional().meta({ description: 'Of an order: no read from then on' }),
  })
  .meta({ id: 'Right' });

export const listRightsRoute = {
  method: 'get',
  path: '/v1/rights',
  operationId: 'listRights',
  tag: 'Readings',
  summary: 'What you may read without a consent',
  description:
    'With a token in your own name (`client_credentials`) that has the scope `readings:by-right`. Readings are asked for with the same token; a supplier says with `purpose` what for.',
  security: 'dpop',
  query: rightsQuery,
  responses: {
    200: {
      description: 'A page of them; `next` is the cursor of the next page',
      body: {
        contentType: 'application/json',
        schema: z.strictObject({ rights: z.array(right), next: z.string().optional() }),
      },
    },
  },
  errors: [
    'invalid_request',
    'invalid_token',
    'insufficient_scope',
    'invalid_dpop_proof',
    'database_unavailable',
    'too_many_proofs',
  ],
} as const satisfies RouteContract;
