// The meaning of a log: whether what each entry says was allowed by what stands before it.
// One call an entry, in order; a kind that is missing from the switch does not compile.
import { type EntryBody, EntryBodyError, type EntryOf, parseEntryBody } from './entry-body.ts';
import { quickDisclosure } from './quick-body.ts';
import type { Findings, VerdictCounts } from './verdict.ts';
import { ConsentCheck } from './verify-consents.ts';
import { DisclosureCheck } from './verify-disclosures.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { FormerLog, Succeeded } from './verify-link.ts';
import { OperatorCheck } from './verify-operators.ts';
import { OrderCheck } from './verify-orders.ts';
import { KeyCheck, PartyCheck, PolicyCheck } from './verify-parties.ts';
import { RequestCheck } from './verify-requests.ts';
import { StoreReadCheck } from './verify-store-reads.ts';
import { SupplyCheck } from './verify-supplies.ts';

/** Where and when an entry stands. */
export interface Place {
  readonly index: number;
  readonly timeMs: number;
}

/** Follows the keys of the log itself, which checkpoints are signed with. */
export interface KeyLife {
  open(key: string): void;
  publish(index: number, key: string): void;
  retire(index: number, key: string): void;
}

/** Compares a published map of tags with the entries. */
export interface MapLife {
  publish(index: number, size: number, root: string): void;
}

/** What meaning alone can count. */
export type MeaningCounts = Pick<
  VerdictCounts,
  'kinds' | 'consentsSignedBy' | 'operators' | 'storeReads' | 'disclosuresWithoutStoreRead'
>;

export class MeaningCheck {
  readonly #findings: Findings;
  readonly #origin: string;
  readonly #logKeys: KeyLife;
  readonly #map: MapLife;
  readonly #consents: ConsentCheck;
  readonly #disclosures: DisclosureCheck;
  readonly #supplies: SupplyCheck;
  readonly #orders: OrderCheck;
  /** Of the entry taken last. */
  #lastMs = 0;
  readonly #parties: PartyCheck;
  readonly #keys: KeyCheck;
  #storeReads: StoreReadCheck;
  readonly #kinds: Record<string, number> = {};
  readonly #signedBy = { code: 0, passkey: 0, sandbox: 0 };
  #withoutStoreRead = 0;
  readonly policies: PolicyCheck;
  readonly operators: OperatorCheck;
  readonly requests = new RequestCheck();

  /** Of a log that goes on for another: what its entry 0 says. */
  succeeded: Succeeded | null = null;
  /** As entry 0 says; null of a later part, and where it cannot be read. */
  mode: Succeeded['mode'] | null = null;
  readonly #former: FormerLog | null;

