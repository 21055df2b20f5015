// Whether a read by licence was of a household that its reader supplied at that place and time, and no more than the licence
// allows and the household has not refused.
import type { EntryOf } from './entry-body.ts';
import { isNoFiner, type Resolution } from './entry-field.ts';
import { licensed } from './licence.ts';
import type { Findings } from './verdict.ts';
import type { Find } from './verify-disclosures.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { Place } from './verify-meaning.ts';

type SupplyMove = EntryOf<'supply.recorded' | 'supply.ended' | 'opt-out.recorded'>;
type ByLicence = Extract<EntryOf<'disclosure'>, { basis: 'licence' }>;

interface Supply {
  readonly thirdParty: string;
  readonly meterRef: string;
  endedAt: number | null;
  optedOut: ReadonlySet<string>;
}

export class SupplyCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  readonly #supplies = new Map<string, Supply>();

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  move(place: Place, body: SupplyMove): void {
    const find: Find = (kind, message) => this.#findings.add(place.index, kind, message);
    const known = this.#supplies.get(body.supply_ref);
    if (body.kind === 'supply.recorded') {
      if (known !== undefined) find('supply_over', `${body.supply_ref} was recorded before`);
      else this.#supplies.set(body.supply_ref, supplyOf(body));
      return;
    }
    if (known === undefined) {
      this.#unknown(place, body.supply_ref, find);
      return;
    }
    if (known.endedAt !== null) find('supply_over', `${body.supply_ref} ended at entry ${known.endedAt}`);
    if (known.thirdParty !== body.third_party)
      find('third_party_mismatch', `${body.supply_ref} is of ${known.thirdParty}`);
    if (body.kind === 'supply.ended') known.endedAt ??= place.index;
    else known.optedOut = new Set(body.purposes);
  }

  disclose(place: Place, body: ByLicence, find: Find): void {
    const { supply_ref: ref, purpose, resolution } = body;
    const supply = this.#supplies.get(ref);
    if (supply === undefined) {
      this.#unknown(place, ref, find);
      return;
    }
    if (supply.endedAt !== null) find('supply_over', `${ref} ended at entry ${supply.endedAt}`);
    if (supply.thirdParty !== body.third_party)
      find('third_party_mismatch', `${ref} is of ${supply.thirdParty}`);
    if (supply.meterRef !== body.meter_ref)
      find('beyond_licence', `${body.meter_ref} is not the meter point of ${ref}`);
    const most = ceilingOf(purpose, supply.optedOut.has(purpose));
    if (most === null) find('beyond_licence', `nothing is read for ${purpose} by licence here`);
    else if (!isNoFiner(resolution, most))
      find(
        'beyond_licence',
        `${resolution} is finer than ${most}, the finest for ${purpose} by licence here`,
      );
  }

  #unknown({ index }: Place, ref: string, find: Find): void {
    if (!this.#earlier.mayHold(index)) find('supply_unknown', `${ref} was not recorded before`);
  }
}

const supplyOf = (body: EntryOf<'supply.recorded'>): Supply => ({
  thirdParty: body.third_party,
  meterRef: body.meter_ref,
  endedAt: null,
  optedOut: new Set(),
});

/** Null: nothing. */
function ceilingOf(purpose: string, isOptedOut: boolean): Resolution | null {
  const row = Object.hasOwn(licensed, purpose) ? licensed[purpose] : undefined;
  if (row === undefined) return null;
  return isOptedOut && row.optedOut !== undefined ? row.optedOut : row.most;
}
