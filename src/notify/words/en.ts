// The words of mails to third parties. Like the notice itself, they do not say who ended anything, or why.
import type { Notice } from '../security-event.ts';

const what: Record<Notice['event'], (subject: string) => string> = {
  'consent-over': (subject) =>
    `The consent ${subject} is over. Stop using it; reads and refreshes are refused.`,
  'consent-narrowed': (subject) =>
    `The consent ${subject} is for less than before. Look at its terms; reads beyond them are refused.`,
  'access-suspended': (subject) =>
    `The access of ${subject} is suspended. Reads are refused until it is restored.`,
  'access-restored': (subject) => `The access of ${subject} is restored.`,
};

export const undeliveredMail = ({ event, subject, jti, happenedAt }: Notice, fault: string) => ({
  subject: 'A notice could not be delivered to your endpoint',
  text: `${what[event](subject)}

This happened on ${happenedAt.toISOString()}. We tried six times to push notice ${jti} to your endpoint; at the last try
${fault}. It will not be tried again.
`,
});
