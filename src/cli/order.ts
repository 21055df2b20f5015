// `stabledoor order`: what a court or a law compels. In production one operator proposes it and another approves.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { orderInput, prepareOrder, recordWithin } from '../lawful/lawful-order.ts';
import { type KnownOrder, listOrders } from '../lawful/order-store.ts';
import { tellOrders } from '../lawful/tell-orders.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { proposeAndAnswer } from './operator-answer.ts';
import { openOutput, table } from './output.ts';

interface RecordOptions {
  readonly thirdParty: string;
  readonly instrument: string;
  readonly authority: string;
  readonly reference: string;
  readonly meterPoint: string[];
  readonly resolution: string;
  readonly register?: string[];
  readonly from: string;
  readonly to: string;
  readonly expires: string;
  readonly opens?: string;
}

export function addOrderCommands(program: Command): void {
  const family = program.command('order').description('lawful orders: what a court or a law compels');
  family
    .command('record')
    .description('record an order; in production it is a proposal that another operator approves')
    .requiredOption('--third-party <id>', 'the lawful authority that it is for')
    .requiredOption(
      '--instrument <kind>',
      'court-order, or statutory-notice: what does not compel is refused',
    )
    .requiredOption('--authority <text>', 'which court, or which act and section')
    .requiredOption('--reference <text>', 'its number')
    .requiredOption('--meter-point <mpan...>', 'the meter points that it names, at most ten; never an area')
    .requiredOption('--resolution <resolution>', 'the finest that it orders: P1M, P1D or PT30M')
    .option('--register <register...>', 'import, export or generation (default: import)')
    .requiredOption('--from <date>', 'the first day that it orders')
    .requiredOption('--to <date>', 'the first day that it does not')
    .requiredOption('--expires <time>', 'until when it may be read by, such as 2026-12-31T00:00:00Z')
    .option('--opens <time>', 'from when on the households are told (default: at once)')
    .option('--json', 'the same: this command always answers with JSON')
    .action(record);
  family
    .command('list')
    .description('orders, the newest first; whoever sees them knows what households are not told yet')
    .option('--json', 'answer as JSON')
    .action(list);
  family
    .command('open')
    .description('tell the households of every order whose day has come; the broker does it every minute')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async () => {
      const told = await withParts(readConfig(), (parts) => tellOrders(parts, 1000));
      openOutput(true).answer({ told }, '');
    });
}

async function record(options: RecordOptions): Promise<void> {
  const config = readConfig();
  const input = {
    client_id: options.thirdParty,
    instrument: options.instrument,
    authority: options.authority,
    reference: options.reference,
    meter_points: options.meterPoint,
    resolution: options.resolution,
    ...(options.register === undefined ? {} : { registers: options.register }),
    from: options.from,
    to: options.to,
    expires: options.expires,
    ...(options.opens === undefined ? {} : { opens: options.opens }),
  };
  const read = orderInput.safeParse(input);
  if (!read.success)
    throw new UsageError(
      read.error.issues.map(({ path, message }) => `--${optionOf(String(path[0]))}: ${message}`).join('; '),
    );
  if (config.mode === 'production')
    return await proposeAndAnswer(config, { act: 'lawful-order', input: read.data }, true);
  const payload = await withParts(config, async ({ db, ledger, clock }) => {
    const prepared = await prepareOrder(db, clock.nowMs(), read.data);
    await db.transaction().execute(async (tx) => {
      await ledger.appendWithin(tx, await recordWithin(tx, ledger, prepared, null));
    });
    return prepared;
  });
  openOutput(true).answer({ order_id: payload.order_id, opens: payload.opens }, '');
}

const optionOf = (field: string): string =>
  ({ client_id: 'third-party', meter_points: 'meter-point', registers: 'register' })[field] ?? field;

const mostListed = 1000;

async function list({ json }: { readonly json?: true }): Promise<void> {
  const found = await withDatabase(readConfig(), ({ db, log }) => listOrders(db, log.logId, mostListed), {
    writes: true,
  });
  const lines = found.map((order) => [
    order.orderId,
    order.thirdParty,
    `${order.instrument} ${order.reference}`,
    `read until ${order.expiresAt.toISOString()}`,
    order.told === null ? `told from ${order.opensAt.toISOString()} on` : 'told',
  ]);
  openOutput(json ?? false).answer({ orders: found.map(shown) }, table(lines) || 'No order is recorded.');
}

const shown = (order: KnownOrder): { [name: string]: JsonValue } => ({
  order_id: order.orderId,
  third_party: order.clientId,
  instrument: order.instrument,
  authority: order.authority,
  reference: order.reference,
  meter_points: order.points.map(({ meterRef, mpan }) => ({ id: meterRef, meter_point: mpan })),
  resolution: order.resolution,
  registers: [...order.registers],
  from: order.from,
  to: order.to,
  expires: order.expiresAt.toISOString(),
  opens: order.opensAt.toISOString(),
  told: order.told !== null,
});
