// What two operators decide about a lawful order: that it is recorded, with all that it says.

import { type OrderPayload, orderInput, prepareOrder, recordWithin } from './lawful/lawful-order.ts';
import { type Act, defineAct } from './operator/act.ts';
import type { ActParts } from './parts-acts.ts';

type Stored = OrderPayload & { readonly [name: string]: string | string[] };

export const recordOrder = ({ ledger, clock }: Pick<ActParts, 'ledger' | 'clock'>): Act =>
  defineAct({
    name: 'lawful-order',
    title: 'record a lawful order',
    takes:
      '{"client_id", "instrument", "authority", "reference", "meter_points", "resolution", "registers"?, "from", "to", "expires", "opens"?}',
    input: orderInput,
    prepare: async (store, input) => (await prepareOrder(store, clock.nowMs(), input)) as Stored,
    said: ({ order_id, client_id, instrument, resolution, registers }) => ({
      order_ref: order_id,
      third_party: client_id,
      instrument,
      resolution,
      registers: [...registers],
    }),
    words: (order) => [
      ['Order', order.order_id],
      ['For', order.client_id],
      ['What compels', order.instrument === 'court-order' ? 'an order of a court' : 'a notice under an act'],
      ['By', order.authority],
      ['Number', order.reference],
      ['Meter points', order.meter_points.join(', ')],
      ['How fine', order.resolution],
      ['Registers', order.registers.join(', ')],
      ['Days', `${order.from} to ${order.to}, which is not in it`],
      ['Read until', order.expires],
      ['The households are told', order.opens],
    ],
    within: (tx, payload, { proposalId }) => recordWithin(tx, ledger, payload, proposalId),
  });
