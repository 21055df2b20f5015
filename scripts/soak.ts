// `npm run soak`: the tests at full counts (STABLEDOOR_SOAK), or those that are named, and a row about the run in
// docs/measurements.md, also where it failed: nothing stands there that was not run.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const named = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'stabledoor-soak-'));
const tap = join(folder, 'tests.tap');
const reporters = [
  ['spec', 'stdout'],
  ['tap', tap],
].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);

const began = performance.now();
const runner = spawn(process.execPath, [join(root, 'scripts/test.ts'), ...reporters, ...named], {
  stdio: 'inherit',
  env: { ...process.env, STABLEDOOR_SOAK: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
runner.on('exit', (code) => {
  appendFileSync(join(root, 'docs/measurements.md'), `${row(readFileSync(tap, 'utf8'))}\n`);
  rmSync(folder, { recursive: true });
  process.exit(code ?? 1);
});

function row(report: string): string {
  const count = (what: string): string => report.match(new RegExp(`^# ${what} (\\d+)$`, 'm'))?.[1] ?? '?';
  const seconds = Math.round((performance.now() - began) / 1000);
  const measured = `${count('pass')} passed, ${count('fail')} failed, ${count('skipped')} skipped, ${seconds} s`;
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}-${process.arch}`;
  const what = named.length === 0 ? 'soak: every test at full counts' : `soak: ${named.join(' ')}`;
  const today = new Date().toISOString().slice(0, 10);
  const repeat = `\`npm run soak${named.length === 0 ? '' : ` -- ${named.join(' ')}`}\``;
  return `| ${[today, what, measured, '–', '–', '0 failed', machine, repeat].join(' | ')} |`;
}
