// The cases of the policies: one request a file, named for what it says, with the exact reasons and policies it must be
// decided by. Dates stand in the files as dates, so that they can be read; here they become days since 1970.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dayNumber, localDate } from '../lib/local-date.ts';
import type { Decision, Policy } from './engine.ts';
import type { DisclosureRequest } from './request.ts';
import type { RightRequest } from './right-request.ts';

export interface PolicyCase<Request = DisclosureRequest | RightRequest> {
  readonly name: string;
  readonly says: string;
  readonly allowed: boolean;
  readonly reasons: readonly string[];
  readonly policies: readonly string[];
  /** One with a `right` is for a read without a consent. */
  readonly request: Request;
}

/** As the policy that is asked decides a case. */
export const decideCase = (policy: Policy, { request }: Pick<PolicyCase, 'request'>): Decision =>
  'right' in request ? policy.decideByRight(request) : policy.decide(request);

interface DatedWindow {
  from: string;
  until: string;
}

type ThirdPartyFacts = DisclosureRequest['thirdParty'];

/** What most cases are not about may be left out: no group, no recipient, given on the consent's first day. */
interface CaseFile {
  says: string;
  reasons: string[];
  policies: string[];
  request: DisclosureFacts | RightFacts;
}

interface RightFacts extends Pick<RightRequest, 'purpose' | 'resolution' | 'register'> {
  thirdParty: Pick<ThirdPartyFacts, 'class' | 'status' | 'purposes'> & Partial<ThirdPartyFacts>;
  right: Pick<RightRequest['right'], 'basis' | 'state' | 'registers'> &
    Partial<Pick<RightRequest['right'], 'resolution' | 'optedOut'>> & { days: OpenWindow };
  tenancy: OpenWindow | null;
  window: DatedWindow;
  closedUntil: string;
}

interface OpenWindow {
  from: string;
  until: string | null;
}

type DisclosureFacts = Pick<DisclosureRequest, 'purpose' | 'resolution' | 'register'> & {
  thirdParty: Pick<ThirdPartyFacts, 'class' | 'status' | 'purposes'> & Partial<ThirdPartyFacts>;
  consent: Omit<DisclosureRequest['consent'], 'window' | 'givenDay' | 'once'> & {
    window: DatedWindow;
    given?: string;
    once?: boolean;
  };
  tenancy: { from: string; until: string | null };
  prepayment?: boolean;
  window: DatedWindow;
  closedUntil: string;
  today?: string;
};

/** Every case of `root`, which has the folders ALLOW and DENY. Rejects where there is none. */
export async function readPolicyCases(root: string): Promise<PolicyCase[]> {
  const cases = await Promise.all(
    ['ALLOW', 'DENY'].map(async (folder) => {
      const names = (await readdir(join(root, folder))).filter((name) => name.endsWith('.json')).sort();
      return Promise.all(names.map((name) => readCase(root, folder, name)));
    }),
  );
  return cases.flat();
}

/** What a decision has other than the case says; null where they agree. */
export function differenceOf(one: PolicyCase, decision: Decision): string | null {
  const said = describe(one);
  const found = describe(decision);
  return said === found ? null : `${one.name}: ${found}, and the case says: ${said}`;
}

const describe = ({
  allowed,
  reasons,
  policies,
}: Pick<Decision, 'allowed' | 'policies'> & { readonly reasons: readonly string[] }) =>
  `${allowed ? 'allowed' : `refused for ${reasons.join(', ')}`} by ${policies.join(', ') || 'no policy'}`;

async function readCase(root: string, folder: string, name: string): Promise<PolicyCase> {
  const file = JSON.parse(await readFile(join(root, folder, name), 'utf8')) as CaseFile;
  return {
    name: `${folder}/${name.replace(/\.json$/, '')}`,
    says: file.says,
    allowed: folder === 'ALLOW',
    reasons: file.reasons,
    policies: file.policies,
    request: 'right' in file.request ? rightRequestOf(file.request) : requestOf(file.request),
  };
}

function rightRequestOf(request: RightFacts): RightRequest {
  const { thirdParty, right, tenancy, window, closedUntil, ...rest } = request;
  return {
    ...rest,
    thirdParty: { groupClasses: [], recipients: { classes: [], notActive: 0 }, ...thirdParty },
    right: { resolution: null, optedOut: [], ...right, days: openDays(right.days) },
    tenancy: tenancy === null ? null : openDays(tenancy),
    window: daysOf(window),
    closedUntilDay: day(closedUntil),
  };
}

const openDays = ({ from, until }: OpenWindow) => ({
  fromDay: day(from),
  untilDay: until === null ? null : day(until),
});

function requestOf(request: DisclosureFacts): DisclosureRequest {
  const { thirdParty, consent, tenancy, window, closedUntil, today, prepayment, ...rest } = request;
  const { given, once, ...consented } = consent;
  return {
    ...rest,
    thirdParty: {
      groupClasses: [],
      recipients: { classes: [], notActive: 0 },
      ethicsApproved: false,
      ...thirdParty,
    },
    consent: {
      ...consented,
      window: daysOf(consent.window),
      givenDay: day(given ?? consent.window.from),
      once: once ?? false,
    },
    tenancy: {
      fromDay: day(tenancy.from),
      untilDay: tenancy.until === null ? null : day(tenancy.until),
    },
    prepayment: prepayment ?? false,
    window: daysOf(window),
    closedUntilDay: day(closedUntil),
    today: day(today ?? closedUntil),
  };
}

const day = (date: string): number => dayNumber(localDate(date));
const daysOf = ({ from, until }: DatedWindow) => ({ fromDay: day(from), untilDay: day(until) });
