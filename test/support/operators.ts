// Operators for tests: people with a key file each, who joined as people do, on a ledger in production.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineClock } from '../../src/db/clock.ts';
import type { OperatorRole } from '../../src/ledger/operator-acts.ts';
import type { OperatorId } from '../../src/lib/ids.ts';
import { joinWithCode, makeJoiningCode } from '../../src/operator/joining.ts';
import { membershipActs } from '../../src/operator/membership-acts.ts';
import { makeOperatorKey, type OperatorKey } from '../../src/operator/operator-key.ts';
import { approve, type ProposalParts, propose } from '../../src/operator/proposals.ts';
import { registryActs } from '../../src/parts-registry-acts.ts';
import type { TestDatabases } from './database.ts';
import type { TestLedger } from './ledger.ts';

export interface TestOperator {
  readonly operatorId: OperatorId;
  readonly key: OperatorKey;
}

export interface TestOperators {
  readonly parts: ProposalParts;
  readonly ann: TestOperator;
  readonly ben: TestOperator;
  key(): Promise<OperatorKey>;
  /** One more, proposed by Ann and approved by Ben. */
  add(name: string, role: OperatorRole): Promise<TestOperator>;
  close(): Promise<void>;
}

/** Ann and Ben join with a code each. */
export async function testOperators(databases: TestDatabases, ledger: TestLedger): Promise<TestOperators> {
  const folder = await mkdtemp(join(tmpdir(), 'operators-'));
  let keys = 0;
  const key = () => makeOperatorKey(join(folder, `${++keys}.key`));
  const parts: ProposalParts = {
    db: databases.app,
    ledger,
    clock: machineClock,
    production: true,
    acts: [...membershipActs, ...registryActs],
    checkPasskey: async () => false,
  };
  const join_ = async (name: string): Promise<TestOperator> => {
    const own = await key();
    const newcomer = { name, role: 'administrator', key: fileKey(own) } as const;
    return { operatorId: await joinWithCode(parts, newcomer, await makeJoiningCode(parts)), key: own };
  };
  const [ann, ben] = [await join_('Ann'), await join_('Ben')];
  return {
    parts,
    ann,
    ben,
    key,
    async add(name, role) {
      const own = await key();
      const input = { name, role, public_key: { key: JSON.parse(own.publicKey) } };
      const { proposalId, payload } = await propose(parts, ann.key, { act: 'operator-add', input });
      await approve(parts, ben.key, proposalId);
      return { operatorId: JSON.parse(payload as string).operator, key: own };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export const fileKey = ({ publicKey }: OperatorKey) =>
  ({ keptIn: 'file', publicKey, passkeyId: null }) as const;
