// "Keep my door shut", and letting a group ask again before its ninety days are over. Both hold for the visitor alone.
import type { Router } from 'express';
import { z } from 'zod';
import { endQuiet } from '../../consent/consents.ts';
import { doorShutAt, setDoor } from '../../household/door-store.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { sendPage } from '../layout.ts';
import { type ConsentsPageParts, consentIdOf } from './consents-pages.ts';
import { doorPage } from './door-page.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

const doorForm = z.object({ door: z.enum(['shut', 'open']) });

export function doorPages(router: Router, parts: ConsentsPageParts): void {
  const { db } = parts;
  router.get('/door', requireSession, async (_req, res) => {
    const { occupierId, formToken } = visitorOf(res);
    const isShut = (await doorShutAt(db, occupierId)) !== null;
    sendPage(res, doorPage(isShut, formToken), frameOf(res, parts));
  });
  router.post('/door', formBody(), requireSession, requireFormToken, async (req, res) => {
    await setDoor(db, visitorOf(res).occupierId, validate(doorForm, req.body).door);
    res.set('Cache-Control', 'no-store').redirect(303, '/door');
  });
  router.post('/consents/:id/let-ask', formBody(), requireSession, requireFormToken, async (req, res) => {
    await endQuiet(db, { consentId: consentIdOf(req.params.id), occupierId: visitorOf(res).occupierId });
    res.set('Cache-Control', 'no-store').redirect(303, '/consents');
  });
}
