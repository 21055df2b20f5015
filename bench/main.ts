// `npm run bench`: what the house does in a second, against peers measured in the same minute. It stops by itself, prints
// a table, and with --json prints JSON instead. Figures hold for this machine; ratios hold for most.
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

const rows: Row[] = [];
for (const [name, family] of Object.entries(families))
  if (chosen.length === 0 || chosen.includes(name)) rows.push(...(await family()));

const results = rows.map((row) => ({ ...row, met: isMet(row) }));
process.stdout.write(asJson ? `${JSON.stringify({ rows: results }, null, 2)}\n` : `${formatRows(rows)}\n`);
process.exitCode = results.some(({ met }) => met === false) ? 1 : 0;
