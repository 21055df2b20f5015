// `stabledoor complaint`: what households complain of. Each is acknowledged within 30 days and answered.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import {
  acknowledge,
  answerComplaint,
  type Complaint,
  listComplaints,
} from '../household/complaint-store.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { idPattern } from '../lib/ids.ts';
import { UsageError } from './failure.ts';
import { withDatabase } from './opened.ts';
import { oneLine, openOutput, table } from './output.ts';

const mostListed = 1000;
const mostAnswer = 4000;

export function addComplaintCommands(program: Command): void {
  const family = program.command('complaint').description('what households complain of');
  family
    .command('list')
    .description('those that wait for an answer, the oldest first')
    .option('--all', 'those that were answered as well')
    .option('--json', 'answer as JSON')
    .action(list);
  family
    .command('acknowledge <id>')
    .description('say on the household’s page that it is here; due within 30 days')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (id: string) => {
      await change(id, (store) => acknowledge(store, id), 'acknowledged');
    });
  family
    .command('answer <id>')
    .description('say on the household’s page what came of it, once')
    .requiredOption('--file <file>', `the answer, at most ${mostAnswer} letters`)
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (id: string, { file }: { readonly file: string }) => {
      const text = (await readFile(file, 'utf8')).trim();
      if (text === '' || text.length > mostAnswer)
        throw new UsageError(`--file: an answer of 1 to ${mostAnswer} letters`);
      await change(id, (store) => answerComplaint(store, id, text), 'answered');
    });
}

async function list({ all = false, json }: { readonly all?: boolean; readonly json?: true }): Promise<void> {
  const found = await withDatabase(readConfig(), ({ db }) => listComplaints(db, { all, limit: mostListed }), {
    writes: true,
  });
  const lines = found.map((one) => [
    one.complaintId,
    one.madeAt.toISOString(),
    stateOf(one),
    oneLine(one.text),
  ]);
  openOutput(json ?? false).answer(
    { complaints: found.map(shown) },
    table(lines) || 'Nobody waits for an answer.',
  );
}

const stateOf = ({ isOverdue, acknowledgedAt, answeredAt }: Complaint): string =>
  answeredAt !== null ? 'answered' : acknowledgedAt !== null ? 'acknowledged' : isOverdue ? 'OVERDUE' : 'new';

const shown = (one: Complaint): { [name: string]: JsonValue } => ({
  complaint_id: one.complaintId,
  household_id: one.householdId,
  state: stateOf(one).toLowerCase(),
  made_at: one.madeAt.toISOString(),
  acknowledged_at: one.acknowledgedAt?.toISOString() ?? null,
  answered_at: one.answeredAt?.toISOString() ?? null,
  text: one.text,
  answer: one.answer,
});

type Opened = Parameters<Parameters<typeof withDatabase>[1]>[0];

async function change(
  id: string,
  done: (store: Opened['db']) => Promise<boolean>,
  state: 'acknowledged' | 'answered',
): Promise<void> {
  if (!idPattern('complaint').test(id)) throw new UsageError(`${id} is no id of a complaint`);
  const isDone = await withDatabase(readConfig(), ({ db }) => done(db), { writes: true });
  if (!isDone) throw new Error(`there is no complaint ${id}, or it was ${state} before`);
  openOutput(true).answer({ complaint_id: id, state }, '');
}