  constructor(
    origin: string,
    logKeys: KeyLife,
    map: MapLife,
    findings: Findings,
    earlier: EarlierEntries,
    former: FormerLog | null = null,
  ) {
    this.#former = former;
    this.#origin = origin;
    this.#logKeys = logKeys;
    this.#map = map;
    this.#findings = findings;
    this.#consents = new ConsentCheck(findings, earlier);
    this.#supplies = new SupplyCheck(findings, earlier);
    this.#orders = new OrderCheck(findings, earlier);
    this.#disclosures = new DisclosureCheck(findings, earlier, this.#consents, {
      supplies: this.#supplies,
      orders: this.#orders,
    });
    this.#parties = new PartyCheck(findings, earlier);
    this.#keys = new KeyCheck(findings, earlier);
    this.#storeReads = new StoreReadCheck({ earlier });
    this.policies = new PolicyCheck(findings, earlier);
    this.operators = new OperatorCheck(origin, findings, earlier);
  }

  /** The body; null where it cannot be read. */
  take(place: Place, text: string): EntryBody | null {
    const body = this.#parse(place, text);
    // An entry 0 that cannot be read has been found already, as what it is.
    if (body === null) return null;
    this.#kinds[body.kind] = (this.#kinds[body.kind] ?? 0) + 1;
    if (this.requests.isRepeated(body.req))
      this.#findings.add(place.index, 'request_repeated', `request ${body.req} stood in an earlier entry`);
    if ((place.index === 0) !== (body.kind === 'log.opened' || body.kind === 'log.succeeded'))
      this.#findings.add(
        place.index,
        'log_opened',
        'log.opened or log.succeeded is entry 0, and only entry 0',
      );
    this.#check(place, body);
    return body;
  }

  /** After the last entry: what should have followed by then. */
  close(): void {
    this.#orders.close(this.#lastMs);
  }

  counts(): MeaningCounts {
    return {
      kinds: this.#kinds,
      consentsSignedBy: this.#signedBy,
      operators: this.operators.counts(),
      storeReads: this.#storeReads.counts(),
      disclosuresWithoutStoreRead: this.#withoutStoreRead,
    };
  }

  get consents(): Pick<ConsentCheck, 'refs' | 'endedOfFormer'> {
    return this.#consents;
  }

  #parse({ index }: Place, text: string): EntryBody | null {
    try {
      return quickDisclosure(text) ?? parseEntryBody(text);
    } catch (error) {
      if (!(error instanceof EntryBodyError)) throw error;
      this.#findings.add(index, 'entry_body', error.message);
      return null;
    }
  }

  #check(place: Place, body: EntryBody): void {
    this.#lastMs = place.timeMs;
    this.operators.before(body.kind);
    switch (body.kind) {
      case 'log.opened':
        if (place.index === 0) this.operators.open(body.mode);
        this.#checkOpened(place, body);
        break;
      case 'log.succeeded':
        this.#checkOpened(place, body);
        if (place.index === 0) this.#succeed(body);
        break;
      case 'policy.published':
        this.policies.publish(place, body);
        this.operators.publishPolicy(place, body);
        break;
      case 'third-party.registered':
        this.operators.register(place, body);
        this.#parties.move(place, body);
        break;
      case 'third-party.struck-off':
        this.operators.done(place, body);
        this.#parties.move(place, body);
        break;
      case 'third-party.suspended':
      case 'third-party.restored':
        this.#parties.move(place, body);
        break;
      case 'consent.given':
      case 'consent.narrowed':
        this.#signedBy[body.signed_by]++;
        this.#consents.move(place, body);
        break;
      case 'consent.requested':
      case 'consent.refused':
      case 'consent.lapsed':
      case 'consent.stopped':
      case 'consent.expired':
      case 'consent.ended':
      case 'consent.superseded':
      case 'consent.returned':
        this.#consents.move(place, body);
        break;
      case 'disclosure':
        this.#checkDisclosure(place, body);
        break;
      case 'disclosure.void':
        this.#disclosures.withdraw(place, body);
        break;
      case 'refusal':
      case 'read.dropped':
        this.#takeStoreRead(place, body.store_read);
        break;
      case 'token.issued':
      case 'token.revoked':
        // A token releases nothing: each read is judged by itself, whatever token it came with.
        break;
      case 'key.published':
      case 'key.retired':
        this.#moveKey(place, body);
        break;
      case 'map.published':
        this.#map.publish(place.index, body.size, body.root);
        break;
      case 'operator.added':
        this.operators.add(place, body);
        break;
      case 'operator.carried':
        this.operators.carry(place, body);
        break;
      case 'operator.key-added':
        this.operators.addKey(place, body);
        break;
      case 'operator.removed':
        this.operators.remove(place, body);
        break;
      case 'operator.proposed':
        this.operators.propose(place, body);
        break;
      case 'operator.approved':
      case 'operator.declined':
        this.operators.decide(place, body);
        break;
      case 'supply.recorded':
        this.#parties.requireClass(place, body.third_party, 'supplier');
        this.#supplies.move(place, body);
        break;
      case 'supply.ended':
      case 'opt-out.recorded':
        this.#supplies.move(place, body);
        break;
      case 'lawful-order.recorded':
        this.#parties.requireActive(place, body.third_party);
        this.#parties.requireClass(place, body.third_party, 'lawful-authority');
        this.operators.done(place, body);
        this.#orders.record(place, body);
        break;
      case 'lawful-order.opened':
        this.#orders.open(place, body);
        break;
      case 'subject.erased':
        if (body.actor === 'operator') this.operators.done(place, body);
        break;
      case 'meter-point.linked':
      case 'meter-point.unlinked':
        break;
      default:
        body satisfies never;
    }
  }

  #checkDisclosure(place: Place, body: EntryOf<'disclosure'>): void {
    this.#parties.requireActive(place, body.third_party);
    if (body.basis === 'licence') this.#parties.requireClass(place, body.third_party, 'supplier');
    if (body.basis === 'order') this.#parties.requireClass(place, body.third_party, 'lawful-authority');
    this.policies.requireInForce(place, body.policy);
    if (body.store_read === undefined) this.#withoutStoreRead++;
    this.#takeStoreRead(place, body.store_read);
    this.#disclosures.disclose(place, body);
  }

  #checkOpened({ index }: Place, { origin, key, mode }: Pick<Succeeded, 'origin' | 'key' | 'mode'>): void {
    if (origin !== this.#origin)
      this.#findings.add(index, 'log_opened', `it was opened as ${origin}, not as ${this.#origin}`);
    if (index !== 0) return;
    this.mode = mode;
    this.#keys.open(key);
    this.#logKeys.open(key);
  }

  #succeed(body: Succeeded): void {
    this.succeeded = body;
    this.operators.succeed(body, this.#former);
    this.#consents.succeed(this.#former);
    this.#orders.succeed();
    this.#storeReads = new StoreReadCheck({ startsAnywhere: true });
  }

  #moveKey(place: Place, body: EntryOf<'key.published' | 'key.retired'>): void {
    this.#keys.move(place, body);
    if (body.use !== 'ledger') return;
    if (body.kind === 'key.published') this.#logKeys.publish(place.index, body.key);
    else {
      this.#logKeys.retire(place.index, body.key);
      this.operators.done(place, body);
    }
  }

  #takeStoreRead({ index }: Place, storeRead: string | undefined): void {
    if (storeRead !== undefined && !this.#storeReads.take(storeRead))
      this.#findings.add(
        index,
        'store_read_repeated',
        `read ${storeRead} of the meter store has an entry already`,
      );
  }
}
