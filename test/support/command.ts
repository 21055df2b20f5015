// Runs the real command line as a child process, with nothing of this process's settings.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const project = join(import.meta.dirname, '../..');
export const launcher = join(project, 'bin/stabledoor.js');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type Settings = Readonly<Record<string, string>>;

/** `nodeArgs` stand before the launcher. */
export function stabledoor(
  settings: Settings,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<Ran> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...nodeArgs, launcher, ...args], {
      cwd: project,
      env: { ...bareEnvironment(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('error', fail);
    child.once('close', (code) => done({ code, out, err }));
  });
}

/** Where compiled files are kept for the test processes, who start in half the time by it; so do their children. */
export const compiledFiles = (): Settings => {
  const { NODE_COMPILE_CACHE: folder } = process.env;
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
};

/** What a program needs to run at all: no setting of whoever runs the tests. */
export const bareEnvironment = (): Settings => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  ...compiledFiles(),
});
