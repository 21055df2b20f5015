// `stabledoor drill`: does to databases of its own what may happen to yours, and says whether everything held. Nothing of
// this installation is touched: no setting counts, and the folder goes when it is over.
import type { Command } from 'commander';
import { type Ground, openGround } from './drill-ground.ts';
import { DrillSkipped, type Scenario, scenarios } from './drill-scenarios.ts';
import { BadNews, UsageError } from './failure.ts';
import { oneLine, openOutput } from './output.ts';

interface DrillOptions {
  readonly only?: string[];
  readonly json?: true;
}

export interface DrillResult {
  readonly name: string;
  readonly result: 'pass' | 'fail' | 'skipped';
  readonly words: string;
  readonly seconds: number;
}

export function addDrillCommand(program: Command): void {
  program
    .command('drill')
    .description('kills, an old backup, a clock jump, a late witness, a full disk: on databases of its own')
    .option('--only <name...>', `some of: ${scenarios.map(({ name }) => name).join(', ')}`)
    .option('--json', 'answer as JSON')
    .addHelpText('after', '\nIt takes some minutes, and touches nothing of this installation.')
    .action(async (options: DrillOptions) => {
      const chosen = choose(options.only);
      const output = openOutput(options.json ?? false);
      const results = await drill(chosen, (name) => output.remark(`${name} …`));
      const passed = results.every(({ result }) => result !== 'fail');
      const value = { passed, results: results.map((one) => ({ ...one })) };
      output.answer(value, results.map(inWords).join('\n'));
      if (!passed) throw new BadNews();
    });
}

function choose(names: readonly string[] | undefined): readonly Scenario[] {
  if (names === undefined) return scenarios;
  const unknown = names.find((name) => !scenarios.some((one) => one.name === name));
  if (unknown !== undefined)
    throw new UsageError(
      `--only: there is no ${oneLine(unknown)}; there is ${scenarios.map(({ name }) => name).join(', ')}`,
    );
  return scenarios.filter(({ name }) => names.includes(name));
}

/** One after another, in a folder that is gone afterwards. */
export async function drill(
  chosen: readonly Scenario[],
  begin: (name: string) => void = () => {},
): Promise<DrillResult[]> {
  const ground = await openGround();
  try {
    const results: DrillResult[] = [];
    for (const scenario of chosen) {
      begin(scenario.name);
      results.push(await runOne(scenario, ground));
    }
    return results;
  } finally {
    await ground.remove();
  }
}

/** Longer than any of them takes on a slow machine. */
const mostSeconds = 240;

async function runOne({ name, run }: Scenario, ground: Ground): Promise<DrillResult> {
  const from = performance.now();
  const done = (result: DrillResult['result'], words: string): DrillResult => ({
    name,
    result,
    words: oneLine(words),
    seconds: Math.round((performance.now() - from) / 100) / 10,
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<DrillResult>((end) => {
    timer = setTimeout(() => end(done('fail', `it did not end within ${mostSeconds} s`)), mostSeconds * 1000);
  });
  const ran = run(ground).then(
    (words) => done('pass', words),
    (error: Error) => done(error instanceof DrillSkipped ? 'skipped' : 'fail', error.message),
  );
  try {
    return await Promise.race([ran, late]);
  } finally {
    clearTimeout(timer);
  }
}

const inWords = ({ name, result, words, seconds }: DrillResult): string =>
  `${result === 'skipped' ? 'SKIPPED' : result.toUpperCase()}  ${name} (${seconds} s): ${words}`;
