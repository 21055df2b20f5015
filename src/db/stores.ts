// Where the three databases are: the embedded server's, made ready for this mode, or the ones that were given.
import type { EmbeddedServer } from './embedded.ts';
import { startEmbedded } from './embedded.ts';
import { provision } from './provision.ts';

export interface StoreAddresses {
  readonly app: string;
  readonly audit: string | null;
  readonly owner: string | null;
  readonly meterReader: string;
  readonly importer: string | null;
  readonly subjectKeys: string;
}

export interface Stores {
  readonly addresses: StoreAddresses;
  readonly embedded: EmbeddedServer | null;
  /** Stops the embedded server unless another process uses it still. */
  close(): Promise<void>;
}

export interface GivenStores {
  readonly app: string;
  readonly owner: string | null;
  readonly audit: string | null;
  readonly meterStore: string;
  readonly importer: string | null;
  readonly subjectKeys: string;
}

export interface StoreSettings {
  readonly mode: 'production' | 'sandbox' | 'demo';
  readonly dataDir: string;
  readonly databases: GivenStores | null;
}

export const databaseName = {
  production: 'stabledoor',
  sandbox: 'stabledoor_sandbox',
  demo: 'stabledoor_demo',
} as const;

/** `fresh` makes this mode's embedded databases anew; no other mode's is touched. */
export async function openStores(settings: StoreSettings, { fresh = false } = {}): Promise<Stores> {
  const given = settings.databases;
  if (given !== null) {
    const { meterStore: meterReader, ...addresses } = given;
    return { addresses: { ...addresses, meterReader }, embedded: null, close: async () => {} };
  }
  const embedded = await startEmbedded(settings.dataDir);
  try {
    const addresses = await provision(embedded, settings.dataDir, databaseName[settings.mode], fresh);
    return { addresses, embedded, close: () => embedded.stop() };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}
