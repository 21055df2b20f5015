// Runs the command line in a process of its own, as a person would.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../cli/main.ts');

/** What it printed, line by line. Errors: what it said when its exit code was not 0. */
export function runCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string[]> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let said = '';
    const hear = (chunk: Buffer) => {
      if (said.length < 1_000_000) said += chunk.toString('utf8');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done(said.trim().split('\n'));
      else
        fail(
          new Error(
            `stabledoor ${args.slice(0, 2).join(' ')} ended with ${code}: ${said.trim().slice(-800)}`,
          ),
        );
    });
  });
}
