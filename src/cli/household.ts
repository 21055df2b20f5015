// `stabledoor household add`: a household with its meter point, known to the broker and to the meter store alike.
// Without --from the home is theirs from today: readings of before may be a former occupier's.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { addHousehold } from '../household/households.ts';
import { type Fuel, fuels } from '../household/meter-point.ts';
import { isZone, type LocalDate, localDateAt, parseLocalDate } from '../lib/local-date.ts';
import { addMeterPoints } from '../metering/import/meter-points.ts';
import { defaultZone } from '../metering/source.ts';
import type { Parts } from '../parts.ts';
import { UsageError } from './failure.ts';
import { addAuthorityCommand } from './household-authority.ts';
import { addChainCommand } from './household-chain.ts';
import { addLinkCodeCommand } from './household-code.ts';
import { addEraseCommand } from './household-erase.ts';
import { addLeaveCommands } from './household-leave.ts';
import { withImporter, withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface AddOptions {
  readonly email: string;
  readonly meterPoint: string;
  readonly address: string;
  readonly fuel: string;
  readonly zone?: string;
  readonly from?: string;
  readonly prepayment?: true;
}

export function addHouseholdCommands(program: Command): void {
  const household = program.command('household').description('homes and who lives there');
  addEraseCommand(household);
  addChainCommand(household);
  addLeaveCommands(household);
  addLinkCodeCommand(household);
  addAuthorityCommand(household);
  household
    .command('add')
    .description('add a household and its meter point; prints {"household_id"}')
    .requiredOption('--email <address>', 'the householder signs in with it')
    .requiredOption('--meter-point <mpan>', 'number of the meter point')
    .requiredOption('--address <text>', 'as the householder will recognise it')
    .option('--fuel <fuel>', `${fuels.join(' or ')}`, 'electricity')
    .option(
      '--zone <zone>',
      `time zone of its local days (default: what its first file says, else ${defaultZone})`,
    )
    .option('--prepayment', 'the meter is paid for beforehand: its days are kept from most purposes')
    .option('--from <date>', 'the first local day that is theirs (default: today)')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (options: AddOptions) => {
      const config = readConfig();
      const read = readOptions(options);
      const added = await withParts(config, (parts) => add(parts, read));
      const output = openOutput(true);
      output.answer({ household_id: added.householdId, linked: added.linked, from: added.from }, '');
      output.remark(`Days from ${added.from} on are theirs to share; earlier ones are not.`);
    });
}

interface ReadOptions {
  readonly email: string;
  readonly mpan: string;
  readonly address: string;
  readonly fuel: Fuel;
  /** Null: the first file that is imported settles it. */
  readonly zone: string | null;
  readonly from: LocalDate | null;
  readonly prepayment: boolean | null;
}

function readOptions(options: AddOptions): ReadOptions {
  const { email, address } = options;
  const zone = options.zone ?? null;
  const fuel = fuels.find((one) => one === options.fuel);
  if (fuel === undefined) throw new UsageError(`--fuel: ${fuels.join(' or ')}`);
  if (zone !== null && !isZone(zone))
    throw new UsageError(`--zone: ${zone} is not a time zone such as Europe/London`);
  const from = options.from === undefined ? null : parseLocalDate(options.from);
  if (options.from !== undefined && from === null)
    throw new UsageError(`--from: ${options.from} is not a date such as 2026-01-31`);
  const prepayment = options.prepayment ?? null;
  return { email, mpan: options.meterPoint, address, fuel, zone, from, prepayment };
}

async function add({ db, ledger, clock, stores }: Parts, read: ReadOptions) {
  const { mpan, fuel, zone } = read;
  const from = read.from ?? localDateAt(clock.nowMs(), zone ?? defaultZone);
  const added = await addHousehold({ db, ledger }, { ...read, zone: zone ?? defaultZone, from });
  // Last, and harmless to repeat: if it fails, the same command run again completes what is missing.
  await withImporter(stores, (store) => addMeterPoints(store, [{ mpan, fuel, unit: unitOf[fuel], zone }]));
  return { ...added, from };
}

/** Gas meters count volume. */
const unitOf = { electricity: 'Wh', gas: 'dm3' } as const;
