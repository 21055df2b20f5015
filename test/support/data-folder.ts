// A data folder for a test that needs an embedded server of its own. Any user may pass through it: the server of a test
// that runs as root then stands in it too, and goes with it.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** Removed after the tests of the file, once `leave` is done. */
export async function testDataFolder(leave: () => Promise<void> = async () => {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stabledoor-test-'));
  await chmod(folder, 0o755);
  after(async () => {
    await leave();
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}
