// Checks an export with the command that anyone would use, in a process that is given nothing else.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { StoryError } from './narrator.ts';

const command = join(import.meta.dirname, '../cli/main.ts');

/** What the command said, line by line. Errors: StoryError when it did not find the export sound. */
export function verifyExport(file: string, verifierKey: string): Promise<string[]> {
  return new Promise((done, fail) => {
    const args = [command, 'ledger', 'verify', '--export', file, '--key', verifierKey];
    const child = spawn(process.execPath, args, {
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done(said.trim().split('\n'));
      else fail(new StoryError(`the export did not verify (${code}): ${said.trim().slice(-500)}`));
    });
  });
}
