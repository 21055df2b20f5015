// The life of each consent as the log tells it: only the moves of the published diagram, and never a wider one.
// Kept for a consent: its terms while it is in force, and afterwards where and how it ended.
import type { EntryOf } from './entry-body.ts';
import { isNoFiner } from './entry-field.ts';
import type { Findings } from './verdict.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { FormerLog } from './verify-link.ts';
import type { Place } from './verify-meaning.ts';

type Requested = EntryOf<'consent.requested'>;
type Terms = EntryOf<'consent.given' | 'consent.narrowed'>;
type Answered = EntryOf<'consent.refused' | 'consent.lapsed'>;
type Over = EntryOf<
  'consent.stopped' | 'consent.expired' | 'consent.ended' | 'consent.superseded' | 'consent.returned'
>;
export type ConsentMove = Requested | Terms | Answered | Over;

export interface GivenConsent {
  readonly state: 'given';
  readonly terms: Terms;
  readonly meterRefs: ReadonlySet<string>;
  /** Meter points that were read, kept for a consent to a single read. */
  readonly read: Set<string>;
}
export type ConsentState =
  | { readonly state: 'requested'; readonly request: Requested }
  | GivenConsent
  | { readonly state: 'over'; readonly how: string; readonly index: number; readonly thirdParty: string };

const howOver = (kind: (Answered | Over)['kind']): string => kind.slice('consent.'.length);
const describe = (consent: ConsentState | undefined): string =>
  consent === undefined
    ? 'was never requested'
    : consent.state === 'over'
      ? `was ${consent.how} at entry ${consent.index}`
      : `is ${consent.state}`;

/** What is known of the consents of the log that this one goes on for: null where that log was not given. */
export type FormerConsents = Pick<FormerLog, 'consentHolder'> | null;

