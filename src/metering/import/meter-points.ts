// Makes a meter point known to the meter store. Until it is, an import for it is refused: a mistyped number must not
// open a new home.
import type { Kysely, Transaction } from 'kysely';
import type { MeterPointRow, MeterStoreTables } from '../../db/tables/meter-store.ts';
import type { Fuel, Unit } from '../reading.ts';

export type MeterStoreWriter = Kysely<MeterStoreTables> | Transaction<MeterStoreTables>;

export interface NewMeterPoint {
  readonly mpan: string;
  readonly fuel: Fuel;
  /** Watt-hours where nothing is said. */
  readonly unit?: Unit;
  /** Null where nobody has said it: the first file imported settles it. */
  readonly zone: string | null;
  readonly synthetic?: boolean;
  readonly label?: string;
}

/** Does nothing where the meter points are known already. Needs the importer's role. */
export async function addMeterPoints(
  store: MeterStoreWriter,
  points: readonly NewMeterPoint[],
): Promise<void> {
  if (points.length === 0) return;
  await store
    .insertInto('meter.meter_point')
    .values(points.map(meterPointRow))
    .onConflict((conflict) => conflict.column('mpan').doNothing())
    .execute();
}

const meterPointRow = (point: NewMeterPoint): MeterPointRow => ({
  mpan: point.mpan,
  fuel: point.fuel,
  unit: point.unit ?? 'Wh',
  zone: point.zone,
  synthetic: point.synthetic ?? false,
  label: point.label ?? null,
});
