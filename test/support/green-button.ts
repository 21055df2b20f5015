// Writes small Green Button files of our own making, so that a test can have any fault in one, on a line it knows.

export interface ButtonRow {
  readonly start: number | string;
  readonly value?: number | string;
  readonly duration?: number | string;
}

export interface ButtonFile {
  readonly rows: readonly ButtonRow[];
  readonly intervalSeconds?: number;
  /** Children of ReadingType, over the defaults; null leaves one out. */
  readonly type?: Readonly<Record<string, string | null>>;
  /** Children of LocalTimeParameters; null leaves the whole out. US Pacific where nothing is said. */
  readonly localTime?: Readonly<Record<string, string>> | null;
  readonly serviceKind?: string;
  /** Stands before everything else, such as a DOCTYPE. */
  readonly prologue?: string;
}

export const pacific = {
  dstEndRule: 'B40E2000',
  dstOffset: '3600',
  dstStartRule: '360E2000',
  tzOffset: '-28800',
};

const fields = (all: Readonly<Record<string, string | null>>): string =>
  Object.entries(all)
    .map(([name, value]) => (value === null ? '' : `<espi:${name}>${value}</espi:${name}>`))
    .join('');

const link = (rel: string, href: string): string => `<link rel="${rel}" href="${href}"/>`;

/** One line a reading; the first stands on the line that `firstRowLine` says. */
export const firstRowLine = 7;

export function greenButtonXml(file: ButtonFile): string {
  const { rows, intervalSeconds = 3600, localTime = pacific, serviceKind = '0' } = file;
  const type = {
    ...{
      accumulationBehaviour: '4',
      commodity: '1',
      flowDirection: '1',
      intervalLength: String(intervalSeconds),
    },
    ...{ kind: '12', powerOfTenMultiplier: '0', uom: '72', ...file.type },
  };
  return [
    `<?xml version="1.0" encoding="UTF-8"?>${file.prologue ?? ''}`,
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi"><id>urn:uuid:made-up</id>',
    `<entry>${link('self', 'U/1')}<content><espi:UsagePoint><espi:ServiceCategory><espi:kind>${serviceKind}</espi:kind></espi:ServiceCategory></espi:UsagePoint></content></entry>`,
    localTime === null
      ? ''
      : `<entry><content><espi:LocalTimeParameters>${fields(localTime)}</espi:LocalTimeParameters></content></entry>`,
    `<entry>${link('self', 'U/1/M/1')}${link('related', 'U/1/M/1/IntervalBlock')}${link('related', 'R/7')}<content><espi:MeterReading/></content></entry>`,
    `<entry>${link('up', 'U/1/M/1/IntervalBlock')}<content><espi:IntervalBlock><espi:interval><espi:duration>1</espi:duration><espi:start>1</espi:start></espi:interval>`,
    ...rows.map((row) => {
      const value = row.value === undefined ? '' : `<espi:value>${row.value}</espi:value>`;
      return `<espi:IntervalReading><espi:cost>99</espi:cost><espi:timePeriod><espi:duration>${row.duration ?? intervalSeconds}</espi:duration><espi:start>${row.start}</espi:start></espi:timePeriod>${value}</espi:IntervalReading>`;
    }),
    `</espi:IntervalBlock></content></entry>`,
    `<entry>${link('self', 'R/7')}<content><espi:ReadingType>${fields(type)}</espi:ReadingType></content></entry>`,
    '<entry><content><espi:UsageSummary><espi:overallConsumptionLastPeriod><espi:value>123456</espi:value></espi:overallConsumptionLastPeriod></espi:UsageSummary></content></entry>',
    '</feed>',
  ].join('\n');
}
