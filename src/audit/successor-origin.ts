// What the log that goes on is called. A name under which anything was ever signed is another log's: a backup that is
// restored a second time knows nothing of the log that went on after the first, and two histories under one name, perhaps
// with one key, would look like a broker that shows each of two people another log.
import { access } from 'node:fs/promises';
import { headGuardFileOf } from '../ledger/head-guard.ts';
import type { LogInForce } from '../ledger/log-in-force.ts';
import { readLedgerKeys } from '../ledger/signing-key.ts';
import { type ReachableWitness, readWitnessed } from '../ledger/witness-client.ts';

export interface OriginParts {
  readonly log: LogInForce;
  readonly keyDir: string;
  readonly headGuardFile: string;
  readonly witnesses: readonly ReachableWitness[];
}

const witnessTimeoutMs = 3000;
const mostNumbers = 1000;

/** `asked` where it is free, or `<first log>-2`, -3 …: the first that is. Errors: what was asked for is not free. */
export async function successorOrigin(parts: OriginParts, asked?: string): Promise<string> {
  if (asked !== undefined) {
    const known = await whoKnows(parts, asked);
    if (known === null) return asked;
    throw new Error(
      `${asked} is the name of a log that went on already, and ${known} knows it: choose another name with --origin`,
    );
  }
  const { origin, formers } = parts.log;
  const keys = new Set((await readLedgerKeys(parts.keyDir)).map(({ signer }) => signer.key.name));
  for (let number = formers.length + 2; number < formers.length + mostNumbers; number++) {
    const free = `${formers[0]?.origin ?? origin}-${number}`;
    // A key alone may be what is left of a succession that was cut short; a number that is passed over costs nothing.
    if (!keys.has(free) && (await whoKnows(parts, free)) === null) return free;
  }
  throw new Error('no name is free for the log that goes on: choose one with --origin');
}

/** Who has kept a checkpoint of a log of that name, in words; null where nobody says so. */
async function whoKnows({ log, headGuardFile, witnesses }: OriginParts, origin: string) {
  const successor = { origin, formers: [log] };
  const isGuarded = await access(headGuardFileOf(headGuardFile, successor)).then(
    () => true,
    () => false,
  );
  if (isGuarded) return 'a head guard';
  const shown = await Promise.all(
    witnesses.map(async (witness) => ({
      witness,
      note: await readWitnessed(witness, origin, witnessTimeoutMs),
    })),
  );
  const knowing = shown.find(({ note }) => note !== null);
  return knowing === undefined ? null : `the witness ${knowing.witness.name}`;
}
