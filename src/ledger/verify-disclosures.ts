// Whether each disclosure was covered, at its place and time, by the consent that it names.
// Everything is judged by what stands before it: a consent given, a party registered, a policy published later is none.
import type { EntryOf } from './entry-body.ts';
import { dayNumber, isNoFiner, type Resolution } from './entry-field.ts';
import type { Findings, ViolationKind } from './verdict.ts';
import type { ConsentCheck } from './verify-consents.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { Place } from './verify-meaning.ts';
import type { OrderCheck } from './verify-orders.ts';
import type { SupplyCheck } from './verify-supplies.ts';

type Disclosure = EntryOf<'disclosure'>;
type ByConsent = Extract<Disclosure, { basis: 'consent' }>;
export type Find = (kind: ViolationKind, message: string) => void;
type Terms = EntryOf<'consent.given' | 'consent.narrowed'>;

export class DisclosureCheck {
  readonly #findings: Findings;
  readonly #consents: ConsentCheck;
  readonly #rights: { readonly supplies: SupplyCheck; readonly orders: OrderCheck };
  readonly #earlier: EarlierEntries;
  readonly #disclosed = new IndexSet();
  readonly #voided = new IndexSet();

  constructor(
    findings: Findings,
    earlier: EarlierEntries,
    consents: ConsentCheck,
    rights: { readonly supplies: SupplyCheck; readonly orders: OrderCheck },
  ) {
    this.#rights = rights;
    this.#findings = findings;
    this.#earlier = earlier;
    this.#consents = consents;
  }

  disclose(place: Place, body: Disclosure): void {
    this.#disclosed.add(place.index);
    const find: Find = (kind, message) => this.#findings.add(place.index, kind, message);
    if (body.basis === 'licence') this.#rights.supplies.disclose(place, body, find);
    else if (body.basis === 'order') this.#rights.orders.disclose(place, body, find);
    else this.#discloseByConsent(place, body, find);
    if (body.count > mostReadings(body.resolution, body.window))
      find(
        'more_than_window_holds',
        `${body.count} readings at ${body.resolution} do not fit into the window`,
      );
  }

  #discloseByConsent(place: Place, body: ByConsent, find: Find): void {
    const consent = this.#consents.find(body.consent_ref);
    if (consent === undefined && this.#consents.isOfFormer(body.consent_ref))
      find('consent_not_in_force', `${body.consent_ref} is of the former log, and ended with it`);
    else if (consent === undefined) {
      if (!this.#earlier.mayHold(place.index))
        find('consent_unknown', `${body.consent_ref} was not given before`);
    } else if (consent.state === 'requested')
      find('consent_not_in_force', `${body.consent_ref} was requested, not given`);
    else if (consent.state === 'over')
      find('consent_not_in_force', `${body.consent_ref} was ${consent.how} at entry ${consent.index}`);
    else {
      if (place.timeMs >= consent.terms.expires_s * 1000)
        find('consent_expired', `${body.consent_ref} expired at second ${consent.terms.expires_s}`);
      if (!consent.meterRefs.has(body.meter_ref))
        find('meter_point_not_consented', `${body.meter_ref} is not of ${body.consent_ref}`);
      compareTerms(body, consent.terms, find);
      if (consent.terms.once === 1) spend(consent.read, body.meter_ref, find);
    }
  }

  withdraw({ index }: Place, body: EntryOf<'disclosure.void'>): void {
    const { disclosure } = body;
    if (disclosure < this.#earlier.length && this.#earlier.mayHold(index)) return;
    if (!this.#disclosed.has(disclosure))
      this.#findings.add(
        index,
        'void_without_disclosure',
        `entry ${disclosure} is no disclosure before this one`,
      );
    else if (this.#voided.has(disclosure))
      this.#findings.add(index, 'void_without_disclosure', `entry ${disclosure} was made void before`);
    else this.#voided.add(disclosure);
  }
}

/** Each meter point once. A disclosure made void later has spent the read as well: it cannot be known to have stayed. */
function spend(read: Set<string>, meterRef: string, find: Find): void {
  if (read.has(meterRef))
    find('single_read_spent', `${meterRef} was read before, and the consent is to one read`);
  read.add(meterRef);
}

function compareTerms(body: ByConsent, terms: Terms, find: Find): void {
  if (body.version !== terms.version)
    find('consent_version', `version ${terms.version} was in force, not ${body.version}`);
  if (body.third_party !== terms.third_party)
    find('third_party_mismatch', `the consent was given to ${terms.third_party}`);
  if (body.purpose !== terms.purpose)
    find('purpose_not_consented', `the consent is for ${terms.purpose}, not ${body.purpose}`);
  if (!terms.registers.includes(body.register))
    find('register_not_consented', `${body.register} is not a register of the consent`);
  if (!isNoFiner(body.resolution, terms.resolution))
    find('finer_than_consented', `${body.resolution} is finer than ${terms.resolution}`);
  if (body.window.from < terms.window.from || body.window.to > terms.window.until)
    find(
      'outside_consent_window',
      `the consent covers ${terms.window.from} to ${terms.window.until}, exclusive`,
    );
}

/** A local day has up to 50 half hours and 25 hours; a whole month has at least 28 days. */
const mostPerDay: Readonly<Record<Resolution, number>> = { P1M: 1 / 28, P1D: 1, PT1H: 25, PT30M: 50 };

function mostReadings(resolution: Resolution, window: Disclosure['window']): number {
  const days = (dayNumber(window.to) ?? 0) - (dayNumber(window.from) ?? 0);
  return Math.floor(days * mostPerDay[resolution]);
}

/** Indices in pieces of 8,192, a bit each: ten million entries take little more than a megabyte, wherever they begin. */
class IndexSet {
  readonly #pieces = new Map<number, Uint8Array>();

  has(index: number): boolean {
    const piece = this.#pieces.get(Math.floor(index / 8192));
    const bit = index % 8192;
    return piece !== undefined && ((piece[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
  }

  add(index: number): void {
    const number = Math.floor(index / 8192);
    let piece = this.#pieces.get(number);
    if (piece === undefined) {
      piece = new Uint8Array(1024);
      this.#pieces.set(number, piece);
    }
    const bit = index % 8192;
    piece[bit >> 3] = (piece[bit >> 3] as number) | (1 << (bit & 7));
  }
}
