// What the data API takes and answers: the meter points of a token, and readings of one of them.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { idPattern } from '../lib/ids.ts';

export const meterRefParams = z.strictObject({
  meter_point: z
    .string()
    .regex(idPattern('mp'), 'an id from GET /v1/meter-points')
    .meta({ description: 'An id from `GET /v1/meter-points`' }),
});

const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date such as 2026-01-31');

export const readingsQuery = z.strictObject({
  from: date.meta({ description: 'First local day of the window', example: '2026-01-01' }),
  to: date.meta({
    description: 'First local day after the window; at most 366 days later',
    example: '2026-02-01',
  }),
  resolution: z.enum(['P1M', 'P1D', 'PT30M']).meta({ description: 'Month, day or half hour' }),
  register: z.enum(['import', 'export', 'generation']).default('import'),
  purpose: z.enum(['billing', 'service', 'settlement', 'forecasting']).optional().meta({
    description:
      'What a supplier reads for by its licence; with the consent of a householder it is the consent’s',
  }),
});

const reading = z.strictObject({
  start: z.string().meta({ description: 'Start of the period, UTC', example: '2026-01-01T00:00:00Z' }),
  value: z
    .int()
    .nullable()
    .meta({ description: 'Sum of the period in `unit`; null where half of it or less is held' }),
  complete: z.boolean(),
  present: z.int().optional().meta({ description: 'Intervals held, where the period is not complete' }),
  expected: z.int().optional(),
});

export const ledgerEntryRef = z
  .strictObject({
    origin: z.string(),
    index: z.int(),
    leaf: z.string().meta({ description: 'base64 leaf hash' }),
  })
  .meta({ id: 'LedgerEntry', description: 'Where this access stands in the ledger' });

const readingsAnswer = z
  .strictObject({
    meter_point: z.string(),
    fuel: z.enum(['electricity', 'gas']),
    register: z.enum(['import', 'export', 'generation']),
    unit: z.enum(['Wh', 'dm3']),
    resolution: z
      .enum(['P1M', 'P1D', 'PT1H', 'PT30M'])
      .meta({ description: '`PT1H` where a half hour was asked and the source holds hours' }),
    zone: z.string(),
    from: z.string(),
    to: z.string(),
    consent_id: z.string().optional().meta({ description: 'The consent that it rests on' }),
    supply_id: z.string().optional().meta({ description: 'Or the supply, by licence' }),
    order_id: z.string().optional().meta({ description: 'Or the lawful order' }),
    purpose: z.string().optional().meta({ description: 'Where it rests on no consent' }),
    source: z.string(),
    synthetic: z.boolean().meta({ description: 'True for readings made by a program, not by a meter' }),
    readings: z.array(reading),
    ledger_entry: ledgerEntryRef,
  })
  .meta({ id: 'Readings' });

const meterPointsAnswer = z
  .strictObject({
    consent_id: z.string(),
    purpose: z.string(),
    resolution: z.enum(['P1M', 'P1D', 'PT30M']),
    from: z.string(),
    until: z.string(),
    meter_points: z.array(
      z.strictObject({
        id: z.string(),
        fuel: z.enum(['electricity', 'gas']),
        zone: z.string(),
        registers: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'MeterPoints' });

const entryHeader = z.object({
  'Ledger-Entry': z
    .string()
    .meta({ description: '`<origin>/<index>` of the entry that records this access' }),
});

export const listMeterPoints = {
  method: 'get',
  path: '/v1/meter-points',
  operationId: 'listMeterPoints',
  tag: 'Readings',
  summary: 'What this token may read',
  security: 'dpop',
  responses: {
    200: {
      description: 'The meter points of the consent',
      body: { contentType: 'application/json', schema: meterPointsAnswer },
    },
  },
  errors: [
    'invalid_token',
    'insufficient_scope',
    'invalid_dpop_proof',
    'database_unavailable',
    'too_many_proofs',
  ],
} as const satisfies RouteContract;

export const readReadings = {
  method: 'get',
  path: '/v1/meter-points/{meter_point}/readings',
  operationId: 'readReadings',
  tag: 'Readings',
  summary: 'Readings of one meter point',
  description:
    'Whole closed periods only: a local day from the second morning after it, a month from the 4th of the next. The access is in the ledger before the readings leave.',
  security: 'dpop',
  params: meterRefParams,
  query: readingsQuery,
  responses: {
    200: {
      description: 'The readings, and the ledger entry that records their release',
      body: { contentType: 'application/json', schema: readingsAnswer },
      headers: entryHeader,
    },
  },
  errors: [
    'invalid_request',
    'not_on_period_boundary',
    'invalid_token',
    'insufficient_scope',
    'invalid_dpop_proof',
    'finer_than_consented',
    'finer_than_class_allows',
    'outside_consent_window',
    'purpose_not_consented',
    'purpose_not_allowed',
    'recipient_not_allowed',
    'right_not_in_force',
    'opted_out',
    'outside_right',
    'register_not_consented',
    'period_not_closed',
    'third_party_suspended',
    'policy_denied',
    'meter_point_unknown',
    'not_acceptable',
    'ledger_unavailable',
    'meter_store_unavailable',
    'database_unavailable',
    'too_many_proofs',
  ],
} as const satisfies RouteContract;
