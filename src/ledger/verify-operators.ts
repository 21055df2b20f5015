// Whether two operators decided what takes two: each known and in office at that place, each with a signature that holds,
// the second not the first, in time, and what was done exactly what was approved, once.
import type { VerifyCrypto } from './crypto.ts';
import type { EntryBody, EntryKind, EntryOf } from './entry-body.ts';
import { foundingOperators, isOperatorAct, operatorActs, proposalLifetimeSeconds } from './operator-acts.ts';
import type { Findings } from './verdict.ts';
import { whyNotCarried } from './verify-carried.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { FormerLog, Succeeded } from './verify-link.ts';
import type { Place } from './verify-meaning.ts';
import { type OperatorFault, OperatorRoll } from './verify-operator-roll.ts';

type Proposed = EntryOf<'operator.proposed'>;
type Decided = EntryOf<'operator.approved' | 'operator.declined'>;

interface KnownProposal extends Pick<Proposed, 'operator' | 'act' | 'digest' | 'expires_s'> {
  readonly said: NonNullable<Proposed['said']>;
  state: 'open' | 'approved' | 'declined' | 'used';
}

export interface OperatorCounts {
  /** Signatures that this runtime could not check. */
  readonly unchecked: number;
  /** Entries that rest on proposals or registrations of a log before this one. */
  readonly ofFormer: number;
  /** Registrations that no operator decided, because somebody whom they named vouched for them. */
  readonly vouched: number;
}

/** An entry is stamped when it is sealed, a moment after what it says was decided. */
const slackSeconds = 60;

/** What may stand between `log.succeeded` and the rest: whom it takes over, and who decided it. */
const followsOpening: ReadonlySet<EntryKind> = new Set<EntryKind>([
  'operator.carried',
  'operator.proposed',
  'operator.approved',
]);

export class OperatorCheck {
  readonly #earlier: EarlierEntries;
  readonly #operators: OperatorRoll;
  readonly #proposals = new Map<string, KnownProposal>();
  #isProduction = false;
  #isSuccessor = false;
  /** The entry 0 of a log that goes on, until what follows it shows who approved it. */
  #opening: Succeeded | null = null;
  #former: FormerLog | null = null;
  /** Only operators that were carried over stand before this place, as far as it is seen. */
  #mayCarry = true;
  #policies = 0;
  #ofFormer = 0;
  #vouched = 0;

  constructor(origin: string, findings: Findings, earlier: EarlierEntries) {
    this.#earlier = earlier;
    this.#operators = new OperatorRoll(origin, findings, earlier);
  }

  open(mode: string): void {
    this.#isProduction = mode === 'production';
  }

  succeed(body: Succeeded, former: FormerLog | null): void {
    this.open(body.mode);
    this.#isSuccessor = true;
    this.#mayCarry = true;
    this.#opening = body;
    // Another log than the one that it goes on for says nothing about it, and is found as such.
    if (former?.origin === body.former_origin) this.#former = former;
  }

