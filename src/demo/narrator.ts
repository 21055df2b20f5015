// What the demo says, on standard output: one numbered step at a time, each when it has happened and not before.

export interface Narrator {
  step(title: string): void;
  say(line: string): void;
  /** A fact that the step has just shown to hold; the demo fails otherwise. */
  shows(line: string): void;
}

export function narrator(write: (text: string) => void): Narrator {
  let steps = 0;
  return {
    step(title) {
      steps += 1;
      write(`\n${steps}. ${title}\n`);
    },
    say: (line) => write(`   ${line}\n`),
    shows: (line) => write(`   ✓ ${line}\n`),
  };
}

export class StoryError extends Error {
  override readonly name = 'StoryError';
}

/** Throws StoryError unless the story goes as it must. */
export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new StoryError(`the story went wrong: expected ${what}`);
}
