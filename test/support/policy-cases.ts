// The disclosure cases of this repository.
import { join } from 'node:path';
import { type PolicyCase, readPolicyCases } from '../../src/policy/policy-cases.ts';

export type { PolicyCase };

export const disclosureCases = (): Promise<PolicyCase[]> =>
  readPolicyCases(join(import.meta.dirname, '../policies/disclosure'));
