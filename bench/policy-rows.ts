// Policy decisions a second on one core: every policy, full facts, no two requests alike; and the same as reads of many homes
// mostly are, alike. By the time of the processor, so that a busy machine changes less of it.
import { join } from 'node:path';
import { openPolicy, type Policy } from '../src/policy/engine.ts';
import { disclosureCases } from '../test/support/policy-cases.ts';
import { median } from './measure.ts';
import type { Row } from './row.ts';

const family = 'policy';
const root = join(import.meta.dirname, '..');
const rounds = 3;
const seconds = 3;

export async function policyRows(): Promise<Row[]> {
  const dir = join(root, 'policies');
  const requests = (await disclosureCases()).map(({ request }) => request);
  const fresh = await openPolicy(dir, { remembered: 0 });
  const remembering = await openPolicy(dir);
  let n = 0;
  const next = () => requests[n++ % requests.length] as (typeof requests)[number];
  // Another last closed day each time: no two requests are the same.
  const different = (policy: Policy) => () => {
    const request = next();
    policy.decide({ ...request, closedUntilDay: request.closedUntilDay + (n % 100_000) });
  };
  const rates = Array.from({ length: rounds }, () => ({
    fresh: perCoreSecond(different(fresh)),
    remembered: perCoreSecond(() => remembering.decide(next())),
  }));
  return [
    {
      family,
      what: `decisions on a core, ${fresh.rules.length} policies, every request different`,
      value: median(rates.map((rate) => rate.fresh)),
      unit: '/s',
      target: { atLeast: 2000 },
    },
    {
      family,
      what: 'decisions on a core, a hundred requests in turn',
      value: median(rates.map((rate) => rate.remembered)),
      unit: '/s',
    },
  ];
}

function perCoreSecond(decide: () => void): number {
  for (let i = 0; i < 200; i++) decide();
  const before = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  let done = 0;
  for (; performance.now() < end; done++) decide();
  const { user, system } = process.cpuUsage(before);
  return done / ((user + system) / 1e6);
}
