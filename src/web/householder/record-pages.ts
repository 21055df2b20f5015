// What the ledger has about the householder's own home, as one file with proofs that programs can check without us.
import type { Router } from 'express';
import { z } from 'zod';
import { readHouseholdChain } from '../../audit/household-chain.ts';
import { formatChainFile } from '../../ledger/chain-file.ts';
import type { Subjects } from '../../ledger/subjects.ts';
import { StabledoorError } from '../../lib/errors.ts';
import type { ConsentsPageParts } from './consents-pages.ts';
import { requireSession, visitorOf } from './visitor.ts';

const query = z.strictObject({
  from: z
    .string()
    .regex(/^(0|[1-9]\d{0,8})$/)
    .optional(),
});

export function recordPages(
  router: Router,
  parts: ConsentsPageParts & { readonly subjects: Subjects },
): void {
  router.get('/history/record.json', requireSession, async (req, res) => {
    const asked = query.safeParse(req.query);
    if (!asked.success)
      throw new StabledoorError('invalid_request', 'from: the number of an entry of yours, from 0.');
    const { from } = asked.data;
    const { householdId } = visitorOf(res);
    const file = await readHouseholdChain(parts, householdId, from === undefined ? undefined : Number(from));
    res
      .set('Cache-Control', 'no-store')
      .attachment('stabledoor-record.json')
      .type('application/json')
      .send(formatChainFile(file));
  });
}
