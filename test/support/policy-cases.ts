// Reads the disclosure cases: one request a file, named for what it says, with the exact reasons and policies.
// Dates stand in the files as dates, so that they can be read; here they become days since 1970.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DisclosureRequest } from '../../src/policy/request.ts';

export interface PolicyCase {
  readonly name: string;
  readonly says: string;
  readonly allowed: boolean;
  readonly reasons: string[];
  readonly policies: string[];
  readonly request: DisclosureRequest;
}

interface DatedWindow {
  from: string;
  until: string;
}

interface CaseFile {
  says: string;
  reasons: string[];
  policies: string[];
  request: Omit<DisclosureRequest, 'consent' | 'tenancy' | 'window' | 'closedUntilDay'> & {
    consent: Omit<DisclosureRequest['consent'], 'window'> & { window: DatedWindow };
    tenancy: { from: string; until: string | null };
    window: DatedWindow;
    closedUntil: string;
  };
}

const root = join(import.meta.dirname, '../policies/disclosure');

export async function disclosureCases(): Promise<PolicyCase[]> {
  const cases = await Promise.all(
    ['ALLOW', 'DENY'].map(async (folder) => {
      const names = (await readdir(join(root, folder))).sort();
      return Promise.all(names.map((name) => readCase(folder, name)));
    }),
  );
  return cases.flat();
}

async function readCase(folder: string, name: string): Promise<PolicyCase> {
  const file = JSON.parse(await readFile(join(root, folder, name), 'utf8')) as CaseFile;
  const { consent, tenancy, window, closedUntil, ...rest } = file.request;
  return {
    name: `${folder}/${name.replace(/\.json$/, '')}`,
    says: file.says,
    allowed: folder === 'ALLOW',
    reasons: file.reasons,
    policies: file.policies,
    request: {
      ...rest,
      consent: { ...consent, window: daysOf(consent.window) },
      tenancy: {
        fromDay: epochDay(tenancy.from),
        untilDay: tenancy.until === null ? null : epochDay(tenancy.until),
      },
      window: daysOf(window),
      closedUntilDay: epochDay(closedUntil),
    },
  };
}

const daysOf = ({ from, until }: DatedWindow) => ({ fromDay: epochDay(from), untilDay: epochDay(until) });

const epochDay = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
