import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ConsentEvent,
  type ConsentState,
  canMove,
  consentEvents,
  consentStates,
  isOver,
  move,
  stateAt,
} from '../../src/consent/consent.ts';
import { StabledoorError } from '../../src/lib/errors.ts';

/** The diagram as it is published, drawn a second time. */
const drawn = `
  requested give given, requested refuse refused, requested lapse lapsed,
  given narrow given, given stop stopped, given expire expired,
  given end ended, given return returned, given supersede superseded`
  .split(',')
  .map((arrow) => arrow.trim().split(' '));

const arrows = new Map(drawn.map(([from, event, to]) => [`${from} ${event}`, to]));

test('no sequence of moves outside the diagram is accepted', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...consentEvents), { maxLength: 12 }), (events) => {
      let state: ConsentState = 'requested';
      for (const event of events) {
        const expected = arrows.get(`${state} ${event}`);
        assert.equal(canMove(state, event), expected !== undefined);
        if (expected === undefined) {
          assert.throws(() => move(state, event), isIllegalTransition);
        } else {
          state = move(state, event);
          assert.equal(state, expected);
        }
      }
    }),
  );
});

const isIllegalTransition = (error: unknown) =>
  error instanceof StabledoorError && error.code === 'illegal_transition' && error.status === 409;

test('the table holds exactly the arrows of the diagram', () => {
  const made = consentStates.flatMap((state) =>
    consentEvents.filter((event) => canMove(state, event)).map((event) => `${state} ${event}`),
  );
  assert.deepEqual(made.sort(), [...arrows.keys()].sort());
});

test('what is over stays over', () => {
  for (const state of consentStates.filter(isOver)) {
    for (const event of consentEvents) assert.throws(() => move(state, event), isIllegalTransition);
  }
  assert.deepEqual(
    consentStates.filter((state) => !isOver(state)),
    ['requested', 'given'],
  );
});

test('a name from outside that is no event is no move', () => {
  for (const event of ['toString', '__proto__', 'constructor', '']) {
    assert.throws(() => move('given', event as ConsentEvent), isIllegalTransition);
  }
});

test('a given consent is expired from its very last millisecond on', () => {
  const consent = { state: 'given' as const, expiresAt: new Date(1000), requestedAt: new Date(0) };
  assert.equal(stateAt(consent, 999), 'given');
  assert.equal(stateAt(consent, 1000), 'expired');
  assert.equal(stateAt({ ...consent, state: 'stopped' }, 1000), 'stopped');
});

test('a request is lapsed once fifteen minutes are over', () => {
  const request = { state: 'requested' as const, expiresAt: null, requestedAt: new Date(0) };
  assert.equal(stateAt(request, 899_999), 'requested');
  assert.equal(stateAt(request, 900_000), 'lapsed');
});
