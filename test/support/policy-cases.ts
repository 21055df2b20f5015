// The cases of this repository.
import { join } from 'node:path';
import { type PolicyCase, readPolicyCases } from '../../src/policy/policy-cases.ts';
import type { DisclosureRequest } from '../../src/policy/request.ts';
import type { RightRequest } from '../../src/policy/right-request.ts';

export type { PolicyCase };

const casesOf = async <Request>(folder: string): Promise<PolicyCase<Request>[]> =>
  (await readPolicyCases(join(import.meta.dirname, '../policies', folder))) as PolicyCase<Request>[];

export const disclosureCases = () => casesOf<DisclosureRequest>('disclosure');
/** Of reads without a consent. */
export const rightCases = () => casesOf<RightRequest>('by-right');
