// Logs with reads that rest on no consent: by licence and by lawful order, honest ones and ones that go too far.
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import { at } from './bent-log.ts';
import { type ExportVector, type Found, vector } from './export-vector.ts';
import {
  drafts,
  entriesOf,
  exportOf,
  HEARTH,
  honest,
  ORDER,
  OTHER_METER,
  START_S,
  type Step,
  SUPPLY,
} from './small-log.ts';

const { consent_ref: _, version: __, ...disclosed } = drafts.disclosure;
type Bend = Partial<Omit<typeof disclosed, 'basis'>>;

export const byLicence = (bend: Bend = {}): EntryDraft => ({
  ...disclosed,
  purpose: 'settlement',
  resolution: 'PT30M',
  count: 1488,
  store_read: '1700000000/2',
  ...bend,
  basis: 'licence',
  supply_ref: SUPPLY,
});
export const byOrder = (bend: Bend = {}): EntryDraft => ({
  ...disclosed,
  purpose: 'lawful-order',
  store_read: '1700000000/2',
  ...bend,
  basis: 'order',
  order_ref: ORDER,
});

const registeredAs = (itsClass: string): readonly Step[] =>
  at(honest.slice(0, 3), 2, { draft: { ...drafts['third-party.registered'], class: itsClass } });
/** Entries 0 to 2 open the log and register a supplier; 3 is what it supplies. */
export const supplied = (...after: (EntryDraft | Step)[]): Step[] =>
  [...registeredAs('supplier'), drafts['supply.recorded'], ...after].map(stepOf);
/** Entry 3 is an order for an authority, to be opened two days later. */
export const ordered = (...after: (EntryDraft | Step)[]): Step[] =>
  [...registeredAs('lawful-authority'), drafts['lawful-order.recorded'], ...after].map(stepOf);
const stepOf = (step: EntryDraft | Step): Step => ('draft' in step ? step : { draft: step });

const days = (count: number): number => (START_S + count * 86_400) * 1000;
const opened = drafts['lawful-order.opened'];
const optedOut = drafts['opt-out.recorded'];

