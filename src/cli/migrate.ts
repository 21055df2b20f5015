// `stabledoor migrate`: brings the three databases to the newest migration, as their owner. The only command that
// connects as the owner; the embedded server is migrated at each start in the same way.
import type { Command } from 'commander';
import { ConfigError, type ExternalDatabases, readConfig } from '../config.ts';
import { migrateAll } from '../db/provision.ts';
import { withStores } from './opened.ts';
import { openOutput } from './output.ts';

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the databases to the newest migration, as the owner')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: true }) => {
      const config = readConfig();
      const output = openOutput(options.json ?? false);
      if (config.databases === null) {
        await withStores(config, async () => {});
        output.answer({ embedded: true }, 'The embedded databases are at the newest migration.');
        return;
      }
      const applied = await migrateAll(ownerUrls(config.databases));
      const text = applied.length === 0 ? 'Nothing to do.' : `Applied ${applied.join(', ')}.`;
      output.answer({ embedded: false, applied }, text);
    });
}

/** The owner signs in to all three databases under one name; where each of them is, its own address says. */
export function ownerUrls(databases: ExternalDatabases) {
  const { owner } = databases;
  if (owner === null)
    throw new ConfigError('STABLEDOOR_OWNER_DATABASE_URL: needed to migrate the databases of DATABASE_URL');
  const asOwner = (of: string): string => {
    const url = new URL(of);
    url.username = new URL(owner).username;
    url.password = new URL(owner).password;
    return url.href;
  };
  return {
    owner,
    meterStoreOwner: asOwner(databases.meterStore),
    subjectKeysOwner: asOwner(databases.subjectKeys),
  };
}
