// `stabledoor household erase ID`: everything that leads to a household goes, after seven days or now. In production two
// operators decide it.
import type { Command } from 'commander';
import { eraseHousehold, requestErasure } from '../audit/erasure.ts';
import { readConfig } from '../config.ts';
import { type HouseholdId, idPattern } from '../lib/ids.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { proposeAndAnswer } from './operator-answer.ts';
import { openOutput } from './output.ts';

export function addEraseCommand(household: Command): void {
  household
    .command('erase <id>')
    .description('end all sharing of a household and erase what leads to it; in production a proposal')
    .option('--now', 'at once, rather than in seven days')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (id: string, options: { readonly now?: true }) => {
      if (!idPattern('household').test(id)) throw new UsageError(`${id} is no household id`);
      const householdId = id as HouseholdId;
      const now = options.now ?? false;
      const config = readConfig();
      if (config.mode === 'production') {
        const input = { household_id: householdId, now };
        return await proposeAndAnswer(config, { act: 'household-erase', input }, true);
      }
      const due = await withParts(config, async (parts) => {
        const dueAt = await requestErasure(parts, householdId, { askedBy: 'operator', now });
        if (now) await eraseHousehold(parts, householdId);
        return dueAt;
      });
      const output = openOutput(true);
      output.answer(
        { household_id: householdId, status: now ? 'erased' : 'due', due_at: due.toISOString() },
        '',
      );
      if (now) output.remark('What the meter store holds is not the broker’s to erase.');
    });
}