/** Name, what it is about, its entries, what is wrong. */
const logs: readonly (readonly [string, string, readonly Step[], Found])[] = [
  [
    'by-licence',
    'half hours for settlement; days after an opt-out; months for a bill; the supply ends',
    supplied(
      byLicence(),
      optedOut,
      byLicence({ resolution: 'P1D', count: 31, store_read: '1700000000/3' }),
      byLicence({ purpose: 'billing', resolution: 'P1M', count: 1, store_read: '1700000000/4' }),
      { ...optedOut, purposes: [] },
      byLicence({ purpose: 'service', resolution: 'P1D', count: 31, store_read: '1700000000/5' }),
      drafts['supply.ended'],
    ),
    [],
  ],
  [
    'by-licence-unknown',
    'no supply was recorded',
    supplied(byLicence()).toSpliced(3, 1),
    [[3, 'supply_unknown']],
  ],
  [
    'by-licence-over',
    'after the supply ended',
    supplied(drafts['supply.ended'], byLicence()),
    [[5, 'supply_over']],
  ],
  [
    'by-licence-opted-out',
    'half hours after an opt-out, and days of which nothing may be read any more',
    supplied({ ...optedOut, purposes: ['service', 'settlement'] }, byLicence(), {
      draft: byLicence({ purpose: 'service', resolution: 'P1D', count: 31, store_read: '1700000000/3' }),
    }),
    [
      [5, 'beyond_licence'],
      [6, 'beyond_licence'],
    ],
  ],
  [
    'by-licence-marketing',
    'a purpose that no licence covers, and a bill by days',
    supplied(
      byLicence({ purpose: 'marketing', resolution: 'P1M', count: 1 }),
      byLicence({ purpose: 'billing', resolution: 'P1D', count: 31, store_read: '1700000000/3' }),
    ),
    [
      [4, 'beyond_licence'],
      [5, 'beyond_licence'],
    ],
  ],
  [
    'by-licence-elsewhere',
    'another meter point, and an opt-out from another supplier',
    supplied(byLicence({ meter_ref: OTHER_METER }), { ...optedOut, third_party: HEARTH }),
    [
      [4, 'beyond_licence'],
      [5, 'third_party_mismatch'],
    ],
  ],
  [
    'by-licence-class',
    'an adviser is recorded as a supplier, twice',
    [...honest.slice(0, 3), stepOf(drafts['supply.recorded']), stepOf(drafts['supply.recorded'])],
    [
      [3, 'class_not_allowed'],
      [4, 'class_not_allowed'],
      [4, 'supply_over'],
    ],
  ],
  [
    'by-licence-no-more',
    'who is registered as something else now reads by no licence',
    supplied(drafts['third-party.registered'], byLicence()),
    [[5, 'class_not_allowed']],
  ],
  [
    'by-order',
    'read, opened on its day, read again, opened again',
    ordered(byOrder(), { draft: opened, timeMs: days(2) }, { draft: opened, timeMs: days(2) }),
    [],
  ],
  ['by-order-secret', 'its day has not come', ordered(byOrder()), []],
  [
    'by-order-never-opened',
    'nine days after its day nobody has been told',
    ordered(byOrder(), { draft: drafts['key.published'], timeMs: days(11) }),
    [[3, 'order_not_opened']],
  ],
  [
    'by-order-opened-late',
    'opened nine days after its day',
    ordered({ draft: opened, timeMs: days(11) }),
    [[4, 'order_not_opened']],
  ],
  [
    'by-order-unknown',
    'no order was recorded',
    ordered(byOrder(), opened).toSpliced(3, 1),
    [
      [3, 'order_unknown'],
      [4, 'order_unknown'],
    ],
  ],
  [
    'by-order-expired',
    'in the second in which it expires',
    ordered({ draft: byOrder(), timeMs: days(1) }),
    [[4, 'order_not_in_force']],
  ],
  [
    'by-order-beyond',
    'for something else, elsewhere, what was sold, by half hours, a day too long',
    ordered(
      byOrder({ purpose: 'council-tax' }),
      byOrder({ meter_ref: OTHER_METER, store_read: '1700000000/3' }),
      byOrder({ register: 'export', store_read: '1700000000/4' }),
      byOrder({ resolution: 'PT30M', store_read: '1700000000/5' }),
      byOrder({ window: { from: '2023-02-01', to: '2023-03-02' }, count: 1, store_read: '1700000000/6' }),
      byOrder({ third_party: HEARTH, store_read: '1700000000/7' }),
    ),
    [
      [4, 'beyond_order'],
      [5, 'beyond_order'],
      [6, 'beyond_order'],
      [7, 'beyond_order'],
      [8, 'beyond_order'],
      [9, 'third_party_unknown'],
      [9, 'third_party_mismatch'],
    ],
  ],
  [
    'struck-off',
    'nothing is read by who was struck off, and nobody restores it',
    [
      ...honest,
      stepOf(drafts['third-party.struck-off']),
      stepOf(drafts['third-party.restored']),
      stepOf({ ...drafts.disclosure, store_read: '1700000000/2' }),
    ],
    [
      [9, 'third_party_suspended'],
      [10, 'third_party_suspended'],
    ],
  ],
  [
    'by-order-class',
    'an adviser is given an order, twice',
    [...honest.slice(0, 3), ...[1, 2].map(() => stepOf(drafts['lawful-order.recorded']))],
    [
      [3, 'class_not_allowed'],
      [4, 'class_not_allowed'],
      [4, 'beyond_order'],
    ],
  ],
];

export const byRightLogs = logs;
export const byRightVectors: readonly ExportVector[] = logs.map(([name, about, steps, violations]) =>
  vector(name, about, exportOf(entriesOf(steps)), violations),
);
