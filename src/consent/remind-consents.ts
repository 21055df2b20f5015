// Queues the reminders that are due. The mail and the time of the next one are one transaction: a crash repeats nothing
// and forgets nothing, and of many processes one does it.
import type { Database } from '../db/database.ts';
import { queueMail } from '../notify/mail-store.ts';
import { findToRemind, setNextReminders } from './due-store.ts';
import { readNowMs } from './hold-store.ts';
import { nextReminderMs, reminderDue } from './reminders.ts';

/** Gives how many consents were looked at; `most` means that there may be more. */
export async function remindConsents({ db }: { readonly db: Database }, most = 100): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const due = await findToRemind(tx, most);
    if (due.length === 0) return 0;
    const nowMs = await readNowMs(tx);
    await queueMail(
      tx,
      due.flatMap(({ consentId, occupierId, ...time }) => {
        const reminder = reminderDue(time, nowMs);
        return reminder === null ? [] : [{ consentId, occupierId, ...reminder }];
      }),
    );
    await setNextReminders(
      tx,
      due.map(({ consentId, ...time }) => ({ consentId, atMs: nextReminderMs(time, nowMs) })),
    );
    return due.length;
  });
}
