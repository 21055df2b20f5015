// Lets the state changes of this process come to the head of the log one after the other. The head is given out in the
// order of asking: four that ask at once would stand before every batch, and the many wait for the few.

export interface Turns {
  /**
   * Runs `work` once all that came before is done. A transaction that had its turn holds the head until it ends: its
   * further work runs at once, or it would wait for one that waits for it.
   */
  take<Result>(transaction: object, work: () => Promise<Result>): Promise<Result>;
}

export function openTurns(): Turns {
  const hadTheirTurn = new WeakSet<object>();
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(transaction, work) {
      if (hadTheirTurn.has(transaction)) return work();
      hadTheirTurn.add(transaction);
      const mine = last.then(work);
      last = mine.catch(() => {});
      return mine;
    },
  };
}
