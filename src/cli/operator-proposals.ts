// `stabledoor operator propose`, `approve`, `decline`, `carry-out` and `proposals`: what one proposes and another approves.
import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { operatorActs } from '../ledger/operator-acts.ts';
import type { Signer } from '../operator/proof.ts';
import { listProposals, type Proposal } from '../operator/proposal-store.ts';
import { approve, carryOut, decline, type ProposalParts } from '../operator/proposals.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { ownSigner, proposeAndAnswer, shown, textOf } from './operator-answer.ts';
import { openOutput } from './output.ts';

interface Json {
  readonly json?: true;
}

export function addProposalCommands(family: Command): void {
  addPropose(family);
  addDeciding(family, 'approve', 'approve what another proposed; it is done at once', approve);
  addDeciding(family, 'decline', 'decline a proposal, or withdraw your own', decline);
  family
    .command('carry-out <id>')
    .description('do what was approved and could not be done then')
    .option('--json', 'answer as JSON')
    .action((id: string, options: Json) =>
      withParts(readConfig(), async ({ operators }) =>
        answer(operators, await carryOut(operators, id), options),
      ),
    );
  family
    .command('proposals')
    .description('what waits for somebody; the newest first')
    .option('--all', 'also what is done, declined or expired; at most 200')
    .option('--json', 'answer as JSON')
    .action((options: Json & { readonly all?: true }) =>
      withParts(readConfig(), async ({ operators }) => {
        const found = await listProposals(operators.db, { waiting: !options.all });
        const text = found.map((one) => textOf(operators, one)).join('\n\n');
        openOutput(options.json ?? false).answer(
          found.map((one) => shown(operators, one)),
          text || 'Nothing waits.',
        );
      }),
    );
}

function addPropose(family: Command): void {
  family
    .command('propose <act>')
    .description('propose an act, for another operator to approve within seven days')
    .option('--file <file>', 'what the act takes, as JSON; `-` reads it from stdin')
    .option('--json', 'answer as JSON')
    .addHelpText('after', `\nActs, and the roles that may propose and approve them:\n${actsHelp()}`)
    .action(async (act: string, options: Json & { readonly file?: string }) => {
      const input = options.file === undefined ? {} : await readInput(options.file);
      await proposeAndAnswer(readConfig(), { act, input }, options.json ?? false);
    });
}

const actsHelp = (): string =>
  Object.entries(operatorActs)
    .map(([name, { roles }]) => `  ${name.padEnd(22)}${['administrator', ...roles].join(', ')}`)
    .join('\n');

function addDeciding(
  family: Command,
  name: string,
  description: string,
  decide: (parts: ProposalParts, signer: Signer, id: string) => Promise<Proposal>,
): void {
  family
    .command(`${name} <id>`)
    .description(description)
    .option('--json', 'answer as JSON')
    .action(async (id: string, options: Json) => {
      const config = readConfig();
      const signer = await ownSigner(config);
      await withParts(config, async ({ operators }) =>
        answer(operators, await decide(operators, signer, id), options),
      );
    });
}

const answer = (parts: ProposalParts, proposal: Proposal, { json }: Json): void =>
  openOutput(json ?? false).answer(shown(parts, proposal), textOf(parts, proposal));

const longestInput = 256 * 1024;

async function readInput(path: string): Promise<unknown> {
  if (path !== '-') {
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) throw new UsageError(`--file: there is no file ${path}`);
    if (found.size > longestInput) throw new UsageError(`--file: ${path} is larger than 256 kB`);
  }
  const text = await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  if (text.length > longestInput) throw new UsageError('--file: more than 256 kB');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`--file: ${path} is not JSON`);
  }
}
