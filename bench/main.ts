// `npm run bench`: what the house does in a second, against peers measured in the same minute. It stops by itself, prints
// a table, and with --json prints JSON instead. Figures hold for this machine; ratios hold for most.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendRows } from './append-rows.ts';
import { consentRows } from './consent-rows.ts';
import { exportRows } from './export-rows.ts';
import { ledgerRows } from './ledger-rows.ts';
import { oauthRows } from './oauth-rows.ts';
import { policyRows } from './policy-rows.ts';
import { proofRows } from './proof-rows.ts';
import { readRows } from './read-rows.ts';
import { formatRows, isMet, type Row, type RowFamily } from './row.ts';
import { verifyRows } from './verify-rows.ts';

const families: Readonly<Record<string, RowFamily>> = {
  ledger: ledgerRows,
  appends: appendRows,
  reads: readRows,
  proofs: proofRows,
  verify: verifyRows,
  export: exportRows,
  tokens: oauthRows,
  policy: policyRows,
  consents: consentRows,
};
const boundMs = 600_000;

/** Beside what `npm run bench` sets: as the command line runs it. */
const flagsOf: Readonly<Record<string, readonly string[]>> = { verify: ['--max-semi-space-size=64'] };

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const asJson = process.argv.includes('--json');
const unknown = chosen.filter((name) => !(name in families));
if (unknown.length > 0) {
  process.stderr.write(
    `no such rows: ${unknown.join(', ')}; there are ${Object.keys(families).join(', ')}\n`,
  );
  process.exit(2);
}

// A bench that hangs says so rather than run for ever.
setTimeout(() => {
  process.stderr.write(`the bench took longer than ${boundMs / 1000} s\n`);
  process.exit(1);
}, boundMs).unref();

/** A family in a process of its own: what one leaves in memory is no row of the next. */
async function apart(name: string): Promise<Row[]> {
  const child = fork(import.meta.filename, [name, '--apart'], {
    execArgv: [...process.execArgv, ...(flagsOf[name] ?? [])],
  });
  const ended = once(child, 'exit');
  const [rows] = (await Promise.race([once(child, 'message'), ended.then(() => [null])])) as [Row[] | null];
  await ended;
  if (rows === null) throw new Error(`the rows of ${name} were not measured`);
  return rows;
}

if (process.argv.includes('--apart')) {
  process.send?.(await families[chosen[0] as string]?.());
  process.disconnect();
} else await report();

async function report(): Promise<void> {
  const rows: Row[] = [];
  for (const name of Object.keys(families))
    if (chosen.length === 0 || chosen.includes(name)) rows.push(...(await apart(name)));
  const results = rows.map((row) => ({ ...row, met: isMet(row) }));
  process.stdout.write(asJson ? `${JSON.stringify({ rows: results }, null, 2)}\n` : `${formatRows(rows)}\n`);
  process.exitCode = results.some(({ met }) => met === false) ? 1 : 0;
}
