// Refusing what a supplier may read without asking, as far as it can be refused. It holds from the entry on.
import type { Router } from 'express';
import { z } from 'zod';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { recordOptOuts } from '../../lawful/supplies.ts';
import { optOutPurposes } from '../../ledger/licence.ts';
import type { ConsentsPageParts } from './consents-pages.ts';
import { requireFormToken, requireSession, visitorOf } from './visitor.ts';

const purpose = z.enum(optOutPurposes);
const refusals = z.object({
  refuse: z
    .union([purpose.transform((one) => [one]), z.array(purpose).max(optOutPurposes.length)])
    .default([]),
});

export function byLawPages(router: Router, parts: ConsentsPageParts): void {
  router.post('/by-law', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { refuse } = validate(refusals, req.body);
    await recordOptOuts(parts, visitorOf(res).householdId, refuse);
    res.set('Cache-Control', 'no-store').redirect(303, '/consents#by-law');
  });
}
