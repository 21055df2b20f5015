// Runs one of PostgreSQL's own programs as the user that may run it, with a clean environment and a time-out.
import { spawn } from 'node:child_process';
import type { EmbeddedHome } from './embedded-home.ts';

const timeoutMs = 90_000;

/** Resolves with what it printed; rejects with the program's own last words. */
export function run(
  home: Pick<EmbeddedHome, 'user'>,
  program: string,
  args: readonly string[],
): Promise<string> {
  return new Promise((done, fail) => {
    // pg_ctl hands its output on to the server it starts: 'pipe' would keep us waiting for the server's end,
    // so its stdout is cut loose at 'exit' rather than awaited at 'close'.
    const child = spawn(program, [...args], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      ...home.user,
    });
    let said = '';
    const hear = (chunk: Buffer) => {
      if (said.length < 65_536) said += chunk.toString('utf8');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', fail);
    child.once('exit', (code) => {
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0) done(said);
      else fail(new Error(`${program.split('/').at(-1)} ended with ${code}: ${said.trim().slice(-600)}`));
    });
  });
}
