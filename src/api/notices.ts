// The poll for withdrawal notices on HTTP. A third party sees its own, with a token in its own name.
import { Router } from 'express';
import { jsonBody } from '../http/limits.ts';
import { expressPath } from '../http/route-contract.ts';
import { validate } from '../http/validate.ts';
import { pollNotices } from '../notify/poll.ts';
import { securityEventSigner } from '../oauth/sign-security-event.ts';
import type { SigningKeys } from '../oauth/signing-keys.ts';
import { type AdmissionParts, admittedCaller, refuseWithout } from './access.ts';
import { pollForm, pollForNotices } from './notices-contract.ts';

export interface NoticesParts extends AdmissionParts {
  readonly issuer: string;
  readonly signingKeys: SigningKeys;
}

export function noticesRoutes(parts: NoticesParts): Router {
  const router = Router();
  const sign = securityEventSigner(parts.signingKeys);
  router.post(expressPath(pollForNotices), jsonBody(), async (req, res) => {
    const caller = await admittedCaller(parts, req);
    refuseWithout(caller, 'notices:read', 'in-own-name');
    const { setErrs, ...asked } = validate(pollForm, req.body);
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const poll = { ...asked, refused: Object.keys(setErrs) };
    const answer = await pollNotices({ ...parts, sign }, caller.clientId, poll, gone.signal);
    res.set('Cache-Control', 'no-store').json(answer);
  });
  return router;
}
