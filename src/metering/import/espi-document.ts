// Reads a Green Button file (ESPI in Atom) as a stream, whatever prefixes it uses, into rows and what describes them.
// Text stays text here: nothing is believed yet. A DOCTYPE ends the reading, so no entity is ever expanded.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { StabledoorError } from '../../lib/errors.ts';

export interface EspiRow {
  readonly line: number;
  start: string;
  duration: string;
  value: string;
  /** The Atom entry that the row stands in. */
  readonly entry: EspiEntry;
}

export type EspiFields = Record<string, string>;

export interface EspiEntry {
  self: string;
  up: string;
  readonly related: string[];
  isMeterReading: boolean;
  readingType: EspiFields | null;
}

export interface EspiDocument {
  readonly rows: readonly EspiRow[];
  readonly entries: readonly EspiEntry[];
  readonly localTimes: readonly EspiFields[];
  /** ServiceCategory kind of each usage point: 0 electricity, 1 gas. */
  readonly usagePoints: readonly string[];
}

export interface EspiLimits {
  readonly rows: number;
  readonly depth: number;
}

const espi = 'http://naesb.org/espi';
const atom = 'http://www.w3.org/2005/Atom';
const longestText = 200;

export interface EspiReader {
  write(text: string): void;
  /** Throws where the file ends before its root does. */
  end(): EspiDocument;
  readonly rowsSoFar: number;
}

/** Throws `import_file_malformed`, `import_dtd_refused`, `import_file_too_large` or `import_file_not_green_button`. */
export function espiReader(limits: EspiLimits): EspiReader {
  const parser = new SaxesParser({ xmlns: true });
  const collector = new EspiCollector(limits);
  parser.on('error', (error) => {
    throw new StabledoorError('import_file_malformed', `Not well-formed XML at ${error.message}`);
  });
  parser.on('doctype', () => {
    throw new StabledoorError('import_dtd_refused');
  });
  parser.on('opentag', (tag) => collector.open(tag, parser.line));
  parser.on('closetag', (tag) => collector.close(tag.uri === espi ? tag.local : outside(tag)));
  parser.on('text', (text) => collector.addText(text));
  parser.on('cdata', (text) => collector.addText(text));
  return {
    write: (text) => void parser.write(text),
    end: () => {
      parser.close();
      return collector.document();
    },
    get rowsSoFar() {
      return collector.rows.length;
    },
  };
}

/** ESPI names stand as they are; others cannot be mistaken for them. */
const outside = (tag: { uri: string; local: string }): string =>
  tag.uri === atom ? `atom:${tag.local}` : ':';

class EspiCollector {
  readonly rows: EspiRow[] = [];
  readonly #limits: EspiLimits;
  readonly #entries: EspiEntry[] = [];
  readonly #localTimes: EspiFields[] = [];
  readonly #usagePoints: string[] = [];
  readonly #path: string[] = [];
  #entry = newEntry();
  #row: EspiRow | null = null;
  #text = '';
  #sawEspi = false;

  constructor(limits: EspiLimits) {
    this.#limits = limits;
    this.#entries.push(this.#entry); // for a document that has no Atom around it
  }

  open(tag: SaxesTagNS, line: number): void {
    const name = tag.uri === espi ? tag.local : outside(tag);
    if (this.#path.length >= this.#limits.depth)
      throw new StabledoorError(
        'import_file_too_large',
        `Elements are nested deeper than ${this.#limits.depth}.`,
      );
    this.#path.push(name);
    this.#text = '';
    this.#sawEspi ||= tag.uri === espi;
    if (name === 'atom:entry') {
      this.#entry = newEntry();
      this.#entries.push(this.#entry);
    } else if (name === 'atom:link') addLink(this.#entry, tag);
    else if (name === 'IntervalReading') this.#openRow(line);
    else if (name === 'MeterReading') this.#entry.isMeterReading = true;
    else if (name === 'ReadingType') this.#entry.readingType = {};
    else if (name === 'LocalTimeParameters') this.#localTimes.push({});
    else if (name === 'UsagePoint') this.#usagePoints.push('');
  }

  #openRow(line: number): void {
    if (this.rows.length >= this.#limits.rows)
      throw new StabledoorError(
        'import_file_too_large',
        `The file holds more than ${this.#limits.rows} readings.`,
      );
    this.#row = { line, start: '', duration: '', value: '', entry: this.#entry };
    this.rows.push(this.#row);
  }

  addText(text: string): void {
    if (this.#text.length < longestText) this.#text += text.slice(0, longestText);
  }

  close(name: string): void {
    this.#path.pop();
    const parent = this.#path.at(-1);
    const text = this.#text.trim();
    this.#text = '';
    if (name === 'IntervalReading') this.#row = null;
    else if (parent === 'timePeriod' && this.#path.at(-2) === 'IntervalReading') {
      if (this.#row && (name === 'start' || name === 'duration')) this.#row[name] = text;
    } else if (parent === 'IntervalReading') {
      if (this.#row && name === 'value') this.#row.value = text;
    } else if (parent === 'ReadingType') setField(this.#entry.readingType, name, text);
    else if (parent === 'LocalTimeParameters') setField(this.#localTimes.at(-1), name, text);
    else if (parent === 'ServiceCategory' && name === 'kind' && this.#usagePoints.length > 0)
      this.#usagePoints[this.#usagePoints.length - 1] = text;
  }

  document(): EspiDocument {
    if (!this.#sawEspi) throw new StabledoorError('import_file_not_green_button');
    const { rows } = this;
    return { rows, entries: this.#entries, localTimes: this.#localTimes, usagePoints: this.#usagePoints };
  }
}

const newEntry = (): EspiEntry => ({
  self: '',
  up: '',
  related: [],
  isMeterReading: false,
  readingType: null,
});

function setField(fields: EspiFields | null | undefined, name: string, text: string): void {
  if (fields && /^[a-zA-Z]{1,40}$/.test(name)) fields[name] = text;
}

function addLink(entry: EspiEntry, tag: SaxesTagNS): void {
  const href = tag.attributes.href?.value.slice(0, 2000);
  const rel = tag.attributes.rel?.value;
  if (href === undefined) return;
  if (rel === 'self') entry.self = href;
  else if (rel === 'up') entry.up = href;
  else if (rel === 'related' && entry.related.length < 100) entry.related.push(href);
}
