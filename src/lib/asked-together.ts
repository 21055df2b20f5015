// Questions that come while one is being answered are asked together, as one, when it is: no timer, and the more come, the
// more go at once. An answer is never older than its question.

/**
 * `ask` answers each of the questions in their order; where it fails, all of them fail. At most `most` go at once and
 * one call is under way at a time.
 */
export function askedTogether<Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  most: number,
): (question: Question) => Promise<Answer> {
  interface Waiting {
    readonly question: Question;
    readonly done: (answer: Answer) => void;
    readonly fail: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isAsking = false;

  async function askAll(): Promise<void> {
    isAsking = true;
    // What comes in this turn of the event loop goes along.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const asked = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        const answers = await ask(asked.map(({ question }) => question));
        asked.forEach(({ done }, i) => {
          done(answers[i] as Answer);
        });
      } catch (error) {
        for (const { fail } of asked) fail(error);
      }
    }
    isAsking = false;
  }

  return (question) =>
    new Promise((done, fail) => {
      waiting.push({ question, done, fail });
      if (!isAsking) void askAll();
    });
}
