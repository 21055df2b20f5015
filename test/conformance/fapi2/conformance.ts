// Runs the cases of one section against each target they apply to. A title is the case's number and name in the design, so
// that what is covered can be counted.
import { after, before, describe, test } from 'node:test';
import { openPeer } from './peer.ts';
import { openStabledoor, type StabledoorTarget } from './stabledoor.ts';
import type { Target } from './target.ts';

export interface Case<T extends Target> {
  readonly title: string;
  readonly check: (target: T) => Promise<void>;
}

/** A case that any server of the profile must pass: it is run against ours and the peer. */
export const both = (title: string, check: (target: Target) => Promise<void>) => ({
  title,
  check,
  peer: true,
});
/** A case about what is our own: details, consent pages, grants, the ledger; or where the peer is known to differ. */
export const ours = (title: string, check: (target: StabledoorTarget) => Promise<void>) => ({
  title,
  check,
  peer: false,
});

type AnyCase = ReturnType<typeof both> | ReturnType<typeof ours>;

export function section(name: string, cases: readonly AnyCase[]): void {
  run(`${name}: stabledoor`, openStabledoor, cases as readonly Case<StabledoorTarget>[]);
  const shared = cases.filter(({ peer }) => peer) as readonly Case<Target>[];
  if (shared.length > 0) run(`${name}: node-oidc-provider`, openPeer, shared);
}

function run<T extends Target>(name: string, open: () => Promise<T>, cases: readonly Case<T>[]): void {
  describe(name, () => {
    let target: T;
    before(async () => {
      target = await open();
    });
    after(() => target?.close());
    for (const { title, check } of cases) test(title, () => check(target));
  });
}
