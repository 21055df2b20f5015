// Which checkpoint of a log is published, and how it is sent.
import type { Response } from 'express';
import type { Store } from '../db/database.ts';
import { latestCheckpoint } from '../ledger/ledger-store.ts';
import { newestWitnessed } from '../ledger/witnessed-store.ts';
import { StabledoorError } from '../lib/errors.ts';

interface CheckpointParts {
  readonly db: Store;
  /** Null where no witness policy is set. */
  readonly witnessing: object | null;
}

/** A stable one where there are witnesses: a checkpoint that they have not seen could still be one of two. */
export async function publishedCheckpoint({ db, witnessing }: CheckpointParts, logId: number) {
  const witnessed = witnessing === null ? null : await newestWitnessed(db, logId);
  return witnessed ?? (await latestCheckpoint(db, logId));
}

export function sendCheckpoint(res: Response, checkpoint: { readonly note: string } | null): void {
  if (checkpoint === null) throw new StabledoorError('not_found', 'The ledger is empty.');
  res.type('text/plain; charset=utf-8').set('Cache-Control', 'public, max-age=2').send(checkpoint.note);
}
