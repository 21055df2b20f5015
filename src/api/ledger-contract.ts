// What anyone may ask the ledger: tiles of hashes, and proofs. Entry bundles have their address and are refused.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';

const count = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/, 'a whole number without leading zeros')
  .transform(Number)
  .pipe(z.int());

const logNumber = count.meta({
  description: 'Which log of the line, counted from the oldest: `GET /v1/ledger/logs`',
  example: '1',
});
const whichLog = { log: logNumber.optional() };

export const proofQuery = z.strictObject({
  ...whichLog,
  index: count.meta({ description: 'Of the entry', example: '41' }),
  size: count.optional().meta({ description: 'Of the tree; the newest, if absent' }),
});

export const consistencyQuery = z.strictObject({
  ...whichLog,
  from: count.meta({ description: 'Size of the older tree', example: '300' }),
  to: count.optional().meta({ description: 'Size of the newer tree; the newest, if absent' }),
});

const hash = z.string().meta({ description: 'base64 of 32 bytes' });
const checkpoint = z
  .string()
  .nullable()
  .meta({ description: 'The signed checkpoint of that size; null where none was signed' });

const inclusion = z
  .strictObject({
    origin: z.string(),
    index: z.int(),
    size: z.int(),
    leaf: hash,
    root: hash,
    hashes: z.array(hash).meta({ description: 'RFC 9162 section 2.1.3, leaf sibling first' }),
    checkpoint,
  })
  .meta({ id: 'InclusionProof' });

const consistency = z
  .strictObject({
    origin: z.string(),
    from: z.int(),
    to: z.int(),
    from_root: hash,
    to_root: hash,
    hashes: z.array(hash).meta({ description: 'RFC 9162 section 2.1.4; empty from size 0' }),
    checkpoint,
  })
  .meta({ id: 'ConsistencyProof' });

const text = { contentType: 'text/plain', schema: z.string() };
const json = (schema: z.ZodType) => ({ contentType: 'application/json', schema });
const ledger = { method: 'get', tag: 'Ledger', security: 'none' } as const;
const errors = [
  'invalid_request',
  'not_found',
  'beyond_ledger',
  'checkpoint_unknown',
  'not_acceptable',
  'database_unavailable',
] as const;

const known = z
  .strictObject({
    number: z.int(),
    origin: z.string(),
    prefix: z.url().meta({ description: 'Its checkpoint and tiles are below; always the same log’s' }),
    in_force: z.boolean().meta({ description: 'Whether it is the one that is written to' }),
  })
  .meta({ id: 'Log' });

export const listLogs = {
  ...ledger,
  path: '/v1/ledger/logs',
  operationId: 'listLogs',
  summary: 'The log that is written to, and those before it',
  description:
    'A log that was set back is closed and another goes on. What was signed of a closed one can be checked as before, at its own prefix.',
  responses: {
    200: { description: 'The oldest first', body: json(z.strictObject({ logs: z.array(known) })) },
  },
} as const satisfies RouteContract;

export const proveEntry = {
  ...ledger,
  path: '/v1/ledger/proof',
  operationId: 'proveEntry',
  summary: 'That an entry is in the ledger',
  description: 'As text a C2SP tlog-proof, which needs the size of a signed checkpoint; as JSON at any size.',
  query: proofQuery,
  responses: { 200: { description: 'An inclusion proof', body: [text, json(inclusion)] } },
  errors,
} as const satisfies RouteContract;

export const proveGrowth = {
  ...ledger,
  path: '/v1/ledger/consistency',
  operationId: 'proveGrowth',
  summary: 'That the ledger only grew from one size to another',
  description:
    'As text the body of a C2SP tlog-witness add-checkpoint request, which needs the size of a signed checkpoint; as JSON at any size.',
  query: consistencyQuery,
  responses: { 200: { description: 'A consistency proof', body: [text, json(consistency)] } },
  errors,
} as const satisfies RouteContract;

const tilePart = z.string().meta({
  description:
    'Number of the tile in groups of three digits, all but the last after an `x` and before a slash, then `.p/<width>` if partial: `x001/x234/067.p/44`',
});

export const bundleOfEntries = {
  ...ledger,
  path: '/ledger/tile/entries/{bundle}',
  rest: 'bundle',
  operationId: 'bundleOfEntries',
  summary: 'A bundle of entries (C2SP tlog-tiles); for regulators only',
  params: z.strictObject({ bundle: tilePart }),
  responses: {
    200: {
      description: 'Not given to anyone yet: tokens for regulators do not exist',
      body: { contentType: 'application/octet-stream', schema: z.string().meta({ format: 'binary' }) },
    },
  },
  errors: ['regulators_only'],
} as const satisfies RouteContract;

export const tileOfHashes = {
  ...ledger,
  path: '/ledger/tile/{level}/{tile}',
  rest: 'tile',
  operationId: 'tileOfHashes',
  summary: 'A tile of hashes (C2SP tlog-tiles)',
  params: z.strictObject({ level: z.string().meta({ description: '0 to 63' }), tile: tilePart }),
  responses: {
    200: {
      description: 'At most 256 hashes of 32 bytes; never different later',
      body: { contentType: 'application/octet-stream', schema: z.string().meta({ format: 'binary' }) },
    },
  },
  errors: ['not_found', 'database_unavailable'],
} as const satisfies RouteContract;

const ofLog = { log: z.string().meta({ description: 'The number of the log' }) };

export const checkpointOfLog = {
  ...ledger,
  path: '/ledger/logs/{log}/checkpoint',
  operationId: 'checkpointOfLog',
  summary: 'The newest checkpoint of one log, also of one that is closed',
  params: z.strictObject(ofLog),
  responses: { 200: { description: 'A signed note', body: text } },
  errors: ['not_found', 'database_unavailable'],
} as const satisfies RouteContract;

export const bundleOfLog = {
  ...bundleOfEntries,
  path: '/ledger/logs/{log}/tile/entries/{bundle}',
  operationId: 'bundleOfLog',
  summary: 'A bundle of entries of one log; for regulators only',
  params: bundleOfEntries.params.extend(ofLog),
} as const satisfies RouteContract;

export const tileOfLog = {
  ...tileOfHashes,
  path: '/ledger/logs/{log}/tile/{level}/{tile}',
  operationId: 'tileOfLog',
  summary: 'A tile of hashes of one log, also of one that is closed',
  params: tileOfHashes.params.extend(ofLog),
} as const satisfies RouteContract;

export const ledgerContracts = [
  ...[listLogs, proveEntry, proveGrowth, bundleOfEntries, tileOfHashes],
  ...[checkpointOfLog, bundleOfLog, tileOfLog],
] as const;
