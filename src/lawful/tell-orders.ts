// Tells those whom an order concerns, once its day has come: what was ordered and what was read by it, in the chain of each
// household and in the order's own. Whatever is read by it afterwards is told as well.
import type { Database } from '../db/database.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { newRequestId, type SubjectId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import {
  forgetPoints,
  holdUntold,
  type KnownOrder,
  markTold,
  readsByOrder,
  whomItConcerns,
} from './order-store.ts';

export interface TellParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

/** Gives how many orders were told of; `most` means that there may be more. Errors: `ledger_unavailable`. */
export async function tellOrders({ db, ledger }: TellParts, most = 20): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    const untold = await holdUntold(tx, ledger.logId, most);
    const entries: AppendRequest[] = [];
    // Orders are few, and each has statements of its own.
    for (const { order, entries: inChain } of untold) {
      const reads = await readsByOrder(tx, ledger.logId, order.orderId);
      const concerned = await whomItConcerns(tx, order);
      for (const { householdId, mpans } of concerned)
        entries.push(openedEntry(householdId, order, told(order, mpans, reads)));
      const all = order.points.map(({ mpan }) => mpan);
      entries.push(openedEntry(order.orderId, order, told(order, all, reads)));
      // With the entry that says so: a chain that has grown since is told of again.
      await markTold(tx, order.orderId, inChain + 1);
    }
    await forgetPoints(tx, ledger.logId);
    if (entries.length > 0) await ledger.appendWithin(tx, entries);
    return untold.length;
  });
}

/** What stands behind the commitment, and what the page of a household shows. */
function told(order: KnownOrder, mpans: readonly string[], reads: readonly number[]): JsonValue {
  return {
    order: order.orderId,
    to: order.thirdParty,
    instrument: order.instrument,
    authority: order.authority,
    reference: order.reference,
    meter_points: [...mpans],
    resolution: order.resolution,
    registers: [...order.registers],
    from: order.from,
    until: order.to,
    /** Places in the log of what was read. */
    entries: [...reads],
  };
}

const openedEntry = (subject: SubjectId, { orderId }: KnownOrder, order: JsonValue): AppendRequest => ({
  req: newRequestId(),
  householdId: subject,
  body: { kind: 'lawful-order.opened', actor: 'broker', order_ref: orderId },
  personal: { order },
  evidence: ['order'],
});

const watchEveryMs = 60_000;

/** Does it every minute; call what it gives to end that. */
export function watchOrders(parts: TellParts & { readonly logger: Logger }): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const look = () =>
    tellOrders(parts).catch((error: unknown) =>
      parts.logger.warn({ err: error }, 'those whom a lawful order concerns are not told yet'),
    );
  const timer = setInterval(() => {
    running = running.then(look);
  }, watchEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