  /** Told of every entry before it is taken. */
  before(kind: EntryKind): void {
    if (kind !== 'operator.carried') this.#mayCarry = false;
    if (this.#opening !== null && !followsOpening.has(kind)) this.settleOpening();
  }

  /** Whether two operators decided that this log goes on; their entries come right after it. */
  settleOpening(): void {
    const body = this.#opening;
    if (body === null) return;
    this.#opening = null;
    const place = { index: 0, timeMs: 0 };
    if (body.proposal === undefined || this.#proposals.has(body.proposal)) this.done(place, body);
    else this.#find(place, 'not_approved', `${body.proposal} is not proposed right after it`);
  }

  /** As the former of another log. Null also where it may stand in a part that is not here. */
  whyNotCarried(body: EntryOf<'operator.carried'>, keptSize: number): string | null {
    const fault = whyNotCarried(this.#operators.get(body.operator), body, keptSize);
    return this.#earlier.length > 0 ? null : fault;
  }

  carry(place: Place, body: EntryOf<'operator.carried'>): void {
    const { operator, role } = body;
    if (!this.#mayCarry || !(this.#isSuccessor || this.#earlier.mayHold(place.index)))
      this.#find(place, 'operator_unknown', `${operator} is carried over elsewhere than after log.succeeded`);
    const fault = this.#former?.whyNotCarried(body) ?? null;
    if (fault !== null) this.#find(place, 'operator_unknown', fault);
    const known = this.#operators.get(operator) ?? this.#operators.enter(place, body);
    if (known.role !== role) this.#find(place, 'operator_unknown', `${operator} has two roles`);
    this.#operators.keep(place, known, body);
  }

  counts(): OperatorCounts {
    return { unchecked: this.#operators.unchecked, ofFormer: this.#ofFormer, vouched: this.#vouched };
  }

  /** What waits for signatures to be checked; undefined where nothing does. */
  pending(crypto: VerifyCrypto): Promise<void> | undefined {
    return this.#operators.pending(crypto);
  }

  add(place: Place, body: EntryOf<'operator.added'>): void {
    if (this.#operators.get(body.operator) !== undefined)
      this.#find(place, 'operator_unknown', `${body.operator} was added before`);
    const isFounder = !this.#isSuccessor && this.#operators.size < foundingOperators;
    if (!isFounder || body.proposal !== undefined) this.done(place, body);
    this.#operators.keep(place, this.#operators.enter(place, body), body);
  }

  addKey(place: Place, body: EntryOf<'operator.key-added'>): void {
    const known = this.#operators.inOffice(place, body.operator);
    if (known === null) return;
    this.#operators.sign(place, known, body);
    this.#operators.keep(place, known, body);
  }

  remove(place: Place, body: EntryOf<'operator.removed'>): void {
    const known = this.#operators.inOffice(place, body.operator);
    this.done(place, body);
    if (known !== null) known.removedAt = place.index;
  }

  propose(place: Place, body: Proposed): void {
    const { operator, proposal, act, digest, said = {}, expires_s } = body;
    const known = this.#operators.inOffice(place, operator);
    if (this.#proposals.has(proposal)) this.#find(place, 'not_approved', `${proposal} was proposed before`);
    else this.#proposals.set(proposal, { operator, act, digest, said, expires_s, state: 'open' });
    if (place.timeMs / 1000 + proposalLifetimeSeconds + slackSeconds < expires_s)
      this.#find(place, 'not_approved', `${proposal} could be approved for longer than seven days`);
    if (known === null) return;
    this.#operators.requireRole(place, known, operator, act);
    this.#operators.sign(place, known, body);
  }

  decide(place: Place, body: Decided): void {
    const known = this.#operators.inOffice(place, body.operator);
    const proposal = this.#proposals.get(body.proposal);
    if (known !== null) this.#operators.sign(place, known, body);
    if (proposal === undefined) {
      this.#missing(place, `${body.proposal} was not proposed before`);
      return;
    }
    if (proposal.state !== 'open') this.#find(place, 'not_approved', `${body.proposal} was decided before`);
    if (proposal.digest !== body.digest)
      this.#find(place, 'not_approved', `what was decided is not what ${body.proposal} proposed`);
    if (body.kind === 'operator.declined') {
      proposal.state = 'declined';
      return;
    }
    proposal.state = 'approved';
    if (known !== null) this.#operators.requireRole(place, known, body.operator, proposal.act);
    if (this.#isProduction && proposal.operator === body.operator)
      this.#find(place, 'not_approved', `${body.operator} approved what they proposed`);
    if (place.timeMs / 1000 > proposal.expires_s + slackSeconds)
      this.#find(place, 'not_approved', `${body.proposal} had expired`);
    const proposer = this.#operators.get(proposal.operator);
    if (proposer !== undefined && proposer.removedAt !== null)
      this.#find(place, 'operator_unknown', `${proposal.operator}, who proposed it, was removed`);
  }

  publishPolicy(place: Place, body: EntryOf<'policy.published'>): void {
    this.#policies++;
    // The first set is what the log begins with.
    if (this.#policies > 1 || body.proposal !== undefined) this.done(place, body);
  }

  /** The broker itself says only again, in a log that goes on, what two operators said in the one before. */
  register(place: Place, body: EntryOf<'third-party.registered'>): void {
    const isAgain = body.actor === 'broker' && this.#isSuccessor;
    if (!this.#isProduction && body.actor !== 'operator') return;
    if (isAgain) this.#ofFormer++;
    else if (body.actor === 'third-party') this.#vouched++;
    else this.done(place, body);
  }

  /** An entry that says that something was done which takes two operators in production. */
  done(place: Place, body: EntryBody & { readonly proposal?: string }): void {
    if (body.proposal === undefined) {
      if (this.#isProduction)
        this.#find(place, 'not_approved', `${body.kind} takes two operators, and names no proposal`);
      return;
    }
    const proposal = this.#proposals.get(body.proposal);
    if (proposal === undefined) {
      this.#missing(place, `${body.proposal} was not proposed before`);
      return;
    }
    if (proposal.state !== 'approved')
      this.#find(place, 'not_approved', `${body.proposal} is ${wordOf[proposal.state]}`);
    const leadsTo = isOperatorAct(proposal.act) ? operatorActs[proposal.act].entry : null;
    if (leadsTo !== body.kind)
      this.#find(
        place,
        'not_approved',
        `${body.proposal} is a proposal of ${proposal.act}, not of ${body.kind}`,
      );
    const other = Object.entries(proposal.said).find(
      ([name, value]) => JSON.stringify((body as Record<string, unknown>)[name]) !== JSON.stringify(value),
    );
    if (other !== undefined)
      this.#find(place, 'not_approved', `${body.proposal} was approved with another ${other[0]}`);
    proposal.state = 'used';
  }

  /** Of a log that goes on for another, or of a part of one, what is not here may stand there. */
  #missing(place: Place, message: string): void {
    if (this.#isSuccessor) this.#ofFormer++;
    else if (!this.#earlier.mayHold(place.index)) this.#find(place, 'not_approved', message);
  }

  #find(place: Place, kind: OperatorFault, message: string): void {
    this.#operators.find(place, kind, message);
  }
}

const wordOf = { open: 'not approved', declined: 'declined', used: 'used up', approved: 'approved' } as const;
