// Settles the zone in which a file's readings are summed: the one that was named, else the meter point's, else the
// file's own. Where more than one is known they must agree, since a wrong midnight moves use from day to day.
import type { MeterPointRow } from '../../db/tables/meter-store.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { formatLocalDate, knownZone } from '../local-time.ts';
import { defaultZone } from '../source.ts';
import { daysTouched } from './day-plan.ts';
import type { EspiDocument } from './espi-document.ts';
import { firstDisagreement, type LocalTimeRule, localTimeRule, zoneOfRule } from './espi-time.ts';
import type { FileRow } from './import-row.ts';

/** Throws `import_zone_unknown` or `import_zone_differs`. */
export function fileZone(
  document: EspiDocument,
  named: string | undefined,
  point: MeterPointRow,
  rows: readonly FileRow[],
): string {
  const wanted = named === undefined ? point.zone : knownZone(named);
  if (named !== undefined && wanted === null)
    throw new StabledoorError('import_zone_unknown', `There is no time zone ${JSON.stringify(named)}.`);
  if (wanted !== null && point.zone !== null && wanted !== point.zone)
    throw new StabledoorError(
      'import_zone_differs',
      `--zone says ${wanted}; the meter point is in ${point.zone}.`,
    );
  const rule = fileRule(document);
  if (rule === null) return wanted ?? defaultZone;
  if (wanted === null) return zoneFromRule(rule, rows);
  const day = firstDisagreement(rule, wanted, daysTouched(rows, wanted));
  if (day !== null)
    throw new StabledoorError(
      'import_zone_differs',
      `The clock of the file is not that of ${wanted} on ${day}: its LocalTimeParameters say otherwise.`,
    );
  return wanted;
}

function zoneFromRule(rule: LocalTimeRule, rows: readonly FileRow[]): string {
  const starts = rows.flatMap((row) => (row.reading === null ? [] : [row.reading.start]));
  const yearOf = (seconds: number): number =>
    Number(formatLocalDate(Math.floor((seconds + rule.offsetSeconds) / 86_400)).slice(0, 4));
  const first = starts.reduce((least, start) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const last = starts.reduce((most, start) => Math.max(most, start), 0);
  const zone = zoneOfRule(rule, yearOf(first), yearOf(last));
  if (zone !== null) return zone;
  throw new StabledoorError(
    'import_zone_unknown',
    'The LocalTimeParameters of the file are those of no zone that is known here; name it with --zone.',
  );
}

/** Null where the file says nothing about its zone. */
function fileRule({ localTimes }: EspiDocument): LocalTimeRule | null {
  const [first, ...others] = localTimes;
  if (first === undefined) return null;
  const rule = localTimeRule(first);
  const same = others.every((other) => JSON.stringify(localTimeRule(other)) === JSON.stringify(rule));
  if (rule === null || !same)
    throw new StabledoorError(
      'import_zone_unknown',
      'The LocalTimeParameters of the file cannot be understood; correct them in the file.',
    );
  return rule;
}
