// `stabledoor third-party notices ID`: where a third party is told that a consent is over.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import type { ClientId } from '../lib/ids.ts';
import { removeReceiver, setReceiver } from '../notify/receivers.ts';
import { UsageError } from './failure.ts';
import { withParts } from './opened.ts';
import { openOutput } from './output.ts';

interface NoticesOptions {
  readonly push?: string;
  readonly poll?: true;
  readonly off?: true;
  readonly contact?: string;
  readonly json?: true;
}

export function addNotices(family: Command): void {
  family
    .command('notices <id>')
    .description('where it is told that a consent is over')
    .option('--push <url>', 'post each notice there; prints the secret of the webhook headers, once')
    .option('--poll', 'keep notices until it asks for them')
    .option('--off', 'write none')
    .option('--contact <email>', 'whom to write to when a notice cannot be delivered')
    .option('--json', 'answer as JSON')
    .action(async (id: string, options: NoticesOptions) => {
      const { push, poll, off, contact, json } = options;
      if ([push, poll, off].filter((one) => one !== undefined).length !== 1)
        throw new UsageError('say one of --push, --poll and --off');
      const clientId = id as ClientId;
      const secret = await withParts(readConfig(), (parts) =>
        off
          ? removeReceiver(parts, clientId).then(() => null)
          : setReceiver(parts, { clientId, endpoint: push ?? null, contact: contact ?? null }),
      );
      const delivery = off ? 'off' : push === undefined ? 'poll' : 'push';
      const text =
        secret === null
          ? `Notices to ${id}: ${delivery}.`
          : `Notices to ${id} are pushed to ${push}.\n${secret}`;
      openOutput(json ?? false).answer({ client_id: id, delivery, webhook_secret: secret }, text);
    });
}
