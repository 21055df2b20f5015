// Whether a third party was registered and not suspended, a policy published and in effect, and a key published, at an
// entry's place. All are decided by what stands earlier in the log, never by what stands later.
import type { EntryOf } from './entry-body.ts';
import type { Findings } from './verdict.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { Place } from './verify-meaning.ts';

type PartyMove = EntryOf<
  'third-party.registered' | 'third-party.suspended' | 'third-party.struck-off' | 'third-party.restored'
>;

export class PartyCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  /** The entry that suspended it, or null while it is active. */
  readonly #suspendedAt = new Map<string, number | null>();
  /** Of those that are no third party any more, the entry that said so. */
  readonly #struckOffAt = new Map<string, number>();
  readonly #classes = new Map<string, string>();

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  move(place: Place, body: PartyMove): void {
    if (body.kind === 'third-party.registered') {
      this.#classes.set(body.third_party, body.class);
      // Registered again (another purpose, another group): that lifts no suspension.
      if (!this.#suspendedAt.has(body.third_party)) this.#suspendedAt.set(body.third_party, null);
      return;
    }
    if (!this.#suspendedAt.has(body.third_party)) this.#unknown(place, body.third_party);
    const struckOffAt = this.#struckOffAt.get(body.third_party);
    if (struckOffAt !== undefined) {
      const message = `${body.third_party} was struck off at entry ${struckOffAt}, and stays so`;
      this.#findings.add(place.index, 'third_party_suspended', message);
      return;
    }
    if (body.kind === 'third-party.struck-off') this.#struckOffAt.set(body.third_party, place.index);
    this.#suspendedAt.set(body.third_party, body.kind === 'third-party.restored' ? null : place.index);
  }

  requireActive(place: Place, thirdParty: string): void {
    const suspendedAt = this.#suspendedAt.get(thirdParty);
    if (suspendedAt === undefined) this.#unknown(place, thirdParty);
    else if (suspendedAt !== null) {
      const message = `${thirdParty} was suspended at entry ${suspendedAt}`;
      this.#findings.add(place.index, 'third_party_suspended', message);
    }
  }

  /** For what only one class may do. Who is not registered is found by `requireActive`. */
  requireClass({ index }: Place, thirdParty: string, needed: string): void {
    const its = this.#classes.get(thirdParty);
    if (its !== undefined && its !== needed)
      this.#findings.add(
        index,
        'class_not_allowed',
        `${thirdParty} is registered as ${its}, not as ${needed}`,
      );
  }

  #unknown({ index }: Place, thirdParty: string): void {
    if (this.#earlier.mayHold(index)) return;
    this.#findings.add(index, 'third_party_unknown', `${thirdParty} was not registered before`);
  }
}

const noticeMs = 30 * 86_400_000;
/** An entry's time is taken a little before the guards ask what is in force. */
const clockMs = 2000;

export class PolicyCheck {
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  /** In the order of publication. */
  readonly #published: { readonly policy: string; readonly fromMs: number }[] = [];

  constructor(findings: Findings, earlier: EarlierEntries) {
    this.#findings = findings;
    this.#earlier = earlier;
  }

  get digests(): Iterable<string> {
    return new Set(this.#published.map(({ policy }) => policy));
  }

  /** The first binds at once; one that says it only forbids more may; any other is published 30 days ahead. */
  publish(place: Place, body: EntryOf<'policy.published'>): void {
    const { index, timeMs } = place;
    const { policy, replaces } = body;
    const fromMs = body.effective_s * 1000;
    const find = (message: string) => this.#findings.add(index, 'policy_notice', message);
    const isFirst = this.#published.length === 0;
    if (!isFirst && replaces === undefined) find('it does not say which policy it replaces');
    else if (!isFirst && !this.#wasInForce(place, replaces as string))
      find(`policy ${replaces} was not in force, which it says it replaces`);
    const mustWait = body.weakens === 1 || (!isFirst && replaces === undefined);
    if (mustWait && fromMs < timeMs + noticeMs - clockMs)
      find('a weakening binds less than 30 days after it was published');
    this.#published.push({ policy, fromMs });
  }

  requireInForce(place: Place, policy: string): void {
    if (this.#wasInForce(place, policy)) return;
    const isKnown = this.#published.some((one) => one.policy === policy);
    this.#findings.add(
      place.index,
      'policy_not_in_force',
      isKnown
        ? `policy ${policy} was published, and another one was in force`
        : `policy ${policy} was not published before`,
    );
  }

  /**
   * Of those in effect the one published last; around the moment at which another begins to bind, both. Before the first that
   * is known of a later part, whatever stood before it.
   */
  #wasInForce({ index, timeMs }: Place, policy: string): boolean {
    const at = (ms: number) => this.#published.findLast(({ fromMs }) => fromMs <= ms)?.policy;
    const before = at(timeMs - clockMs);
    if (before === policy) return true;
    const known = [before, at(timeMs), at(timeMs + clockMs)];
    return known.includes(policy) || (known.includes(undefined) && this.#earlier.mayHold(index));
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
