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

/** For whoever let notices wait for a month. */
export const agedOutMail = (count: number) => ({
  subject: 'Notices that you did not fetch are gone',
  text: `${count} ${count === 1 ? 'notice' : 'notices'} about your consents waited for you for a month and ${count === 1 ? 'is' : 'are'} gone.

Ask for your consents (GET /v1/consents) to see which are over, and stop using what came by them. Fetch your notices at least
once a day, or have the operator set an address that they are sent to.
`,
});
