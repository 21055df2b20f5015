// `stabledoor policy …`: what the rules say, which of them bind, and whether a decision of the past followed from them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { openPolicy, type Policy } from '../policy/engine.ts';
import { decideCase, differenceOf, readPolicyCases } from '../policy/policy-cases.ts';
import { type Publication, planPublication, publishPolicy } from '../policy/publication.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { proposeAndAnswer } from './operator-answer.ts';
import { openOutput } from './output.ts';
import { addReplayCommand } from './policy-replay.ts';

export function addPolicyCommands(program: Command): void {
  const family = program.command('policy').description('the rules in Cedar: check, publish, replay');
  family
    .command('check')
    .description('parse and validate the policy set, decide its cases, and say what it changes')
    .option('--dir <dir>', 'the set (default: STABLEDOOR_POLICY_DIR)')
    .option('--cases <dir>', 'its cases, with the folders ALLOW and DENY (default: those of this project)')
    .option('--offline', 'do not compare it with the set in force: no database is asked')
    .option('--json', 'answer as JSON')
    .action(check);
  family
    .command('publish')
    .description(
      'make the policy set one that binds: at once, or 30 days from now where it weakens; in production a proposal',
    )
    .option('--dir <dir>', 'the set (default: STABLEDOOR_POLICY_DIR)')
    .option('--json', 'answer as JSON')
    .action(publish);
  addReplayCommand(family);
}

interface CheckOptions {
  readonly dir?: string;
  readonly cases?: string;
  readonly offline?: true;
  readonly json?: true;
}

async function check(options: CheckOptions): Promise<void> {
  const config = readConfig();
  const policy = await openPolicy(options.dir ?? config.policyDir, { remembered: 0 });
  const { decided, wrong } = await decideCases(policy, options.cases);
  const plan = options.offline
    ? null
    : await withDatabase(config, ({ db, clock, log }) =>
        planPublication(db, { ledger: log, clock }, policy).catch(alreadyPublished),
      );
  const value = {
    digest: policy.digest,
    policies: policy.rules.length,
    cases: decided,
    wrong: [...wrong],
    ...(plan === null ? {} : { publishing: typeof plan === 'string' ? plan : planValue(plan) }),
  };
  const text = [
    `${policy.rules.length} policies, no fault. Digest ${policy.digest}`,
    `${decided} cases, ${wrong.length === 0 ? 'each decided as it says' : `${wrong.length} decided otherwise:`}`,
    ...wrong.map((line) => `  ${line}`),
    ...(plan === null ? [] : typeof plan === 'string' ? [plan] : planLines(plan)),
  ].join('\n');
  openOutput(options.json ?? false).answer(value, text);
  if (wrong.length > 0) process.exitCode = 1;
}

const projectCases = ['disclosure', 'by-right'].map((name) =>
  join(import.meta.dirname, '../../test/policies', name),
);

async function decideCases(policy: Policy, dir: string | undefined) {
  if (dir !== undefined && !existsSync(join(dir, 'ALLOW')))
    throw new UsageError(`--cases: ${dir} has no folder ALLOW`);
  const roots = (dir === undefined ? projectCases : [dir]).filter((root) => existsSync(root));
  const cases = (await Promise.all(roots.map((root) => readPolicyCases(root)))).flat();
  const wrong = cases
    .map((one) => differenceOf(one, decideCase(policy, one)))
    .filter((line) => line !== null);
  return { decided: cases.length, wrong };
}

function alreadyPublished(error: unknown): string {
  if (error instanceof Error && /already/.test(error.message)) return error.message;
  throw error;
}

async function publish(options: { dir?: string; json?: true }): Promise<void> {
  const config = readConfig();
  const policy = await openPolicy(options.dir ?? config.policyDir, { remembered: 0 });
  // The first set is published as the log opens, so whatever comes here changes rules that bind.
  if (config.mode === 'production') {
    const input = { text: policy.text };
    return await proposeAndAnswer(config, { act: 'policy-publish', input }, options.json ?? false);
  }
  const published = await withParts(config, ({ db, ledger, clock }) =>
    publishPolicy({ db, ledger, clock }, policy),
  );
  openOutput(options.json ?? false).answer(planValue(published), planLines(published).join('\n'));
}

const planValue = ({ digest, replaces, change, weakens, effectiveAtMs }: Publication): JsonValue => ({
  digest,
  replaces,
  weakens,
  effective: new Date(effectiveAtMs).toISOString(),
  ...(change === null
    ? {}
    : {
        added: [...change.added],
        removed: [...change.removed],
        changed: [...change.changed],
        schema_changed: change.schemaChanged,
      }),
});

function planLines({ replaces, change, weakens, effectiveAtMs, digest }: Publication): string[] {
  const when = new Date(effectiveAtMs).toISOString();
  if (replaces === null || change === null) return [`${digest} is the first set: it binds from ${when}.`];
  const list = (what: string, ids: readonly string[]) =>
    ids.length === 0 ? [] : [`${what}: ${ids.join(', ')}`];
  return [
    `Against ${replaces}:`,
    ...list('  added', change.added),
    ...list('  removed', change.removed),
    ...list('  changed', change.changed),
    ...(change.schemaChanged ? ['  the schema is another'] : []),
    weakens
      ? `This is a weakening: it may allow what is refused now. It binds from ${when}.`
      : `It only forbids more: it binds from ${when}.`,
  ];
}
