// The settings of the demo: demo mode and a key folder of its own, whatever the environment says. It makes its keys anew
// at each start, and must never do that to the keys of another mode.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, type Environment, environmentWith } from '../config.ts';

/** An empty setting is one that is not set: the folder is then `keys-demo` in the data folder. */
export const demoEnvironment = (further: { readonly PORT?: string } = {}): Environment =>
  environmentWith({ ...further, STABLEDOOR_MODE: 'demo', STABLEDOOR_KEY_DIR: '' });

/** Errors: the folder is not the demo's own. */
export async function discardDemoKeys({
  dataDir,
  keyDir,
}: Pick<Config, 'dataDir' | 'keyDir'>): Promise<void> {
  if (keyDir !== join(dataDir, 'keys-demo')) throw new Error(`${keyDir} is not the demo's to throw away`);
  await rm(keyDir, { recursive: true, force: true });
}
