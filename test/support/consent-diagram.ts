// Draws the moves of a consent as Mermaid text, from the table that the code asks.
import { consentEvents, consentStates, isOver, legalMoves } from '../../src/consent/consent.ts';

export function consentDiagram(): string {
  const arrows = consentStates.flatMap((from) =>
    consentEvents.flatMap((event) => {
      const to = legalMoves[from][event];
      return to === undefined ? [] : [`    ${from} --> ${to}: ${event}`];
    }),
  );
  const ends = consentStates.filter(isOver).map((state) => `    ${state} --> [*]`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> requested', ...arrows, ...ends, '```'].join('\n');
}
