// An importer on fresh databases: writes a file of our own making, or takes one that is there, and imports it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import { settableClock } from '../../src/lib/clock.ts';
import { type ImportReport, type ImportRequest, importFile } from '../../src/metering/import/import-file.ts';

type ImportOptions = Partial<Omit<ImportRequest, 'store' | 'path' | 'mpan'>>;

export interface TestImporter {
  /** Imports `xml` for a meter point; the clock stands at 2020 where nothing else is said. */
  importXml(mpan: string, xml: string | Uint8Array, options?: ImportOptions): Promise<ImportReport>;
  importPath(mpan: string, path: string, options?: ImportOptions): Promise<ImportReport>;
  close(): Promise<void>;
}

export async function testImporter(store: Kysely<MeterStoreTables>): Promise<TestImporter> {
  const folder = await mkdtemp(join(tmpdir(), 'stabledoor-import-'));
  const clock = settableClock(Date.parse('2020-01-01T00:00:00Z'));
  const importPath: TestImporter['importPath'] = (mpan, path, options = {}) =>
    importFile({ store, path, mpan, format: 'green-button', clock, ...options });
  return {
    importPath,
    async importXml(mpan, xml, options) {
      const path = join(folder, 'file.xml');
      await writeFile(path, xml);
      return await importPath(mpan, path, options);
    },
    close: () => rm(folder, { recursive: true }),
  };
}