export class ConsentCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  readonly #consents = new Map<string, ConsentState>();
  /** Undefined for a log that was opened anew. */
  #former: FormerConsents | undefined;
  #endedOfFormer = 0;

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  /** Entry 0 says that this log goes on for another. No consent of that one is in force here. */
  succeed(former: FormerConsents): void {
    this.#former = former;
  }

  /** Entries that end a consent of the former log: stops that waited for it. */
  get endedOfFormer(): number {
    return this.#endedOfFormer;
  }

  get refs(): ReadonlyMap<string, ConsentState> {
    return this.#consents;
  }

  isOfFormer(consentRef: string): boolean {
    return this.#former?.consentHolder(consentRef) != null;
  }

  find(consentRef: string): ConsentState | undefined {
    return this.#consents.get(consentRef);
  }

  move(place: Place, body: ConsentMove): void {
    const before = this.#consents.get(body.consent_ref);
    const after = this.#next(place, before, body);
    if (after !== null) this.#consents.set(body.consent_ref, after);
  }

  #next(place: Place, before: ConsentState | undefined, body: ConsentMove): ConsentState | null {
    switch (body.kind) {
      case 'consent.requested':
        if (before !== undefined) return this.#illegal(place, before, body, null);
        return { state: 'requested', request: body };
      case 'consent.given':
        return this.#give(place, before, body);
      case 'consent.narrowed':
        return this.#narrow(place, before, body);
      case 'consent.refused':
      case 'consent.lapsed':
        return this.#close(place, before, body, 'requested');
      default:
        return this.#close(place, before, body, 'given');
    }
  }

  #give(place: Place, before: ConsentState | undefined, body: EntryOf<'consent.given'>): ConsentState | null {
    // Given without a request: said once, and then taken as given, so that each read of it is not said again.
    if (before === undefined) return this.#illegal(place, before, body, given(body));
    if (before.state !== 'requested') return this.#illegal(place, before, body, null);
    if (body.version !== 1)
      this.#findings.add(place.index, 'consent_version', 'a consent begins with version 1');
    this.#requireNoWider(place, body, before.request);
    return given(body);
  }

  #narrow(
    place: Place,
    before: ConsentState | undefined,
    body: EntryOf<'consent.narrowed'>,
  ): ConsentState | null {
    // Of a later part, it brings all the terms that hold from here on.
    if (before === undefined && this.#earlier.mayHold(place.index)) return given(body);
    if (before?.state !== 'given') return this.#illegal(place, before, body, null);
    const { terms } = before;
    if (body.version !== terms.version + 1)
      this.#findings.add(place.index, 'consent_version', `version ${body.version} follows ${terms.version}`);
    this.#requireNoWider(place, body, terms);
    const isWider =
      body.expires_s > terms.expires_s ||
      !body.meter_refs.every((meterRef) => before.meterRefs.has(meterRef)) ||
      !body.registers.every((register) => terms.registers.includes(register)) ||
      (terms.once === 1 && body.once === undefined);
    if (isWider) this.#widened(place, 'a meter point, a register, a read or time was added');
    return given(body, before.read);
  }

  #close(
    place: Place,
    before: ConsentState | undefined,
    body: Answered | Over,
    from: 'requested' | 'given',
  ): ConsentState | null {
    const after: ConsentState = {
      state: 'over',
      how: howOver(body.kind),
      index: place.index,
      thirdParty: body.third_party,
    };
    if (before === undefined && this.#former !== undefined) return this.#closeOfFormer(place, body, after);
    // A stop is a stop, whatever state it came in: nothing may follow it.
    if (before?.state !== from)
      return this.#illegal(place, before, body, before?.state === 'over' ? null : after);
    const terms = before.state === 'given' ? before.terms : before.request;
    if (body.third_party !== terms.third_party) this.#otherParty(place, body.third_party, terms.third_party);
    if ('purpose' in body && body.purpose !== terms.purpose)
      this.#findings.add(place.index, 'purpose_not_consented', `the request was for ${terms.purpose}`);
    if ('version' in body && before.state === 'given' && body.version !== before.terms.version)
      this.#findings.add(place.index, 'consent_version', `version ${before.terms.version} was in force`);
    return after;
  }

  /** What waited for the former log when that was closed is written here. */
  #closeOfFormer(place: Place, body: Answered | Over, after: ConsentState): ConsentState {
    const holder = this.#former?.consentHolder(body.consent_ref);
    if (holder === null) return this.#illegal(place, undefined, body, after);
    if (holder !== undefined && holder !== body.third_party)
      this.#otherParty(place, body.third_party, holder);
    this.#endedOfFormer++;
    return after;
  }

  #requireNoWider(place: Place, body: Terms, than: Requested | Terms): void {
    if (body.third_party !== than.third_party) this.#otherParty(place, body.third_party, than.third_party);
    if (body.purpose !== than.purpose)
      this.#findings.add(place.index, 'purpose_not_consented', `${body.purpose} is not ${than.purpose}`);
    if (!isNoFiner(body.resolution, than.resolution))
      this.#widened(place, `${body.resolution} is finer than ${than.resolution}`);
    if (body.window.from < than.window.from || body.window.until > than.window.until)
      this.#widened(place, 'the window is longer');
  }

  #illegal<After>(place: Place, before: ConsentState | undefined, body: ConsentMove, after: After): After {
    if (before === undefined && this.#earlier.mayHold(place.index)) return after;
    const message = `${body.kind}, but ${body.consent_ref} ${describe(before)}`;
    this.#findings.add(place.index, before === undefined ? 'consent_unknown' : 'consent_move', message);
    return after;
  }

  #widened(place: Place, what: string): void {
    this.#findings.add(place.index, 'consent_widened', `wider than what it rests on: ${what}`);
  }

  #otherParty(place: Place, said: string, agreed: string): void {
    this.#findings.add(
      place.index,
      'third_party_mismatch',
      `${said} is not ${agreed}, whose consent this is`,
    );
  }
}

export function holderOf(consent: ConsentState): string {
  if (consent.state === 'over') return consent.thirdParty;
  return (consent.state === 'given' ? consent.terms : consent.request).third_party;
}

const given = (terms: Terms, read = new Set<string>()): GivenConsent => ({
  state: 'given',
  terms,
  meterRefs: new Set(terms.meter_refs),
  read,
});
