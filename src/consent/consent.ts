// The life of a consent: its states and the only moves between them, as one table. Pure.
// A move that is not in the table cannot be made: everything that changes a consent asks `move` first.
import { StabledoorError } from '../lib/errors.ts';

export const consentStates = [
  'requested',
  'given',
  'refused',
  'lapsed',
  'stopped',
  'expired',
  'ended',
  'returned',
  'superseded',
] as const;
export type ConsentState = (typeof consentStates)[number];

export const consentEvents = [
  'give',
  'refuse',
  'lapse',
  'narrow',
  'stop',
  'expire',
  'end',
  'return',
  'supersede',
] as const;
export type ConsentEvent = (typeof consentEvents)[number];

/** The published diagram. `narrow` stays given, with the next version; a state without moves is final. */
export const legalMoves: Readonly<
  Record<ConsentState, Readonly<Partial<Record<ConsentEvent, ConsentState>>>>
> = {
  requested: { give: 'given', refuse: 'refused', lapse: 'lapsed' },
  given: {
    narrow: 'given',
    stop: 'stopped',
    expire: 'expired',
    end: 'ended',
    return: 'returned',
    supersede: 'superseded',
  },
  refused: {},
  lapsed: {},
  stopped: {},
  expired: {},
  ended: {},
  returned: {},
  superseded: {},
};

export function canMove(state: ConsentState, event: ConsentEvent): boolean {
  return Object.hasOwn(legalMoves[state], event);
}

/** The state after the event. Throws `illegal_transition` where the diagram has no such arrow. */
export function move(state: ConsentState, event: ConsentEvent): ConsentState {
  const next = canMove(state, event) ? legalMoves[state][event] : undefined;
  if (next === undefined) {
    throw new StabledoorError('illegal_transition', `A consent that is ${state} cannot ${event}.`, { state });
  }
  return next;
}

/** How long a householder has to answer: afterwards a request lapses. */
export const answerWithinSeconds = 900;

/** No event can follow: the consent lets nothing more be read, now or ever. */
export const isOver = (state: ConsentState): boolean => Object.keys(legalMoves[state]).length === 0;

/** Past its time a consent is expired and a request lapsed, whether or not the entry that says so is written yet. */
export function stateAt(
  consent: {
    readonly state: ConsentState;
    readonly expiresAt: Date | null;
    readonly requestedAt: Date;
  },
  nowMs: number,
): ConsentState {
  const { state, expiresAt, requestedAt } = consent;
  if (state === 'given' && expiresAt !== null && expiresAt.getTime() <= nowMs) return 'expired';
  const isLate = state === 'requested' && requestedAt.getTime() + answerWithinSeconds * 1000 <= nowMs;
  return isLate ? 'lapsed' : state;
}
