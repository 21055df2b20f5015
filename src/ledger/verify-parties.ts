// Whether a third party was registered and not suspended, a policy published and in effect, and a key published, at an
// entry's place. All are decided by what stands earlier in the log, never by what stands later.
import type { EntryOf } from './entry-body.ts';
import type { Findings } from './verdict.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { Place } from './verify-meaning.ts';

type PartyMove = EntryOf<'third-party.registered' | 'third-party.suspended' | 'third-party.restored'>;

export class PartyCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  /** The entry that suspended it, or null while it is active. */
  readonly #suspendedAt = new Map<string, number | null>();

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  move(place: Place, body: PartyMove): void {
    if (body.kind === 'third-party.registered') {
      // Registered again (another purpose, another group): that lifts no suspension.
      if (!this.#suspendedAt.has(body.third_party)) this.#suspendedAt.set(body.third_party, null);
      return;
    }
    if (!this.#suspendedAt.has(body.third_party)) this.#unknown(place, body.third_party);
    this.#suspendedAt.set(body.third_party, body.kind === 'third-party.suspended' ? place.index : null);
  }

  requireActive(place: Place, thirdParty: string): void {
    const suspendedAt = this.#suspendedAt.get(thirdParty);
    if (suspendedAt === undefined) this.#unknown(place, thirdParty);
    else if (suspendedAt !== null) {
      const message = `${thirdParty} was suspended at entry ${suspendedAt}`;
      this.#findings.add(place.index, 'third_party_suspended', message);
    }
  }

  #unknown({ index }: Place, thirdParty: string): void {
    if (this.#earlier.mayHold(index)) return;
    this.#findings.add(index, 'third_party_unknown', `${thirdParty} was not registered before`);
  }
}

export class PolicyCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  readonly #effectiveFromSeconds = new Map<string, number>();

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  get digests(): Iterable<string> {
    return this.#effectiveFromSeconds.keys();
  }

  publish(body: EntryOf<'policy.published'>): void {
    const known = this.#effectiveFromSeconds.get(body.policy) ?? Number.POSITIVE_INFINITY;
    this.#effectiveFromSeconds.set(body.policy, Math.min(known, body.effective_s));
  }

  requireInForce({ index, timeMs }: Place, policy: string): void {
    const from = this.#effectiveFromSeconds.get(policy);
    if (from === undefined) {
      if (!this.#earlier.mayHold(index))
        this.#findings.add(index, 'policy_not_in_force', `policy ${policy} was not published before`);
    } else if (timeMs < from * 1000)
      this.#findings.add(
        index,
        'policy_not_in_force',
        `policy ${policy} was published, but not yet in effect`,
      );
  }
}

export class KeyCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  readonly #published = new Set<string>();

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  /** The key that a log is opened with needs no entry of its own. */
  open(key: string): void {
    this.#published.add(`ledger ${key}`);
  }

  move({ index }: Place, { kind, use, key }: EntryOf<'key.published' | 'key.retired'>): void {
    const name = `${use} ${key}`;
    if (kind === 'key.published') this.#published.add(name);
    else if (!this.#published.delete(name) && !this.#earlier.mayHold(index))
      this.#findings.add(
        index,
        'key_not_published',
        'a key was retired that was not published, or was retired already',
      );
  }
}
