// `stabledoor ledger tiles`: the log as files for an object store or a content network. Entries go to a folder of their
// own: they are pseudonymous, which is personal in law, and must not be served by mistake.
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type ExportedTiles, exportTiles } from '../ledger/export-tiles.ts';
import { latestCheckpoint } from '../ledger/ledger-store.ts';
import { newestWitnessed } from '../ledger/witnessed-store.ts';
import { UsageError } from './failure.ts';
import { logNamed, logOption } from './log-option.ts';
import { withDatabase } from './opened.ts';
import { openOutput } from './output.ts';
import { openProgress } from './progress.ts';

interface TilesOptions {
  readonly out: string;
  readonly entries?: string;
  readonly compareAll?: boolean;
  readonly log?: string;
  readonly json?: true;
}

export function addTilesCommand(family: Command): void {
  family
    .command('tiles')
    .description('copy the tiles of hashes into a folder that anyone may be served (C2SP tlog-tiles)')
    .requiredOption('--out <folder>', 'hashes and checkpoint; goes on from the checkpoint that is there')
    .option('--entries <folder>', 'entry bundles too, for regulators only: another folder, not to be served')
    .option(...logOption)
    .option('--compare-all', 'compare every file with the log, not only the new ones')
    .option('--json', 'answer as JSON')
    .action(async (options: TilesOptions) => {
      const folders = readFolders(options);
      const exported = await exportAll(folders, options);
      const value = exported.map(({ folder, holds, ...counts }) => ({ folder, holds, ...counts }));
      openOutput(options.json ?? false).answer(value, exported.map(inWords).join('\n'));
    });
}

interface Target {
  readonly folder: string;
  readonly holds: 'hashes' | 'entries';
}

function readFolders({ out, entries }: TilesOptions): Target[] {
  const hashes: Target = { folder: resolve(out), holds: 'hashes' };
  if (entries === undefined) return [hashes];
  const secret: Target = { folder: resolve(entries), holds: 'entries' };
  if (isWithin(secret.folder, hashes.folder) || isWithin(hashes.folder, secret.folder))
    throw new UsageError('--entries: a folder outside --out, which anyone may be served');
  return [secret, hashes];
}

const isWithin = (inner: string, outer: string): boolean =>
  !/^\.\.([/\\]|$)|^([A-Za-z]:|\/)/.test(relative(outer, inner));

async function exportAll(
  targets: readonly Target[],
  { compareAll = false, log: number }: Pick<TilesOptions, 'compareAll' | 'log'>,
): Promise<(Target & ExportedTiles)[]> {
  const progress = openProgress('copying', 'files');
  try {
    const config = readConfig();
    return await withDatabase(config, async ({ db, log }) => {
      const { logId } = logNamed(log, number);
      // As /ledger/checkpoint: where there are witnesses, only what they have seen is published.
      const witnessed = config.witnesses === null ? null : await newestWitnessed(db, logId);
      const checkpoint = witnessed ?? (await latestCheckpoint(db, logId));
      if (checkpoint === null) throw new Error('the ledger is empty');
      const exported: (Target & ExportedTiles)[] = [];
      for (const target of targets) {
        const onProgress = (files: number, of: number) => progress.update(files, of);
        const request = { logId, checkpoint: checkpoint.note, ...target, compareAll, onProgress };
        exported.push({ ...target, ...(await exportTiles(db, request)) });
      }
      return exported;
    });
  } finally {
    progress.stop();
  }
}

const inWords = ({ folder, holds, size, written, kept }: Target & ExportedTiles): string =>
  `${folder}: ${holds} of ${size} entries; ${written} files written, ${kept} were there and the same.`;
