// `stabledoor household chain ID`: what the ledger has about a household, with proofs, as the file that it gets itself.
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readHouseholdChain } from '../audit/household-chain.ts';
import { readConfig } from '../config.ts';
import { formatChainFile } from '../ledger/chain-file.ts';
import { type HouseholdId, idPattern } from '../lib/ids.ts';
import { readCount } from './count.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface ChainOptions {
  readonly out?: string;
  readonly from?: string;
}

export function addChainCommand(household: Command): void {
  household
    .command('chain <id>')
    .description('what the ledger has about a household, with proofs, for the household itself')
    .option('--out <file>', 'the file, readable by its owner alone (default: standard output)')
    .option('--from <number>', 'only from this entry of the household on, counted from 0')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (id: string, options: ChainOptions) => {
      if (!idPattern('household').test(id)) throw new UsageError(`${id} is no household id`);
      const from = options.from === undefined ? undefined : readCount('--from', options.from);
      const file = await withParts(readConfig(), (parts) =>
        readHouseholdChain(parts, id as HouseholdId, from),
      );
      const text = formatChainFile(file);
      if (options.out === undefined) process.stdout.write(text);
      else await writeFile(options.out, text, { mode: 0o600 });
      const output = openOutput(true);
      output.remark('It opens what the ledger says about this household: give it to nobody else.');
      if (options.out !== undefined)
        output.answer(
          { file: options.out, entries: file.entries.length, shown_absent: file.absence !== null },
          '',
        );
    });
}
