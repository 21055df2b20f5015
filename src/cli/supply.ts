// `stabledoor supply`: who supplies which household at which meter point, and so may read what its licence lets it.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { parseEmailAddress } from '../household/email-address.ts';
import { findOccupierByEmail } from '../household/household-store.ts';
import { endSupply, recordSupply } from '../lawful/supplies.ts';
import { listSupplies, type Supply } from '../lawful/supply-store.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ClientId, idPattern, type SupplyId } from '../lib/ids.ts';
import { parseLocalDate } from '../lib/local-date.ts';
import { readCount } from './count.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { openOutput, table } from './output.ts';

interface AddOptions {
  readonly thirdParty: string;
  readonly email: string;
  readonly meterPoint: string;
  readonly from?: string;
}

interface ListOptions {
  readonly thirdParty?: string;
  readonly after?: string;
  readonly limit: string;
  readonly json?: true;
}

export function addSupplyCommands(program: Command): void {
  const family = program.command('supply').description('who supplies a household, and may read by licence');
  family
    .command('add')
    .description('record that a third party supplies a household at a meter point')
    .requiredOption('--third-party <id>', 'a supplier that is registered')
    .requiredOption('--email <address>', 'with which the household signs in')
    .requiredOption('--meter-point <mpan>', 'number of the meter point')
    .option('--from <date>', 'the first day that is supplied (default: today)')
    .option('--json', 'the same: this command always answers with JSON')
    .action(add);
  family
    .command('end <id>')
    .description('say that a supply is over: nothing is read by it any more')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (id: string) => {
      if (!idPattern('supply').test(id)) throw new UsageError(`${id} is no id of a supply`);
      const until = await withParts(readConfig(), (parts) => endSupply(parts, id as SupplyId));
      openOutput(true).answer({ supply_id: id, until }, '');
    });
  family
    .command('list')
    .description('supplies, in the order of their ids')
    .option('--third-party <id>', 'of this one alone')
    .option('--after <id>', 'those that come after this one')
    .option('--limit <n>', 'how many at most, up to 1000', '100')
    .option('--json', 'answer as JSON')
    .action(list);
}

async function add({ thirdParty, email, meterPoint: mpan, from: text }: AddOptions): Promise<void> {
  if (!idPattern('client').test(thirdParty)) throw new UsageError(`${thirdParty} is no id of a third party`);
  const from = text === undefined ? undefined : parseLocalDate(text);
  if (from === null) throw new UsageError(`--from: ${text} is not a date such as 2026-01-31`);
  const supply = await withParts(readConfig(), async (parts) => {
    const occupier = await findOccupierByEmail(parts.db, parseEmailAddress(email) ?? '');
    if (occupier === null) throw new StabledoorError('not_found', 'Nobody signs in with that address.');
    const { householdId } = occupier;
    return await recordSupply(parts, { clientId: thirdParty as ClientId, householdId, mpan, from });
  });
  openOutput(true).answer(shown(supply), '');
}

async function list({ thirdParty, after = '', limit, json }: ListOptions): Promise<void> {
  const page = { clientId: thirdParty, after, limit: Math.min(readCount('--limit', limit, 1), 1000) };
  const found = await withDatabase(readConfig(), ({ db, log }) => listSupplies(db, log.logId, page), {
    writes: true,
  });
  const lines = found.map(({ supplyId, supplier, mpan, from, until, optedOut }) => [
    supplyId,
    supplier,
    mpan,
    `${from} to ${until ?? 'now'}`,
    optedOut.length === 0 ? '' : `refuses ${optedOut.join(', ')}`,
  ]);
  openOutput(json ?? false).answer({ supplies: found.map(shown) }, table(lines) || 'No supply is recorded.');
}

const shown = (supply: Supply): { [name: string]: JsonValue } => ({
  supply_id: supply.supplyId,
  third_party: supply.clientId,
  /** What the third party asks for by name. */
  meter_point_id: supply.meterRef,
  meter_point: supply.mpan,
  from: supply.from,
  until: supply.until,
  opted_out: [...supply.optedOut],
});
