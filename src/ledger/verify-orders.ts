// Whether a read by a lawful order was within that order, and whether those whom an order is about are told of it in time.
import type { EntryOf } from './entry-body.ts';
import { isNoFiner } from './entry-field.ts';
import type { Findings } from './verdict.ts';
import type { Find } from './verify-disclosures.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { Place } from './verify-meaning.ts';

type Recorded = EntryOf<'lawful-order.recorded'>;
type ByOrder = Extract<EntryOf<'disclosure'>, { basis: 'order' }>;

interface KnownOrder {
  readonly body: Recorded;
  readonly index: number;
  /** Since when somebody has to be told of something; null where all that was read has been told. */
  owedSinceMs: number | null;
}

/** From the disclosure date on, or from a read after it: a broker may stand still for a few days. */
export const tellWithinMs = 7 * 86_400_000;

export class OrderCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  readonly #orders = new Map<string, KnownOrder>();
  /** Of the log that this one goes on for: it can be opened here, and read by no more. */
  #mayBeOfFormer = false;

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  succeed(): void {
    this.#mayBeOfFormer = true;
  }

  record({ index, timeMs }: Place, body: Recorded): void {
    if (this.#orders.has(body.order_ref))
      this.#findings.add(index, 'beyond_order', `${body.order_ref} was recorded before`);
    else
      this.#orders.set(body.order_ref, {
        body,
        index,
        owedSinceMs: Math.max(timeMs, body.opens_s * 1000),
      });
  }

  open({ index, timeMs }: Place, { order_ref: ref }: EntryOf<'lawful-order.opened'>): void {
    const order = this.#orders.get(ref);
    const find: Find = (kind, message) => this.#findings.add(index, kind, message);
    if (order === undefined) {
      if (!this.#mayBeOfFormer) this.#unknown(index, ref, find);
      return;
    }
    if (order.owedSinceMs !== null && timeMs > order.owedSinceMs + tellWithinMs)
      find('order_not_opened', `${ref} was opened more than seven days late`);
    order.owedSinceMs = null;
  }

  disclose({ index, timeMs }: Place, body: ByOrder, find: Find): void {
    const ref = body.order_ref;
    const order = this.#orders.get(ref);
    if (order === undefined) {
      this.#unknown(index, ref, find);
      return;
    }
    const { body: terms } = order;
    order.owedSinceMs ??= Math.max(timeMs, terms.opens_s * 1000);
    if (timeMs >= terms.expires_s * 1000)
      find('order_not_in_force', `${ref} expired at second ${terms.expires_s}`);
    if (terms.third_party !== body.third_party)
      find('third_party_mismatch', `${ref} is of ${terms.third_party}`);
    for (const beyond of beyondOrder(body, terms)) find('beyond_order', beyond);
  }

  /** `lastMs`: of the last entry. */
  close(lastMs: number): void {
    for (const [ref, { owedSinceMs, index }] of this.#orders)
      if (owedSinceMs !== null && lastMs > owedSinceMs + tellWithinMs)
        this.#findings.add(index, 'order_not_opened', `nobody was told of ${ref}, seven days after its date`);
  }

  #unknown(index: number, ref: string, find: Find): void {
    if (!this.#earlier.mayHold(index)) find('order_unknown', `${ref} was not recorded before`);
  }
}

function beyondOrder(body: ByOrder, terms: Recorded): string[] {
  const said: string[] = [];
  if (body.purpose !== 'lawful-order') said.push(`${body.purpose} is not what an order is for`);
  if (!terms.meter_refs.includes(body.meter_ref)) said.push(`${body.meter_ref} is not of ${body.order_ref}`);
  if (!terms.registers.includes(body.register)) said.push(`${body.register} is not a register of the order`);
  if (!isNoFiner(body.resolution, terms.resolution))
    said.push(`${body.resolution} is finer than ${terms.resolution}, which was ordered`);
  if (body.window.from < terms.window.from || body.window.to > terms.window.to)
    said.push(`the order is for ${terms.window.from} to ${terms.window.to}, exclusive`);
  return said;
}
