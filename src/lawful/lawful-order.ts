// A lawful order: what a court or a notice under an act compels, of at most ten meter points that it names. It stands in a chain
// of its own, under a key of its own, so that nothing ties it to a household before its day.
import { z } from 'zod';
import type { BrokerTransaction, Store } from '../db/database.ts';
import { findMeterPoint } from '../household/household-store.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ClientId, idPattern, newId, newRequestId, type OrderId, type ProposalId } from '../lib/ids.ts';
import { addDays, type LocalDate, parseLocalDate } from '../lib/local-date.ts';
import { registers } from '../policy/request.ts';
import { resolutions } from '../registry/purposes.ts';
import { findThirdParty } from '../registry/registry-store.ts';
import { insertOrder, type LawfulOrder } from './order-store.ts';

export const mostPoints = 10;
/** No order is kept from those whom it concerns for longer: a longer secrecy takes another order. */
export const mostSecretMs = 730 * 86_400_000;
/** And none can be read by for longer. */
const mostLastingMs = 366 * 86_400_000;
const mostDays = 731;

const line = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^\P{C}*$/u, 'one line');
const date = z.string().refine((text) => parseLocalDate(text) !== null, 'a date such as 2026-01-31');
const instant = z.iso.datetime({ offset: true });

export const orderInput = z.strictObject({
  client_id: z.string().regex(idPattern('client'), 'a client id'),
  instrument: z.enum(['court-order', 'statutory-notice']),
  /** Which court, or which act and section. */
  authority: line(200),
  /** The number of the order or of the notice. */
  reference: line(200),
  meter_points: z
    .array(z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'the number of a meter point'))
    .min(1)
    .max(mostPoints),
  resolution: z.enum(resolutions),
  registers: z.array(z.enum(registers)).min(1).max(3).default(['import']),
  from: date,
  /** The first day that is not ordered. */
  to: date,
  expires: instant,
  /** From then on the households are told; at once where absent. */
  opens: instant.optional(),
});
export type OrderInput = z.output<typeof orderInput>;

/** As it is approved and kept: JSON, with a name of its own. */
export type OrderPayload = Omit<OrderInput, 'opens'> & { readonly order_id: string; readonly opens: string };

/** Errors: `invalid_request` with what is wrong; `not_found` where third party or meter point is not known. */
export async function prepareOrder(store: Store, nowMs: number, input: OrderInput): Promise<OrderPayload> {
  const fault = faultOf(input, nowMs);
  if (fault !== null) throw new StabledoorError('invalid_request', fault);
  await requireAuthority(store, input.client_id);
  for (const mpan of input.meter_points)
    if ((await findMeterPoint(store, mpan)) === null)
      throw new StabledoorError('not_found', `No meter point ${mpan} is known.`);
  return {
    ...input,
    opens: new Date(input.opens === undefined ? nowMs : Date.parse(input.opens)).toISOString(),
    expires: new Date(input.expires).toISOString(),
    order_id: newId('order'),
  };
}

function faultOf(
  { from, to, expires, opens, meter_points, registers: ordered }: OrderInput,
  nowMs: number,
): string | null {
  if (new Set(meter_points).size < meter_points.length) return 'A meter point is named twice.';
  if (new Set(ordered).size < ordered.length) return 'A register is named twice.';
  if (from >= to || to > addDays(from as LocalDate, mostDays))
    return `The days of an order are from one to ${mostDays}.`;
  const expiresMs = Date.parse(expires);
  if (expiresMs <= nowMs || expiresMs > nowMs + mostLastingMs)
    return 'An order expires within a year from now.';
  if (opens !== undefined && Date.parse(opens) > nowMs + mostSecretMs)
    return 'An order is kept from those whom it concerns for two years at most.';
  return null;
}

async function requireAuthority(store: Store, clientId: string): Promise<void> {
  const found = await findThirdParty(store, clientId);
  if (found === null) throw new StabledoorError('not_found', `There is no third party ${clientId}.`);
  if (found.class !== 'lawful-authority' || found.status !== 'active')
    throw new StabledoorError(
      'invalid_request',
      `${found.name} is no lawful authority in good standing: what does not compel is refused.`,
    );
}

/** In the transaction of its approval. Its key is made first: a transaction that fails leaves one that nothing uses. */
export async function recordWithin(
  tx: BrokerTransaction,
  ledger: Ledger,
  payload: OrderPayload,
  proposalId: ProposalId | null,
): Promise<AppendRequest[]> {
  await requireAuthority(tx, payload.client_id);
  const order = orderOf(payload);
  await ledger.createSubject(order.orderId);
  await insertOrder(tx, ledger.logId, order, proposalId);
  return [
    {
      req: newRequestId(),
      householdId: order.orderId,
      body: {
        kind: 'lawful-order.recorded',
        actor: 'operator',
        order_ref: order.orderId,
        third_party: order.clientId,
        instrument: order.instrument,
        resolution: order.resolution,
        registers: [...order.registers],
        window: { from: order.from, to: order.to },
        meter_refs: order.points.map(({ meterRef }) => meterRef),
        expires_s: Math.floor(order.expiresAt.getTime() / 1000),
        opens_s: Math.floor(order.opensAt.getTime() / 1000),
        ...(proposalId === null ? {} : { proposal: proposalId }),
      },
      personal: {
        order: { ...payload, meter_points: [...payload.meter_points], registers: [...payload.registers] },
      },
      evidence: ['order'],
    },
  ];
}

const orderOf = (payload: OrderPayload): LawfulOrder => ({
  orderId: payload.order_id as OrderId,
  clientId: payload.client_id as ClientId,
  instrument: payload.instrument,
  authority: payload.authority,
  reference: payload.reference,
  resolution: payload.resolution,
  registers: payload.registers,
  from: payload.from as LocalDate,
  to: payload.to as LocalDate,
  expiresAt: new Date(payload.expires),
  opensAt: new Date(payload.opens),
  points: payload.meter_points.map((mpan) => ({ meterRef: newId('mp'), mpan })),
});
